"""How much of the memory a file system in it may take.

tmpfs(5): the last of size= and nr_blocks= counts; a percentage is of the memory, nothing said is half of it, and 0 is
no bound. ramfs knows none. What lies in one is given back by no program that ends, so the kernel that runs out of
memory ends one service after the other and gains nothing. Each empty file costs memory as well, which nr_inodes=
bounds.
"""

import re

from firmward.facts.mounts import Mount
from firmward.model.policy import DeclaredService, Policy

IN_MEMORY = ("tmpfs", "ramfs")
HALF = 50
TENTH = "10%"
"""With three or four such file systems and what the services need, something is left."""
FILES = "10k"
"""About ten megabytes of the kernel's memory."""
OPEN = 0o1777
"""The mode of a tmpfs that has none written."""
OTHERS_WRITE, OTHERS_ENTER = 0o002, 0o001
PERCENT = re.compile(r"(\d+)%{1,2}")
SIZE = re.compile(r"[1-9]\d*[KMG]?")


def excess(mount: Mount) -> str | None:
    """What it may take, in words, where that is half of the memory or more; None where it is less, or is not known. A
    size in bytes is taken for one that somebody thought about, since nothing here says how much memory there is."""
    if mount.type == "ramfs":
        return "memory without a bound, as ramfs knows none"
    said = [word.partition("=")[2] for word in mount.options if word.startswith(("size=", "nr_blocks="))]
    if mount.type != "tmpfs" or not mount.is_decided:
        return None
    if not said:
        return "half of the memory, since no size is given"
    part = PERCENT.fullmatch(said[-1])
    if said[-1] == "0":
        return "all memory, since its size is 0"
    return f"{part[1]}% of the memory" if part is not None and int(part[1]) >= HALF else None


def is_open(mount: Mount, shared: bool) -> bool:
    """Whether a service that is not root may write there: to itself, or where it is a place that services have folders
    of their own in (`shared`), below it."""
    values = {name: value for name, _, value in (word.partition("=") for word in mount.options)}
    mode = int(values["mode"], 8) if re.fullmatch("[0-7]{1,5}", values.get("mode", "")) else OPEN
    belongs = any(values.get(name, "0") not in ("0", "root") for name in ("uid", "gid"))
    return belongs or bool(mode & OTHERS_WRITE) or (shared and bool(mode & OTHERS_ENTER))


def wanted(mount: Mount, policy: Policy | None) -> tuple[str, ...]:
    """The options that bound it."""
    has_files = any(word.startswith("nr_inodes=") for word in mount.options)
    return (f"size={size(mount, policy)}", *(() if has_files else (f"nr_inodes={FILES}",)))


def size(mount: Mount, policy: Policy | None) -> str:
    """As much as the greatest of the services may use which the policy lets write there, where it says that of all;
    else a tenth of the memory."""
    sizes = [one.memory or "" for one in writers(mount, policy)]
    return max(sizes, key=_bytes) if sizes and all(SIZE.fullmatch(one) for one in sizes) else TENTH


def is_agreed(mount: Mount, policy: Policy | None) -> bool:
    """Whether the policy says that nobody needs more there."""
    found = policy is not None and bool(policy.service)
    return found and all(SIZE.fullmatch(one.memory or "") for one in writers(mount, policy))


def writers(mount: Mount, policy: Policy | None) -> tuple[DeclaredService, ...]:
    """The services that the policy lets write to it or below."""
    found = policy.service if policy is not None else ()
    return tuple(
        one for one in found if any(f"{path.rstrip('/')}/".startswith(f"{mount.target}/") for path in one.writes)
    )


def _bytes(size: str) -> int:
    return int(size.rstrip("KMG")) << {"K": 10, "M": 20, "G": 30}.get(size[-1:], 0)
