"""Files and folders that everybody may write, and what root runs or reads by them.

Rules. A file with the right to write for others can be changed by all; in such a folder all can make new names, and
take others' away unless it is sticky. So a folder counts for what lies below it, and a sticky one where a new name is
enough: folders whose every file is run or read (hooks, units, jobs, plug-ins, the search path), and the place of a file
that is used and not there. Links have no modes, devices and sockets are not meant, FAT has no modes (its driver says
0755), and what a mount covers has the modes of what is mounted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.cron import SYSTEM, USERS
from firmward.facts.hooks import Hooks
from firmward.facts.mounts import Mount, Mounts
from firmward.facts.process import Process, Start, applet
from firmward.facts.scripts.places import located
from firmward.facts.startup import Startup
from firmward.formats import crontab
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Entry, Kind, Tree

OTHERS_WRITE, STICKY = 0o002, 0o1000

PLACES = {
    "init": (
        "etc/init.d etc/inittab etc/rc.local etc/rc.common etc/rcS.d etc/rc0.d etc/rc1.d etc/rc2.d etc/rc3.d "
        "etc/rc4.d etc/rc5.d etc/rc6.d etc/rc.d etc/runlevels etc/conf.d etc/default etc/sysconfig etc/config "
        "etc/uci-defaults sbin/init lib/preinit lib/functions lib/functions.sh lib/lsb etc/fstab etc/crypttab"
    ),
    "units": (
        "etc/systemd lib/systemd usr/lib/systemd usr/local/lib/systemd usr/share/dbus-1/system-services etc/tmpfiles.d"
    ),
    "cron": (
        "etc/crontab etc/cron.d etc/cron.hourly etc/cron.daily etc/cron.weekly etc/cron.monthly etc/crontabs "
        "etc/cron/crontabs etc/periodic "
        "etc/anacrontab etc/logrotate.conf etc/logrotate.d var/spool/cron/root var/spool/cron/crontabs/root"
    ),
    "hook": (
        "etc/udev lib/udev usr/lib/udev etc/mdev.conf etc/mdev lib/mdev etc/hotplug etc/hotplug.d "
        "etc/hotplug-preinit.json etc/hotplug.json etc/network etc/udhcpc etc/udhcpc.d etc/udhcpc.user "
        "usr/share/udhcpc etc/dhcp etc/dhcpcd.conf lib/dhcpcd usr/lib/dhcpcd etc/ppp etc/NetworkManager "
        "usr/lib/NetworkManager etc/wpa_supplicant lib/netifd etc/acpi etc/rc.button etc/button "
        "etc/usb_modeswitch.d etc/iproute2 etc/firewall.user etc/resolvconf"
    ),
    "library": (
        "lib lib32 lib64 usr/lib usr/lib32 usr/lib64 usr/local/lib usr/libexec etc/ld.so.preload etc/ld.so.conf "
        "etc/ld.so.conf.d"
    ),
    "program": "bin sbin usr/bin usr/sbin usr/local/bin usr/local/sbin",
    "login": "etc/profile etc/profile.d etc/environment etc/bash.bashrc etc/bashrc etc/shells root",
    "account": (
        "etc/passwd etc/shadow etc/group etc/gshadow etc/sudoers etc/sudoers.d etc/sudo.conf etc/doas.conf "
        "etc/doas.d etc/pam.d etc/pam.conf etc/security etc/nsswitch.conf etc/ssh etc/dropbear etc/login.defs "
        "etc/subuid etc/subgid"
    ),
    "module": (
        "lib/modules usr/lib/modules lib/firmware usr/lib/firmware etc/modprobe.d etc/modules etc/modules-load.d "
        "etc/sysctl.conf etc/sysctl.d"
    ),
}
"""What root runs or reads on most systems, by family; the rest follows from what starts."""

ORDER = ("init", "units", "cron", "hook", "account", "login", "module", "program", "library")
"""Where places lie within each other, the more particular family goes first."""


@dataclass(frozen=True, slots=True)
class OpenPath:
    """One that everybody may write: its `path` and `mode` (0o7777), and whether it is a `folder`.

    `family` is what kind of use it has, `used` the path that root runs or reads by it, `by` who does.
    """

    path: str
    mode: int
    folder: bool
    family: str
    used: str
    by: str


@dataclass(frozen=True, slots=True)
class OpenPaths:
    """The `paths` that everybody may write and that root uses; `unread` says in words what could not be worked out."""

    paths: tuple[OpenPath, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Use:
    """A path that root uses. All of a folder's files count when it is one of the places."""

    family: str
    path: str
    by: str
    whole: bool


def collect(
    tree: Tree, startup: Startup | Unknown | None, mounts: Mounts | Unknown | None, hooks: Hooks | Unknown | None
) -> OpenPaths | None:
    seen, found = False, []
    for entry in tree.entries():
        seen = True
        if entry.mode & OTHERS_WRITE and entry.kind in (Kind.FILE, Kind.DIRECTORY):
            found.append(entry)
    if not seen:
        return None
    over = [mount for mount in mounts.mounts if _covers(mount)] if isinstance(mounts, Mounts) else []
    found = [entry for entry in found if not any(_is_below(entry.path, mount.target.strip("/")) for mount in over)]
    unread = [startup.reason] if isinstance(startup, Unknown) else []
    if isinstance(startup, Startup):
        unread += [startup.blind] if startup.blind is not None else []
    uses = list(_uses(tree, startup if isinstance(startup, Startup) else None, unread)) if found else []
    if found:
        unread += [hooks.reason] if isinstance(hooks, Unknown) else []
        uses += _named(tree, hooks, unread) if isinstance(hooks, Hooks) else ()
    return OpenPaths(tuple(path for entry in found if (path := _used(entry, uses))), tuple(dict.fromkeys(unread)))


def _covers(mount: Mount) -> bool:
    return mount.automatic and mount.target != "/"


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _used(entry: Entry, uses: list[_Use]) -> OpenPath | None:
    """The first use for which this entry decides what root gets."""
    folder = entry.kind is Kind.DIRECTORY
    for use in uses:
        if use.path == entry.path:
            hit = not folder or use.whole
        elif use.whole and entry.path.startswith(f"{use.path}/"):
            hit = True
        else:
            hit = folder and not entry.mode & STICKY and use.path.startswith(f"{entry.path}/")
        if hit:
            return OpenPath(entry.path, entry.mode, folder, use.family, use.path, use.by)
    return None


def _uses(tree: Tree, startup: Startup | None, unread: list[str]) -> Iterator[_Use]:
    if startup is not None:
        for path in startup.scripts:
            yield from _trail(tree, "init", path, f"/{path} at boot", unread)
        for process in startup.processes:
            if process.start is not Start.DISABLED and process.user in (None, "root", "0"):
                yield from _started(tree, process, unread)
    yield from _jobs(tree, unread)
    for family in ORDER:
        for place in PLACES[family].split():
            entry = tree.resolve(place)
            if entry is not None and entry.path:
                yield _Use(family, entry.path, "root", entry.kind is Kind.DIRECTORY)
    yield from _library_folders(tree)


def _named(tree: Tree, hooks: Hooks, unread: list[str]) -> Iterator[_Use]:
    """What the settings of root's programs name to be run or loaded."""
    unread += hooks.unnamed
    for hook in hooks.hooks:
        if hook.at is not None and hook.is_privileged and hook.how != "obeys":
            yield from _trail(tree, "named", hook.path, f"{hook.program} by {hook.at}", unread)


def _library_folders(tree: Tree) -> Iterator[_Use]:
    for path in tree.glob("etc/ld.so.conf.d/*.conf"):
        for line in (tree.text(path) or "").split("\n"):
            entry = tree.resolve(line.strip()) if line.startswith("/") else None
            if entry is not None and entry.path:
                yield _Use("library", entry.path, f"the loader, by /{path}", whole=True)


def _started(tree: Tree, process: Process, unread: list[str]) -> Iterator[_Use]:
    """The program, and the files that its command line names."""
    argv = applet(process.argv)
    program = located(tree, argv[0]) or (argv[0].strip("/") if argv[0].startswith("/") and "$" not in argv[0] else "")
    by = f"{process.service} at {process.at}"
    if program:
        yield from _trail(tree, "started", program, by, unread)
    for word in argv[1:]:
        path = word.partition("=")[2] if word.startswith("-") and "=" in word else word
        if path.startswith("/") and tree.is_file(path):
            yield from _trail(tree, "configuration", path.strip("/"), by, unread)


def _jobs(tree: Tree, unread: list[str]) -> Iterator[_Use]:
    for patterns, read in (
        (SYSTEM, crontab.system_jobs),
        (("etc/crontabs/root", USERS[0].replace("*", "root")), crontab.user_jobs),
    ):
        for path in (path for pattern in patterns for path in tree.glob(pattern)):
            try:
                jobs = read(tree.text(path) or "")
            except Unavailable as reason:
                unread.append(reason.reason)
                continue
            for job in jobs:
                if job.user in (None, "root"):
                    for word in job.command.split():
                        if word.startswith("/") and tree.is_file(word):
                            yield from _trail(tree, "cron", word.strip("/"), f"/{path}:{job.line}", unread)


def _trail(tree: Tree, family: str, path: str, by: str, unread: list[str]) -> Iterator[_Use]:
    """The path as it is written and the file that it leads to; one that is not there can be made by who may."""
    entry = tree.resolve(path)
    folder, _, name = path.rpartition("/")
    above = tree.resolve(folder)
    if entry is None and above is not None and above.kind is Kind.DIRECTORY and above.path:
        yield _Use(family, above.path, f"{by} (where {name} is not there yet)", whole=True)
    elif entry is not None:
        yield _Use(family, entry.path, by, whole=False)
        if above is not None and above.path and not entry.path.startswith(f"{above.path}/"):
            yield _Use(family, f"{above.path}/{name}", by, whole=False)
