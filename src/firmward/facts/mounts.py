"""What is mounted where on the running system, and with which options.

Rules. etc/fstab (fstab(5)) holds where systemd, `mount -a` or a start function reads it; procd does not. systemd mounts
/dev/shm and /run itself (nosuid,nodev); its .mount units count when they start, one in etc/ goes before the line in
fstab for the same place, which starts it (systemd-fstab-generator(8)) unless it is masked, and drop-ins change the
options of either. procd mounts /tmp (nosuid,nodev) and the overlay by itself, and what etc/config/fstab enables. A
`mount` command in what runs at boot mounts over what was there; one with `remount` changes it. An initramfs mounts
below the new root, whose name is taken off. PrivateTmp is no mount of the system's. Not followed: RequiresMountsFor=,
udev and hotplug rules, automounters other than systemd's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from posixpath import normpath

from firmward.facts.init import Init, Program
from firmward.facts.process import Process, Start, applet
from firmward.facts.startup import Startup
from firmward.facts.systemd import Enablement, SystemdUnits, Unit
from firmward.formats import fstab, uci, unit_file
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

FSTAB = "etc/fstab"
UCI = "etc/config/fstab"
IMMUTABLE = frozenset(("squashfs", "erofs", "cramfs", "romfs", "iso9660", "udf"))
VOLATILE = frozenset((
    "tmpfs", "ramfs", "devtmpfs", "proc", "sysfs", "devpts", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs",
    "configfs", "mqueue", "hugetlbfs", "pstore", "bpf", "efivarfs", "fusectl", "binfmt_misc", "functionfs", "autofs",
    "selinuxfs", "nfsd", "rpc_pipefs", "usbfs",
))  # fmt: skip
REMOTE = frozenset((
    "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse.sshfs", "sshfs", "ceph",
))  # fmt: skip
NO_MOUNTS = frozenset(("swap", "none", "ignore"))
BINDS = frozenset(("bind", "rbind"))
"""With these options any type will do, and `none` is the usual one."""

NEW_ROOT = re.compile(r"^/(?:newroot|new_root|sysroot|rootfs|mnt/root|root|realroot)(?=/|$)")
OVERLAY = ("sbin/mount_root", "lib/preinit/80_mount_root")


@dataclass(frozen=True, slots=True)
class Mount:
    """One file system in its place.

    `source` and `type` are as written, `auto` where nothing says the type; `target` is the folder without links, with a
    leading slash; `flags` are those of ro, nosuid, nodev, noexec that hold; `options` all that are written; `at` is
    where it stands, None for what the init system mounts by itself; `place` is how the folder is written there, or the
    section of OpenWrt's file; `automatic` is false for one that waits for a
    command (noauto), `is_decided` for one whose options are known at run time only.
    """

    source: str
    target: str
    type: str
    flags: frozenset[str]
    options: tuple[str, ...] = ()
    at: Location | None = None
    automatic: bool = True
    is_decided: bool = True
    place: str = ""

    @property
    def is_writable(self) -> bool:
        return "ro" not in self.flags and self.type not in IMMUTABLE

    @property
    def is_bind(self) -> bool:
        """Whether it shows a folder that lies elsewhere."""
        return any(option in ("bind", "rbind", "move") for option in self.options)

    @property
    def is_stored(self) -> bool:
        """Whether what is written there stays on a medium of this device."""
        return not self.is_bind and self.type not in VOLATILE | REMOTE and self.source not in VOLATILE


@dataclass(frozen=True, slots=True)
class Mounts:
    """`mounts` are the file systems, each place once, the last that is mounted there; `unread` says in words what
    could not be worked out."""

    mounts: tuple[Mount, ...]
    unread: tuple[str, ...] = ()

    def at(self, target: str) -> Mount | None:
        return next((mount for mount in self.mounts if mount.target == target), None)

    def covering(self, path: str) -> Mount | None:
        """The mount that a path (without a leading slash) lies on; None where nothing says it."""
        place = "/" + path.strip("/")
        over = [mount for mount in self.mounts if _is_below(place, mount.target)]
        return max(over, key=lambda mount: len(mount.target), default=None)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def collect(
    tree: Tree, init: Init | Unknown | None, units: SystemdUnits | Unknown | None, startup: Startup | Unknown | None
) -> Mounts:
    table = _table(tree)
    if isinstance(init, Unknown):
        raise Unavailable(init.reason)
    if init is None and not table:
        raise Unavailable("nothing here says what is mounted: neither etc/fstab nor an init system")
    found: dict[str, Mount] = {}
    unread = []
    if init is not None and init.program is Program.PROCD:
        for mount in _procd(tree):
            found[mount.target] = mount
    else:
        _configured(tree, init, units, table, found)
    for part in (units, startup):
        if isinstance(part, Unknown):
            unread.append(part.reason)
    if isinstance(startup, Startup):
        unread += [startup.blind] if startup.blind is not None else []
        unread += _commanded(tree, startup, table, found)
    return Mounts(tuple(found.values()), tuple(dict.fromkeys(unread)))


def _table(tree: Tree) -> tuple[Mount, ...]:
    rows = fstab.parse(tree.text(FSTAB) or "")
    return tuple(
        Mount(
            row.source,
            _place(tree, row.target),
            row.type,
            fstab.flags(row.options),
            row.options,
            Location(FSTAB, row.line),
            "noauto" not in row.options,
            place=row.target,
        )
        for row in rows
        if (row.type not in NO_MOUNTS or BINDS & set(row.options)) and row.target.startswith("/")
    )


def _place(tree: Tree, target: str) -> str:
    """The folder that a path means; one that is not in the tree stays as it is."""
    target = normpath(NEW_ROOT.sub("", target) or "/") if target not in ("/root",) else target
    entry = tree.resolve(target)
    return target if entry is None else "/" + entry.path


def _configured(
    tree: Tree,
    init: Init | None,
    units: SystemdUnits | Unknown | None,
    table: Iterable[Mount],
    found: dict[str, Mount],
) -> None:
    if init is None or init.program is not Program.SYSTEMD:
        found.update((mount.target, mount) for mount in table)
        return
    for mount in _by_systemd():
        found[mount.target] = mount
    if isinstance(units, SystemdUnits):
        found.update((mount.target, mount) for mount in _units(tree, units))
    for mount in table:
        local = _local(units, mount.target) if isinstance(units, SystemdUnits) else None
        if local is None:
            found[mount.target] = _dropped_in(tree, mount)
        elif local.enablement is not Enablement.MASKED:
            row = _unit(tree, local, mount.target, Location(local.path))
            found[mount.target] = replace(row, automatic=mount.automatic or mount.target in found)


def _local(units: SystemdUnits, target: str) -> Unit | None:
    """The unit in etc/ for a place, or its mask, which goes before what the generator makes of fstab's line."""
    unit = units.units.get(f"{_escaped(target)}.mount")
    is_own = unit is not None and (unit.enablement is Enablement.MASKED or (unit.path or "").startswith("etc/"))
    return unit if is_own else None


def _escaped(target: str) -> str:
    """A folder as units are named by it: systemd-escape(1), --path."""
    shown = re.sub(r"[^A-Za-z0-9:_./]", lambda sign: f"\\x{ord(sign[0]):02x}", target.strip("/"))
    return shown.replace("/", "-") or "-"


def _by_systemd() -> Iterator[Mount]:
    for target in ("/dev/shm", "/run"):  # noqa: S108 - a mount point
        yield Mount("tmpfs", target, "tmpfs", frozenset(("nosuid", "nodev")))


def _units(tree: Tree, units: SystemdUnits) -> Iterator[Mount]:
    started = {unit.name for unit in units.units.values() if unit.start is not Start.DISABLED}
    for unit in units.units.values():
        place = unit.get("Mount", "Where")
        automatic = unit.name in started
        if unit.kind != "mount" or place is None:
            continue
        if automatic or unit.name.removesuffix(".mount") + ".automount" in started:
            yield _unit(tree, unit, place.value, place.at)


def _unit(tree: Tree, unit: Unit, where: str, at: Location) -> Mount:
    kind, source, options = (unit.get("Mount", key) for key in ("Type", "What", "Options"))
    listed = fstab.split(options.value) if options is not None else ()
    return Mount(
        source.value if source is not None else "",
        _place(tree, where),
        kind.value if kind is not None else "auto",
        fstab.flags(listed),
        listed,
        options.at if options is not None else at,
    )


def _dropped_in(tree: Tree, mount: Mount) -> Mount:
    """A line of fstab becomes a unit, and the drop-ins of that name count for it."""
    for path in tree.glob(f"etc/systemd/system/{_escaped(mount.target)}.mount.d/*.conf"):
        for setting in unit_file.parse(tree.text(path) or "").settings:
            if (setting.section, setting.key) == ("Mount", "Options"):
                options = fstab.split(setting.value)
                at = Location(path, setting.line)
                mount = replace(mount, flags=fstab.flags(options), options=options, at=at)
    return mount


def _procd(tree: Tree) -> Iterator[Mount]:
    yield Mount("tmpfs", "/tmp", "tmpfs", frozenset(("nosuid", "nodev")))  # noqa: S108 - a mount point
    if any(tree.exists(path) for path in OVERLAY):
        yield Mount("rootfs_data", "/overlay", "auto", frozenset())
    for number, section in enumerate(one for one in uci.parse(tree.text(UCI) or "") if one.type == "mount"):
        target, enabled = section.get("target"), section.get("enabled")
        if target is None or (enabled is not None and enabled.value in ("0", "off", "no")):
            continue
        values = [section.get(key) for key in ("device", "label", "uuid")]
        source = next((value.value for value in values if value is not None), "")
        kind, options = section.get("fstype"), section.get("options")
        listed = fstab.split(options.value) if options is not None else ()
        at = Location(UCI, target.line)
        name = section.name or f"@mount[{number}]"
        place = _place(tree, target.value)
        yield Mount(source, place, kind.value if kind else "auto", fstab.flags(listed), listed, at, place=name)


VALUED = {"-t": "type", "--types": "type", "-o": "options", "--options": "options", "-L": "label", "-U": "uuid"}
SWITCHES = {
    "-r": "ro", "--read-only": "ro", "-w": "rw", "--rw": "rw", "-B": "bind", "--bind": "bind", "--rbind": "rbind",
    "-R": "rbind", "-M": "move", "--move": "move",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Command:
    """What one `mount` command asks for."""

    operands: tuple[str, ...]
    options: tuple[str, ...]
    type: str = "auto"
    all: bool = False


def _commanded(tree: Tree, startup: Startup, table: tuple[Mount, ...], found: dict[str, Mount]) -> list[str]:
    unread = []
    for process in startup.processes:
        if process.program != "mount" or process.start is Start.DISABLED:
            continue
        command = _read(applet(process.argv))
        if command.all or not command.operands:
            continue
        target = command.operands[-1]
        if "$" in target:
            unread.append(f"{process.at}: where {' '.join(process.argv)} mounts is known at run time only")
            continue
        mount = _mounted(tree, process, command, table, found)
        if mount is not None:
            found[mount.target] = mount
    return unread


def _read(argv: tuple[str, ...] | list[str] | Iterable[str]) -> _Command:
    words = list(argv)[1:][::-1]
    operands: list[str] = []
    options: list[str] = []
    kind, everything = "auto", False
    while words:
        word = words.pop()
        name, equals, value = word.partition("=")
        if word.startswith("-") and not word.startswith("--") and word[:2] in VALUED and len(word) > 2:
            name, value = word[:2], word[2:]
        elif name in VALUED and not equals:
            value = words.pop() if words else ""
        if name in VALUED:
            role = VALUED[name]
            kind = value if role == "type" else kind
            options += fstab.split(value) if role == "options" else ()
            operands += [f"{role.upper()}={value}"] if role in ("label", "uuid") else []
        elif word in SWITCHES:
            options.append(SWITCHES[word])
        elif word.startswith("-"):
            everything = everything or ("a" in word and not word.startswith("--")) or word == "--all"
        else:
            operands.append(word)
    return _Command(tuple(operands), tuple(options), kind, everything)


def _mounted(
    tree: Tree, process: Process, command: _Command, table: tuple[Mount, ...], found: dict[str, Mount]
) -> Mount | None:
    """The mount that a command leaves behind; None where it changes nothing that is known."""
    target = _place(tree, command.operands[-1])
    listed = next((mount for mount in table if mount.target == target), None)
    known = found.get(target, listed)
    at = process.at
    if "remount" in command.options:
        if any("$" in option for option in command.options):  # scripts take such options from the table
            return listed or replace(known or Mount("", target, "auto", frozenset()), is_decided=False, at=at)
        if known is None and not {"ro", "rw"} & set(command.options):
            return None  # `mount -o remount /usr` where there may be no /usr of its own
    if "remount" in command.options and known is not None:
        options = (*known.options, *command.options)
        flags = fstab.flags(command.options, known.flags)
        place = command.operands[-1]
        return replace(known, flags=flags, options=options, at=at, automatic=True, is_decided=True, place=place)
    if len(command.operands) == 1 and listed is not None:
        options = (*listed.options, *command.options)
        return replace(listed, flags=fstab.flags(options), options=options, automatic=True)
    source = command.operands[0] if len(command.operands) > 1 else ""
    place = command.operands[-1]
    return Mount(source, target, command.type, fstab.flags(command.options), command.options, at, place=place)
