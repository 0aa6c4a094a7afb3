"""Where the options of a mount are written, and the change that writes them there."""

from collections.abc import Iterable, Iterator

from firmward.facts.mounts import FSTAB, UCI, Mount
from firmward.model.remedy import AddLine, Change, SetOption

LOOSE = ("suid", "dev", "exec", "defaults")
NO_RIGHTS = ("nosuid", "nodev")
SHARED = "/dev/shm"  # noqa: S108 - a mount point
UNITS = (".mount", ".conf")


def is_one_list(mount: Mount) -> bool:
    """Whether the options can only be written all at once, so that two cures of one mount have to say the same."""
    return mount.at is not None and mount.at.path != FSTAB


def changes(mount: Mount, wanted: Iterable[str]) -> Iterator[Change]:
    """A line of fstab, a unit, OpenWrt's section or a command; nothing where no file says it. Each of the `wanted` is a
    word of its own, or a name with its value, which goes before another value of that name."""
    path, words = (mount.at.path if mount.at is not None else None), tuple(wanted)
    names = {word.partition("=")[0] for word in words}
    kept = (word for word in mount.options if word not in LOOSE and word.partition("=")[0] not in names)
    listed = ",".join((*kept, *words))
    if path is None and mount.target == SHARED:
        # systemd mounts it, and mounts it again as fstab says (systemd-remount-fs.service(8))
        yield AddLine(FSTAB, f"tmpfs {SHARED} tmpfs {','.join(dict.fromkeys((*NO_RIGHTS, *words)))} 0 0")
    elif path == FSTAB:
        yield from (SetOption(path, *_named(word), mount.place) for word in words)
    elif path is not None and path.endswith(UNITS):
        # a unit reads % as the beginning of a specifier (systemd.unit(5)), also what it had is written so
        yield SetOption(path, "Options", listed.replace("%%", "%").replace("%", "%%"), "Mount")
    elif path == UCI:
        yield SetOption(path, "options", listed, mount.place)
    elif path is not None and "$" not in listed:
        yield SetOption(path, "-o", listed, f"command mount {mount.place}")


def _named(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value or "yes"
