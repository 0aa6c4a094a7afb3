"""The kernel parameters that the running system gets.

Rules, from sysctl.d(5), systemd-sysctl.service(8), sysctl(8) of procps and BusyBox's sysctl. systemd-sysctl reads the
folders of sysctl.d alone, and etc/sysctl.conf only through a link among them; `sysctl --system` reads both, the latter
last; `sysctl -p` reads etc/sysctl.conf, `sysctl -p FILE` that file. Of files with one name the first folder's counts
(etc, run, usr/local/lib, usr/lib, lib); files are read by name, and the last value holds. A key that is written out
goes before every pattern. Commands of start scripts count in their order, `echo value > /proc/sys/...` like
`sysctl -w`. Without systemd and without such a command no file counts. A tree without any init is a part of a system,
whose files are taken for applied. The kernel itself sets what its command line says, before all others do. A running
device is asked itself: proc/sys.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from posixpath import normpath

from firmward.facts.command_line import own_words
from firmward.facts.init import Init, Program
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.systemd import SystemdUnits
from firmward.formats import sysctl_conf
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import AddLine, SetLink
from firmward.model.tree import Tree

LAST = "etc/sysctl.conf"
OWN = "etc/sysctl.d"
FOLDERS = (OWN, "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d")
SERVICE = "systemd-sysctl.service"
PROGRAMS = ("sbin/sysctl", "usr/sbin/sysctl", "bin/sysctl", "usr/bin/sysctl")
EVENTS = "etc/hotplug.d/"
"""What is fed to sysctl here concerns the device that came, and leaves alone what boot has set for all."""
KERNEL = "proc/sys"
LIVE = (
    "kernel", "kernel/yama", "fs", "vm", "user", "dev/tty", "net/core", "net/ipv4", "net/ipv4/conf/all",
    "net/ipv4/conf/default", "net/ipv6/conf/all", "net/ipv6/conf/default",
)  # fmt: skip

FILES_LIMIT = 500
"""Files of parameters; a system has a dozen."""

SETTINGS_LIMIT = 20_000
PATTERNS_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `value`, and `at`, where it is set; `by_kernel` says that this is the kernel's command line, whose word all
    others undo."""

    value: str
    at: Location
    by_kernel: bool = False

    @property
    def is_known(self) -> bool:
        return "$" not in self.value


@dataclass(frozen=True, slots=True)
class Sysctl:
    """What is set at boot.

    `parameters` are those written out, by their dotted names; `patterns` those for many at once; `exempt` the names
    that no pattern reaches. `home` is where a parameter can be added so that it takes effect, None where no file does.
    `unapplied` are the files in etc whose settings nothing applies; `unread` says in words what could not be read.
    `starter` is what would make the init system apply etc/sysctl.conf, where nothing does and one change is enough.
    """

    parameters: Mapping[str, Parameter]
    patterns: tuple[tuple[str, Parameter], ...] = ()
    exempt: frozenset[str] = frozenset()
    home: str | None = None
    unapplied: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    starter: AddLine | SetLink | None = None

    def find(self, name: str) -> Parameter | None:
        """The setting that holds for a parameter; None where it is left as the kernel has it."""
        known = self.parameters.get(name)
        if known is not None or name in self.exempt:
            return known
        fitting = [parameter for pattern, parameter in self.patterns if fnmatchcase(name, pattern)]
        return fitting[-1] if fitting else None

    def get(self, name: str) -> str | None:
        parameter = self.find(name)
        return parameter.value if parameter else None


def collect(
    tree: Tree,
    source: Source,
    init: Init | Unknown | None,
    units: SystemdUnits | Unknown | None,
    startup: Startup | Unknown | None,
    command_lines: KernelCommandLine | Unknown | None,
) -> Sysctl | None:
    if source is not Source.IMAGE:
        return _live(tree)
    files = _files(tree)
    if init is None and not files and not tree.is_file(LAST):
        return None
    settings = _Settings(tree)
    settings.start(command_lines)
    for part in (init, startup):
        if isinstance(part, Unknown):
            settings.unread.append(part.reason)
    if isinstance(startup, Startup) and startup.blind is not None:
        settings.unread.append(startup.blind)
    if not isinstance(init, Init):
        settings.system(systemd=False)
    else:
        if init.program is Program.SYSTEMD and _at_boot(units):
            settings.system(systemd=True)
        if isinstance(startup, Startup):
            settings.follow(startup.processes)
    found = settings.settled()
    return found if found.home is not None else replace(found, starter=_starter(tree, init))


def _starter(tree: Tree, init: Init | Unknown | None) -> AddLine | SetLink | None:
    """In the init system's own way: a line of BusyBox's inittab, which is run behind those before it, or the service
    that comes with OpenRC and OpenWrt, in the place that their tools give it."""
    if not isinstance(init, Init):
        return None
    if tree.is_directory("etc/runlevels/boot") and tree.is_file("etc/init.d/sysctl"):
        return SetLink("etc/runlevels/boot/sysctl", "/etc/init.d/sysctl")
    if init.program is Program.PROCD and tree.is_file("etc/init.d/sysctl"):
        return SetLink("etc/rc.d/S11sysctl", "../init.d/sysctl")
    program = next((path for path in PROGRAMS if tree.resolve(path) is not None), None)
    if init.program is Program.BUSYBOX and program is not None and tree.is_file("etc/inittab"):
        return AddLine("etc/inittab", f"::sysinit:/{program} -p /{LAST}")
    return None


def _at_boot(units: SystemdUnits | Unknown | None) -> bool:
    """Whether systemd-sysctl runs. It belongs to systemd: where its unit is not seen, it is not in this part."""
    if not isinstance(units, SystemdUnits) or SERVICE not in units.names:
        return True
    unit = units.units.get(SERVICE)
    return unit is not None and unit.start is not Start.DISABLED


def _files(tree: Tree) -> tuple[str, ...]:
    """The files of sysctl.d in the order in which they are read."""
    chosen: dict[str, str] = {}
    for folder in FOLDERS:
        for path in tree.list(folder):
            if path.endswith(".conf"):
                chosen.setdefault(path.rpartition("/")[2], path)
    return tuple(chosen[name] for name in sorted(chosen))


def _live(tree: Tree) -> Sysctl:
    found = {}
    for folder in LIVE:
        for path in tree.list(f"{KERNEL}/{folder}"):
            try:
                value = tree.text(path)
            except Unavailable:
                continue  # some can only be written, or be read by root alone
            if value is not None:
                name = path.removeprefix(f"{KERNEL}/").replace("/", ".")
                found[name] = Parameter(" ".join(value.split()), Location(path))
    if not found:
        raise Unavailable(f"{KERNEL} cannot be read")
    return Sysctl(found, home=f"{OWN}/99-hardening.conf")


class _Settings:
    """The settings as they come together, file after file and command after command."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._parameters: dict[str, Parameter] = {}
        self._patterns: dict[str, Parameter] = {}
        self._exempt: set[str] = set()
        self._read: set[str] = set()
        self._folder_is_read = False
        self.unread: list[str] = []

    def settled(self) -> Sysctl:
        home = f"{OWN}/99-hardening.conf" if self._folder_is_read else LAST if LAST in self._read else None
        return Sysctl(
            self._parameters,
            tuple(self._patterns.items()),
            frozenset(self._exempt),
            home,
            tuple(self._unapplied()),
            tuple(dict.fromkeys(self.unread)),
        )

    def start(self, command_lines: KernelCommandLine | Unknown | None) -> None:
        """What the kernel sets by its command line (`sysctl.kernel.dmesg_restrict=1`) before it starts init."""
        for line in command_lines.lines if isinstance(command_lines, KernelCommandLine) else ():
            for argument in line.arguments:
                if argument.name.startswith("sysctl.") and argument.value is not None:
                    name = sysctl_conf.name(argument.name.removeprefix("sysctl."))
                    self.put(name, Parameter(argument.value, line.at, by_kernel=True), line.at)

    def system(self, *, systemd: bool) -> None:
        """What systemd-sysctl and `sysctl --system` read."""
        self._folder_is_read = True
        for path in _files(self._tree):
            self.file(path)
        if not systemd:
            self.file(LAST)

    def follow(self, processes: Iterable[Process]) -> None:
        for process in processes:
            if process.start is Start.DISABLED:
                continue
            if process.program == "sysctl":
                self._command(process)

    def file(self, path: str) -> None:
        entry = self._tree.resolve(path)
        if entry is None:
            self._read.add(path)
            return
        self._read |= {path, entry.path}
        if len(self._read) > FILES_LIMIT:
            raise Unavailable(f"more than {FILES_LIMIT} files of kernel parameters")
        try:
            text = self._tree.text(path) or ""
        except Unavailable as reason:
            self.unread.append(str(reason))
            return
        for setting in sysctl_conf.parse(text):
            at = Location(path, setting.line)
            self.put(setting.key, None if setting.value is None else Parameter(setting.value, at), at)

    def put(self, key: str, parameter: Parameter | None, at: Location) -> None:
        if parameter is None:
            self._exempt.add(key)
        elif sysctl_conf.SIGNS.isdisjoint(key):
            self._parameters[key] = parameter
        else:
            self._patterns.pop(key, None)  # the last one counts, and so stands last
            self._patterns[key] = parameter
        if len(self._patterns) > PATTERNS_LIMIT or len(self._parameters) + len(self._exempt) > SETTINGS_LIMIT:
            raise Unavailable(f"{at}: more kernel parameters than any kernel has")

    def _command(self, process: Process) -> None:
        options, words = _split(own_words(process.argv))
        if any(option == "--system" for option in options):
            self.system(systemd=False)
        elif any(option.startswith("--load") or _has_letter(option, "pf") for option in options):
            for path in [*_attached(options), *words] or [LAST]:
                self._load(path, process)
        else:
            for word in words:
                self._assign(word, process)

    def _load(self, path: str, process: Process) -> None:
        path = process.input or "" if path in ("-", "/dev/stdin") else path
        if "$" in path:  # a loop over what a folder holds: it is the usual files that it means
            self.system(systemd=False)
        elif path:
            named = normpath(path.strip("/"))
            paths = self._tree.glob(named) if not sysctl_conf.SIGNS.isdisjoint(named) else (named,)
            self._folder_is_read = self._folder_is_read or named.startswith(f"{OWN}/")
            for each in paths:
                self.file(each)
        elif not (process.at.path or "").startswith(EVENTS):
            self.unread.append(f"{process.at}: what is fed to sysctl here is not known")

    def _assign(self, word: str, process: Process) -> None:
        key, sign, value = word.partition("=")
        name = sysctl_conf.name(key.strip())
        if "$" in name:
            self.unread.append(f"{process.at}: which kernel parameter {key} is, is known at run time only")
        elif sign:
            self._parameters[name] = Parameter(value.strip(), process.at)

    def _unapplied(self) -> Iterable[str]:
        own = [path for path in self._tree.list(OWN) if path.endswith(".conf")]
        for path in (LAST, *own):
            entry = self._tree.resolve(path)
            if entry is None or path in self._read or entry.path in self._read or self._is_hidden(path):
                continue
            try:
                text = self._tree.text(path) or ""
            except Unavailable as reason:
                self.unread.append(str(reason))
                continue
            if next(sysctl_conf.parse(text), None) is not None:
                yield path

    def _is_hidden(self, path: str) -> bool:
        """Whether another file of the same name was read in its place."""
        return any(known.rpartition("/")[2] == path.rpartition("/")[2] for known in self._read)


def _split(argv: tuple[str, ...]) -> tuple[list[str], list[str]]:
    options = [word for word in argv if word.startswith("-") and len(word) > 1]
    return options, [word for word in argv if word not in options]


def _has_letter(option: str, letters: str) -> bool:
    cluster = option.partition("/")[0]
    return not option.startswith("--") and any(letter in cluster for letter in letters)


def _attached(options: list[str]) -> list[str]:
    """The file in `-p/etc/x.conf` and `--load=/etc/x.conf`."""
    return ["/" + option.partition("/")[2] for option in options if "/" in option]
