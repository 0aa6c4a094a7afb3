"""AppArmor's profiles, how each is loaded, and whether anything loads them.

Rules, from apparmor_parser(8) and the start scripts that come with it: the files in etc/apparmor.d are loaded, those in
its folders only where they are included; hidden files and leftovers of package managers are skipped. A link of the
file's name in disable/ keeps it out, one in force-complain/ loads it in complain mode, and so do `aa-complain` and
`apparmor_parser --Complain` among what starts. A program gets the profile whose attachment its path matches; a unit may
name one (AppArmorProfile=). Not read: policy that was compiled before, and what loads profiles at run time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts.command_line import own_words
from firmward.facts.process import Process, Start
from firmward.facts.scripts import places
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits
from firmward.formats import apparmor
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import SetLink
from firmward.model.tree import Tree

FOLDER = "etc/apparmor.d"
FILES_LIMIT = 3000
LEFTOVERS = (".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-remove", ".pacsave", ".pacnew", ".rpmnew",
             ".rpmsave", ".orig", ".rej", "~")  # fmt: skip
PARSERS = ("sbin/apparmor_parser", "usr/sbin/apparmor_parser")
WANTS = "etc/systemd/system/sysinit.target.wants"
STARTERS = (
    ("usr/lib/systemd/system", f"{WANTS}/apparmor.service", "usr/lib/systemd/system/apparmor.service"),
    ("lib/systemd/system", f"{WANTS}/apparmor.service", "lib/systemd/system/apparmor.service"),
    ("etc/runlevels/boot", "etc/runlevels/boot/apparmor", "etc/init.d/apparmor"),
    ("etc/rcS.d", "etc/rcS.d/S04apparmor", "etc/init.d/apparmor"),
)
"""The folder that tells of an init, the link by which it loads profiles, and what that leads to."""
LOADERS = frozenset(("apparmor_parser", "apparmor.systemd", "aa-enforce", "aa-complain"))


@dataclass(frozen=True, slots=True)
class Profile:
    """`name` and `at` as in its file; `paths` are the patterns of the programs it is for. `complains` says that it
    only logs, `disabled` that it is not loaded, `confines` that it holds its program back; `commanded` that it is a
    command at boot that makes it log only."""

    name: str
    paths: tuple[str, ...]
    at: Location
    complains: bool = False
    disabled: bool = False
    confines: bool = True
    commanded: bool = False

    def takes(self, path: str) -> bool:
        return apparmor.matches("/" + path.strip("/"), self.paths)


@dataclass(frozen=True, slots=True)
class Started:
    """A program that starts: its `service`, its file's `path`, `at` which line, and the `profile` it would get."""

    service: str
    path: str
    at: Location
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Apparmor:
    """All `profiles`; `loaded` says whether anything loads them at boot, `installed` whether what could is there.

    `started` are the programs that start, with what confines them; `unread` says in words what could not be read.
    `has_tunables` says whether the variables that come with AppArmor are there, `starters` are the links,
    each with its target, by which init would load profiles, where what loads them is installed.
    """

    profiles: tuple[Profile, ...]
    loaded: bool
    installed: bool
    started: tuple[Started, ...] = ()
    unread: tuple[str, ...] = ()
    has_tunables: bool = False
    starters: tuple[tuple[str, str], ...] = ()

    @property
    def starter(self) -> SetLink | None:
        """What would have the profiles loaded at boot, where nothing does and one link is enough."""
        return None if self.loaded or not self.starters else SetLink(*self.starters[0])

    @property
    def is_used(self) -> bool:
        return self.loaded and bool(self.profiles)

    def of(self, service: str, program: str) -> Profile | None:
        """The profile of a service's program; None where it has none."""
        own = [one for one in self.started if one.service == service and one.path.rpartition("/")[2] == program]
        return next((one.profile for one in own if one.profile is not None), None)


def collect(tree: Tree, startup: Startup | Unknown | None, units: SystemdUnits | Unknown | None) -> Apparmor | None:
    files = [path for path in tree.list(FOLDER) if _is_loaded(path) and tree.is_file(path)]
    installed = any(tree.exists(path) for path in PARSERS)
    if not files and not installed:
        return None
    if len(files) > FILES_LIMIT:
        raise Unavailable(f"{FOLDER} holds more than {FILES_LIMIT} profiles")
    unread: list[str] = []
    profiles = [profile for path in files for profile in _read(tree, path, unread)]
    for part in (startup, units):
        if isinstance(part, Unknown):
            unread.append(part.reason)
    running = _running(startup)
    if isinstance(startup, Startup):
        unread += [startup.blind] if startup.blind is not None else []
        profiles = [_commanded(profile, running) for profile in profiles]
    loaded = startup is None or _starts(startup, units, running)
    started = tuple(_started(tree, running, units, profiles))
    has_tunables = tree.is_file(f"{FOLDER}/tunables/global")
    starters = tuple(
        (link, f"/{path}") for folder, link, path in STARTERS if tree.exists(folder) and tree.is_file(path)
    )
    return Apparmor(tuple(profiles), loaded, installed, started, tuple(unread), has_tunables, starters)


def _is_loaded(path: str) -> bool:
    name = path.rpartition("/")[2]
    return not name.startswith(".") and not name.endswith(LEFTOVERS) and name != "README"


def _read(tree: Tree, path: str, unread: list[str]) -> Iterator[Profile]:
    try:
        file = apparmor.parse(tree.text(path) or "")
    except Unavailable as reason:
        unread.append(str(reason))
        return
    if file.is_cut:
        unread.append(f"{path} ends inside a profile")
    name = path.rpartition("/")[2]
    complains = tree.lstat(f"{FOLDER}/force-complain/{name}") is not None
    disabled = tree.lstat(f"{FOLDER}/disable/{name}") is not None
    for head in file.profiles:
        meant = apparmor.paths(head.attachment, file.variables) if head.attachment else ()
        at = Location(path, head.line)
        yield Profile(head.name, meant, at, complains or head.complains, disabled, head.confines)


def _running(startup: Startup | Unknown | None) -> tuple[Process, ...]:
    if not isinstance(startup, Startup):
        return ()
    return tuple(process for process in startup.processes if process.start is not Start.DISABLED)


def _started(
    tree: Tree, running: Iterable[Process], units: SystemdUnits | Unknown | None, profiles: list[Profile]
) -> Iterator[Started]:
    loaded = [profile for profile in profiles if not profile.disabled]
    by_name = {profile.name: profile for profile in loaded}
    for process in running:
        unit = units.units.get(process.service) if isinstance(units, SystemdUnits) else None
        setting = unit.get("Service", "AppArmorProfile") if unit is not None else None
        path = _path(tree, process)
        if setting is not None:
            profile = by_name.get(setting.value.lstrip("-").strip('"'))
        else:
            fitting = [profile for profile in loaded if profile.takes(path)]
            profile = max(fitting, key=lambda one: max(map(len, one.paths)), default=None)
        yield Started(process.service, path, process.at, profile)


def _path(tree: Tree, process: Process) -> str:
    """The file that the kernel would match, links followed; where it would lie, if it is not in this tree."""
    path = places.located(tree, process.argv[0]) or process.argv[0].strip("/")
    entry = tree.resolve(path)
    if entry is not None:
        return entry.path
    return path if "/" in path else f"usr/sbin/{path}"


def _commanded(profile: Profile, running: tuple[Process, ...]) -> Profile:
    """What `aa-complain` and its like at boot make of a profile."""
    for process in running:
        words = own_words(process.argv)
        if not any(_means(profile, word) for word in words):
            continue
        complain = process.program == "apparmor_parser" and any(word in ("-C", "--Complain") for word in words)
        if process.program == "aa-complain" or complain:
            profile = replace(profile, complains=True, commanded=True)
        elif process.program == "aa-disable":
            profile = replace(profile, disabled=True)
        elif process.program == "aa-enforce":
            profile = replace(profile, complains=False, disabled=False, commanded=False)
    return profile


def _means(profile: Profile, word: str) -> bool:
    """Whether a word names the profile, its file, the folder of all, or its program."""
    path = word.strip("/")
    if word == profile.name or path in (profile.at.path, FOLDER):
        return True
    return word.startswith("/") and profile.takes(path)


def _starts(startup: Startup | Unknown, units: SystemdUnits | Unknown | None, running: tuple[Process, ...]) -> bool:
    unit = units.units.get("apparmor.service") if isinstance(units, SystemdUnits) else None
    if unit is not None and unit.start is not Start.DISABLED:
        return True
    scripts = startup.scripts if isinstance(startup, Startup) else ()
    by_script = any(path.rpartition("/")[2] in ("apparmor", "rc.apparmor") for path in scripts)
    return by_script or any(process.program in LOADERS for process in running)
