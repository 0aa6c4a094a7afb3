"""mount-options"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.checks.storage.mounting import bound, place
from firmward.facts.mounts import VOLATILE, Mount, Mounts
from firmward.facts.startup import Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage, by_changes

NO_RIGHTS = place.NO_RIGHTS
ALL = (*NO_RIGHTS, "noexec")


@dataclass(frozen=True, slots=True)
class Row:
    """Which options the mounts at these places should have, and why these."""

    key: str
    targets: tuple[str, ...]
    options: tuple[str, ...]
    why: str


ROWS = (
    Row("tmp", ("/tmp", "/var/tmp"), ALL, "everybody may write here, and nothing is installed here"),  # noqa: S108
    Row("shm", (place.SHARED,), ALL, "everybody may write here; shared memory is no program"),
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

SERVED = frozenset(("tmp", "shm", "run", "log", "var"))
"""Rows of places in which services have folders of their own."""
ENGINES = frozenset(
    ("dockerd", "containerd", "balenad", "balena-engine-daemon", "podman", "lxc-start", "systemd-nspawn")
)
INIT = "::sysinit:/bin/mount -a\n"


@check(
    title="A writable file system takes setuid programs, devices, programs or all memory",
    severity=Severity.LOW,
    practice="P23",
    cwe=732,
    bad=(
        Example({"etc/fstab": "tmpfs /tmp tmpfs defaults 0 0\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "/dev/mmcblk0p4 /mnt/my\\040data ext4 nosuid,nodev 0 2\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "tmpfs /tmp tmpfs nosuid,nodev,noexec,defaults 0 0\n"}),
        Example({"etc/inittab": "::sysinit:/bin/mount -t tmpfs -o size=4m tmpfs /var/log\n"}),
        Example({"etc/fstab": "tmpfs /tmp tmpfs nosuid,nodev,noexec 0 0\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "tmpfs /run tmpfs nosuid,nodev,mode=755,size=80% 0 0\n", "etc/inittab": INIT}),
        Example({"etc/inittab": "::sysinit:/bin/mount -t ramfs -o nosuid,nodev,noexec ramfs /tmp\n"}),
        Example({
            "etc/inittab": INIT + "::sysinit:/bin/mount -o remount,exec /tmp\n",
            "etc/fstab": "tmpfs /tmp tmpfs nosuid,nodev,noexec 0 0\n",
        }),
    ),
    good=(
        Example({"etc/fstab": "tmpfs /tmp tmpfs nosuid,nodev,noexec,mode=1777,size=8m 0 0\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "tmpfs /srv tmpfs nosuid,nodev,noexec,mode=0755 0 0\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "/dev/mmcblk0p4 /data ext4 user,noatime 0 2\n", "etc/inittab": INIT}),
        Example({"etc/fstab": "/dev/mmcblk0p4 /data squashfs defaults 0 0\n/dev/mmcblk0p5 /srv ext4 ro 0 0\n"}),
        Example({
            "etc/inittab": "::sysinit:mount -t tmpfs tmpfs /run\n"
            "::sysinit:mount -o remount,nosuid,nodev,size=10% /run\n",
        }),
        Example({"etc/inittab": "::sysinit:/bin/mount -t tmpfs -o mode=755 root-rw /media/root-rw\n"}),
        Example({
            "etc/fstab": "tmpfs /var/run tmpfs nosuid,nodev,size=4m 0 0\n",
            "var/run": link("../run"),
            "run/x": "",
        }),
    ),
)  # fmt: skip
def mount_options(mounts: Mounts, startup: Startup | None | Unknown, policy: Policy | None) -> Findings:
    """A program that falls writes where it may: to /tmp, /run, its data. Without nosuid, nodev and noexec what it puts
    there can be a program for all, one with root's rights, or a way to the raw disk. A folder that is read-only or no
    mount of its own is not judged; /run and /var may hold scripts that are run, and no noexec is asked there. It is
    low, since it takes another hole first. It is safe to add the options where the policy says that the system is
    verified, since programs then come from there alone, and for setuid and devices wherever only memory is mounted.

    A file system in memory that has no size takes half of the memory, a ramfs all of it, and no program that the kernel
    ends gives any of it back: two of them that a service may write to, and the other services die. A size is safe to
    set for /run, and where the policy declares the services and none writes there, or says how much memory those have
    that do: they may fill as much as the greatest of them has, and a tenth of the memory where there are none.
    """
    for mount in mounts.mounts:
        if mount.is_writable and not mount.is_bind:
            yield from _judged(mount, startup, policy)
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


@dataclass(frozen=True, slots=True)
class _Case:
    """A mount that services write to: which flags are `missing`, and how much memory it may take where that is too
    much."""

    mount: Mount
    row: Row | None
    missing: tuple[str, ...]
    excess: str | None
    policy: Policy | None


def _judged(mount: Mount, startup: Startup | None | Unknown, policy: Policy | None) -> Findings:
    row = _row(mount, policy)
    flags = _wanted(row, mount, startup) if row is not None else ()
    missing = tuple(option for option in flags if option not in mount.flags)
    case = _Case(mount, row, missing, _excess(row, mount), policy)
    if row is not None and missing:
        yield Finding(
            mount.target,
            f"{mount.target} is mounted without {','.join(missing)}: {row.why}",
            at=mount.at,
            remedy=_remedy(
                case, missing, bounded=case.excess is not None and mount.type == "tmpfs" and place.is_one_list(mount)
            ),
            evidence=f"{mount.type} {mount.target} {','.join(sorted(mount.flags)) or 'defaults'}",
        )
    if case.excess is not None:
        yield Finding(
            f"size {mount.target}",
            f"{mount.target} may take {case.excess}: a service that is taken over fills it until others have none",
            at=mount.at,
            remedy=_remedy(case, missing if place.is_one_list(mount) else (), bounded=True),
            evidence=f"{mount.type} {mount.target} {','.join(mount.options) or 'defaults'}",
        )


def _excess(row: Row | None, mount: Mount) -> str | None:
    """What the init system mounts by itself is not judged: systemd bounds /run, and no file says how large it is."""
    is_open = bound.is_open(mount, shared=row is not None and row.key in SERVED)
    return bound.excess(mount) if mount.at is not None and is_open else None


def _remedy(case: _Case, flags: tuple[str, ...], *, bounded: bool) -> Remedy:
    """Two cures of options that can only be written all at once write the same."""
    mount = case.mount
    if bounded and mount.type == "ramfs":
        return Remedy(f"Mount a tmpfs with size= at {mount.target} instead", Safety.MANUAL, Stage.SOURCE)
    wanted = (*flags, *(bound.wanted(mount, case.policy) if bounded else ()))
    summary = f"Mount {mount.target} with {','.join(wanted)}"
    changes = tuple(place.changes(mount, wanted))
    if not changes:
        return Remedy(f"{summary}: the init system mounts it, and asks no file", Safety.MANUAL, Stage.SOURCE)
    risks = [*_flag_risks(case, flags), *(_size_risks(case) if bounded else ())]
    return by_changes(summary, Safety.UNSAFE if risks else Safety.SAFE, changes, "; ".join(risks))


def _flag_risks(case: _Case, flags: tuple[str, ...]) -> Iterator[str]:
    files = case.policy.filesystem if case.policy is not None else None
    is_verified = files is not None and files.verified not in (None, "none")
    harmless = case.mount.type in VOLATILE and "noexec" not in flags
    if flags and not is_verified and not harmless:
        yield f"a program or script that something puts into {case.mount.target} is not run any more"


def _size_risks(case: _Case) -> Iterator[str]:
    has_little = case.row is not None and case.row.key == "run"  # process numbers and sockets
    if not has_little and not bound.is_agreed(case.mount, case.policy):
        size = bound.size(case.mount, case.policy)
        yield f"what needs more than {size} in {case.mount.target}, such as an update, fails"
