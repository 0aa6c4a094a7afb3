"""mount-options"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.mounts import VOLATILE, Mount, Mounts
from firmward.facts.startup import Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import link
from firmward.model.policy import Policy
from firmward.model.remedy import AddLine, Change, Remedy, Safety, SetOption, Stage, by_changes

ALL = ("nosuid", "nodev", "noexec")
NO_RIGHTS = ("nosuid", "nodev")
LOOSE = ("suid", "dev", "exec", "defaults")
SHARED = "/dev/shm"  # noqa: S108 - a mount point


@dataclass(frozen=True, slots=True)
class Row:
    """Which options the mounts at these places should have, and why these."""

    key: str
    targets: tuple[str, ...]
    options: tuple[str, ...]
    why: str


ROWS = (
    Row("tmp", ("/tmp", "/var/tmp"), ALL, "everybody may write here, and nothing is installed here"),  # noqa: S108
    Row("shm", ("/dev/shm",), ALL, "everybody may write here; shared memory is no program"),  # noqa: S108
    Row("run", ("/run", "/var/run"), NO_RIGHTS, "services write here; scripts made at boot may be run from it"),
    Row("log", ("/var/log",), ALL, "services write here what they are sent"),
    Row("var", ("/var", "/var/lib", "/var/cache", "/var/spool"), NO_RIGHTS,
        "services write here; package managers run their scripts from it"),
    Row("home", ("/home",), NO_RIGHTS, "users write here, and may have programs of their own"),
    Row("data", ("/data", "/mnt/data", "/userdata", "/persist", "/persistent", "/srv", "/config", "/mnt/config"), ALL,
        "what is written at run time is not signed, and must not become a program"),
    Row("removable", ("/media", "/mnt/usb", "/mnt/sd", "/mnt/sdcard", "/mnt/mmc"), ALL,
        "whoever brings the medium has written it"),
)  # fmt: skip

ENGINES = frozenset(
    ("dockerd", "containerd", "balenad", "balena-engine-daemon", "podman", "lxc-start", "systemd-nspawn")
)
INIT = "::sysinit:/bin/mount -a\n"


@check(
    title="A writable file system takes setuid programs, devices or programs",
    severity=Severity.LOW,
    practice="P23",
    cwe=732,
    bad=(
        Example({"etc/fstab": "tmpfs /tmp tmpfs defaults 0 0\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "/dev/mmcblk0p4 /mnt/my\\040data ext4 nosuid,nodev 0 2\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "tmpfs /tmp tmpfs nosuid,nodev,noexec,defaults 0 0\n"}),
        Example({"etc/inittab": "::sysinit:/bin/mount -t tmpfs -o size=4m tmpfs /var/log\n"}),
        Example({
            "etc/inittab": INIT + "::sysinit:/bin/mount -o remount,exec /tmp\n",
            "etc/fstab": "tmpfs /tmp tmpfs nosuid,nodev,noexec 0 0\n",
        }),
    ),
    good=(
        Example({"etc/fstab": "tmpfs /tmp tmpfs nosuid,nodev,noexec,mode=1777 0 0\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "/dev/mmcblk0p4 /data ext4 user,noatime 0 2\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "/dev/mmcblk0p4 /data squashfs defaults 0 0\n/dev/mmcblk0p5 /srv ext4 ro 0 0\n"}),
        Example({"etc/inittab": "::sysinit:mount -t tmpfs tmpfs /run\n::sysinit:mount -o remount,nosuid,nodev /run\n"}),
        Example({"etc/inittab": "::sysinit:/bin/mount -t tmpfs -o mode=755 root-rw /media/root-rw\n"}),
        Example({"etc/fstab": "tmpfs /var/run tmpfs nosuid,nodev 0 0\n", "var/run": link("../run"), "run/x": ""}),
    ),
)  # fmt: skip
def mount_options(mounts: Mounts, startup: Startup | None | Unknown, policy: Policy | None) -> Findings:
    """A program that falls writes where it may: to /tmp, /run, its data. Without nosuid, nodev and noexec what it puts
    there can be a program for all, one with root's rights, or a way to the raw disk. A folder that is read-only or no
    mount of its own is not judged; /run and /var may hold scripts that are run, and no noexec is asked there. It is
    low, since it takes another hole first. It is safe to add the options where the policy says that the system is
    verified, since programs then come from there alone, and for setuid and devices wherever only memory is mounted.
    """
    known = [mount for mount in mounts.mounts if mount.is_writable and not mount.is_bind]
    for mount in known:
        row = _row(mount, policy)
        missing = [option for option in _wanted(row, mount, startup) if option not in mount.flags] if row else []
        if row is not None and missing:
            yield _finding(row, mount, missing, policy)
    if mounts.unread:
        raise Unavailable("; ".join(mounts.unread[:5]))


def _row(mount: Mount, policy: Policy | None) -> Row | None:
    by_name = next((row for row in ROWS if mount.target in row.targets), None)
    if mount.target == "/":
        return None  # programs and their rights come from there: rootfs-writable asks whether it may be written to
    if by_name is not None:
        return by_name if by_name.key != "removable" or mount.type not in VOLATILE else None
    declared = policy.filesystem.writable if policy is not None and policy.filesystem is not None else ()
    parts = {row.key: row for row in ROWS}
    if mount.target.startswith(("/media/", "/run/media/", "/mnt/usb", "/mnt/sd")):
        return parts["removable"] if mount.type not in VOLATILE else None
    is_data = mount.target in declared or mount.target.startswith(("/mnt/", "/data/"))
    return parts["data"] if is_data and mount.is_stored else None


def _wanted(row: Row, mount: Mount, startup: Startup | None | Unknown) -> tuple[str, ...]:
    """Where programs or containers are started from, they may be executed; so may those that are installed and do not
    start, for a person may start them."""
    running = startup.processes if isinstance(startup, Startup) else ()
    for process in running:
        holds = process.argv[0].startswith(mount.target + "/")
        if holds or (process.program in ENGINES and row.key in ("data", "var")):
            return tuple(option for option in row.options if option != "noexec")
    return row.options


def _finding(row: Row, mount: Mount, missing: list[str], policy: Policy | None) -> Finding:
    lacks = ",".join(missing)
    return Finding(
        mount.target,
        f"{mount.target} is mounted without {lacks}: {row.why}",
        at=mount.at,
        remedy=_remedy(mount, missing, policy),
        evidence=f"{mount.type} {mount.target} {','.join(sorted(mount.flags)) or 'defaults'}",
    )


def _remedy(mount: Mount, missing: list[str], policy: Policy | None) -> Remedy:
    summary = f"Mount {mount.target} with {','.join(missing)}"
    changes = tuple(_changes(mount, missing))
    if not changes:
        return Remedy(f"{summary}: the init system mounts it, and asks no file", Safety.MANUAL, Stage.SOURCE)
    files = policy.filesystem if policy is not None else None
    is_verified = files is not None and files.verified not in (None, "none")
    harmless = mount.type in VOLATILE and "noexec" not in missing
    safety = Safety.SAFE if is_verified or harmless else Safety.UNSAFE
    breaks = f"a program or script that something puts into {mount.target} is not run any more"
    return by_changes(summary, safety, changes, breaks)


def _changes(mount: Mount, missing: list[str]) -> Iterator[Change]:
    """Where the mount is written: a line of fstab, a unit, OpenWrt's section or a command."""
    path = mount.at.path if mount.at is not None else None
    listed = ",".join([*(word for word in mount.options if word not in (*LOOSE, *missing)), *missing])
    if path is None and mount.target == SHARED:
        # systemd mounts it, and mounts it again as fstab says (systemd-remount-fs.service(8))
        yield AddLine("etc/fstab", f"tmpfs {SHARED} tmpfs {','.join(dict.fromkeys((*NO_RIGHTS, *missing)))} 0 0")
    elif path == "etc/fstab":
        yield from (SetOption(path, option, "yes", mount.place) for option in missing)
    elif path is not None and path.endswith((".mount", ".conf")):
        yield SetOption(path, "Options", listed, "Mount")
    elif path == "etc/config/fstab":
        yield SetOption(path, "options", listed, mount.place)
    elif path is not None and "$" not in listed:
        yield SetOption(path, "-o", listed, f"command mount {mount.place}")
