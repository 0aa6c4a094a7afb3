"""Where a device keeps what is its own: storage that lasts over a reboot and over an update.

The policy's [filesystem] writable says it first, in its order; then what the image mounts writable from a medium and
that holds no part of the system. Memory (tmpfs, /run, /tmp) does not last. Where there is nothing of this, a root file
system that is writable keeps what lies on it; one that the policy wants verified does not.
"""

import re

from firmward.facts.writable import SYSTEM_FOLDERS, Ground, Writable, ground
from firmward.model.policy import Policy

PASSING = ("/run", "/tmp", "/dev", "/proc", "/sys", "/var/run", "/var/lock", "/var/tmp", "/var/log", "/var/cache")  # noqa: S108
PLAIN = re.compile(r"(?:/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)+")
"""Paths that need no quoting in any script or unit."""


def of_device(policy: Policy | None, writable: Writable) -> str | None:
    """The folder for what belongs to one device; None where nothing is known that lasts."""
    declared = policy.filesystem.writable if policy is not None and policy.filesystem is not None else ()
    mounted = [
        mount.target
        for mount in writable.mounts.mounts
        if mount.automatic and mount.is_stored and mount.target.strip("/").partition("/")[0] not in SYSTEM_FOLDERS
    ]
    usable = (place.rstrip("/") for place in (*declared, *mounted))
    return next((place for place in usable if _lasts(place, writable)), None)


def keeps(path: str, policy: Policy | None, writable: Writable) -> bool:
    """Whether what is written at a path, as the image has it, is there after a reboot."""
    filesystem = policy.filesystem if policy is not None else None
    declared = filesystem.writable if filesystem is not None else ()
    place = f"/{path}"
    if any(place.startswith(f"{one.rstrip('/')}/") for one in declared if _lasts(one.rstrip("/"), writable)):
        return True
    is_fixed = filesystem is not None and filesystem.verified in ("verity", "package")
    return not is_fixed and ground(path, writable.mounts, writable.root) is Ground.WRITABLE


def _lasts(place: str, writable: Writable) -> bool:
    if not PLAIN.fullmatch(place) or f"{place}/".startswith(tuple(f"{one}/" for one in PASSING)):
        return False
    return ground(place.strip("/"), writable.mounts, Ground.WRITABLE) is Ground.WRITABLE
