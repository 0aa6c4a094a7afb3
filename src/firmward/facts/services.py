"""The services that start, programs that go on running or answer calls: who runs, reaches and confines them.

A service is one program of one unit, init script, inittab line or table of inetd and xinetd. What only sets something
up and ends is none: units of Type=oneshot, commands before and after a unit's own, tools in scripts. A program in a
script is a service when the script means it to stay, when it listens, or by its name; of one that no sign tells
anything, nothing is said. `docker run` and its like, where a service's script or unit calls them, are what keeps a
container: it is that service.
anything, nothing is said. `elsewhere` are the scripts that init starts by a link from a folder of its own and that lie
on a file system which the image does not hold: what they run, nobody can tell, but that they start is certain.

It runs as whom its manager says, unless it gives up root itself (own_user.py); what cannot be read of this leaves
`is_root` None, and `unread` says why. Measures: units/confinement.py for systemd, scripts/confinement.py for scripts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from firmward.facts import behind, net_program, own_user, plumbing, sandbox
from firmward.facts.accounts import Accounts
from firmward.facts.command_line import own_words
from firmward.facts.container import run_command
from firmward.facts.daemon import OWN_FAMILY, ROWS
from firmward.facts.exposure import reach
from firmward.facts.firewall import Firewall
from firmward.facts.listeners import Listener, Listeners
from firmward.facts.measure import LIMITS, SANDBOX, Measure
from firmward.facts.packet_filter import Reach
from firmward.facts.process import is_multi_call
from firmward.facts.scripts import places
from firmward.facts.startup import Manager, Process, Start, Startup
from firmward.facts.systemd import SystemdUnits
from firmward.facts.units import confinement
from firmward.facts.units.load import Units
from firmward.facts.units.unit import Unit
from firmward.facts.writable import SYSTEM_FOLDERS, Writable, standing
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

__all__ = ["LIMITS", "SANDBOX", "Manager", "Measure", "Service", "Services", "Start", "collect"]

_NUMBER = re.compile(r"^[SK][0-9]{2}")
LINKS = ("etc/rc.d/S*", "etc/rc[S2-5].d/S*", "etc/rc.d/rc[S2-5].d/S*", "etc/runlevels/*/*", "etc/init.d/S[0-9][0-9]*")
"""Links by which init starts a script."""
ROOTS = frozenset(("root", "0"))
LAUNCHERS = ("setpriv", "prlimit", "ujail", "supervise-daemon")
COMMAND_LINES, COMMAND_LENGTH, FILES_LIMIT = 8, 1000, 100
UNPRIVILEGED = frozenset((Measure.CAPABILITIES, Measure.KERNEL))
"""What a user other than root has not in any case."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service that starts.

    `name` is the unit, script or table entry, with the program behind it where a script starts several; `manager` who
    starts it, `program` what runs, `start` when, `at` where it is started. `user` is whose rights it has while it
    works, None for root's; `is_root` says so, None where it cannot be told. `listeners` are its sockets that others can
    reach, as far as the packet filter tells; `measures` what confines it. `is_applet` tells a program of BusyBox's.
    """

    name: str
    manager: Manager
    program: str
    start: Start
    at: Location
    user: str | None
    is_root: bool | None
    listeners: tuple[Listener, ...]
    measures: frozenset[Measure]
    is_applet: bool = False
    unit: str = ""
    """The unit, script or table entry alone, as its manager knows it."""
    opened: tuple[Listener, ...] = ()
    """All sockets, those that a firewall keeps closed among them."""
    behind: str | None = None
    """What the program runs, where it only hands on (behind.py)."""
    argv: tuple[str, ...] = ()
    """Its command line."""
    command: tuple[tuple[int, str], ...] = ()
    """The lines at `at` that start it, with their numbers: more than one where a line goes on in the next."""
    settings: frozenset[str] = frozenset()
    """What its unit sets for itself, by name (systemd)."""
    drop_in: str = ""
    """The last of the unit's drop-ins by name, which counts most (systemd)."""
    is_beyond: bool = False
    """Its configuration asks for more than the program was seen to do in its sandbox (sandbox.py)."""

    @property
    def runs(self) -> str:
        """The program as a person would name it."""
        return f"{self.program} {self.behind}" if self.behind else self.program

    @property
    def names(self) -> frozenset[str]:
        """The names by which a policy may mean it."""
        plain = self.unit.removesuffix(".service")
        # who starts a container with the engine's client is not the engine
        own = () if self.program in run_command.ENGINES else (self.program,)
        return frozenset((self.name, plain, plain.partition("@")[0], _NUMBER.sub("", plain), *own))

    @property
    def is_exposed(self) -> bool:
        """Whether others than the device itself can reach it."""
        return bool(self.listeners)

    @property
    def is_basic(self) -> bool:
        """It is a part of every system, and no service that somebody decided to offer."""
        if self._is_shell_of_socket:
            return False
        names = {self.name, self.program}
        return plumbing.is_basic(self.program) or any(name.startswith("systemd-") for name in names)

    @property
    def needs_root(self) -> bool:
        if self._is_shell_of_socket:
            return False
        known = any(plumbing.needs_root(name) for name in (*self.names, self.program))
        return self.is_basic or known or (self.is_applet and self.program in plumbing.ROOT_APPLETS)

    @property
    def _is_shell_of_socket(self) -> bool:
        """A shell that gets what a socket receives is none of a console's."""
        return bool(self.opened) and self.program in net_program.SHELLS

    @property
    def is_confinable(self) -> bool:
        """A sandbox and limits leave room for its work, or it need not run at all, as what lets in by telnet."""
        if self.is_basic:
            return False
        return not self.needs_root or any(plumbing.is_confinable(name) for name in self.names)

    @property
    def is_remote_shell(self) -> bool:
        """It lets in by telnet, rsh and their like: as root, and what confined it would confine who logs in."""
        return self.program in plumbing.REMOTE_SHELLS


@dataclass(frozen=True, slots=True)
class LinkedScript:
    """A script called `name` that init starts by the link at `path`; it `leads` to what the image does not hold."""

    name: str
    path: str
    leads: str


@dataclass(frozen=True, slots=True)
class Services:
    """All `services` that start, and the scripts that start from `elsewhere`; `unread` says what could not be worked
    out, a sentence each. `accounts` are the names of the accounts, with their numbers and those of their groups, and
    `launchers` the programs that could confine a service, by name with their paths."""

    services: tuple[Service, ...]
    unread: tuple[str, ...] = ()
    elsewhere: tuple[LinkedScript, ...] = ()
    accounts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    launchers: Mapping[str, str] = field(default_factory=dict)


def collect(
    tree: Tree,
    startup: Startup,
    units: SystemdUnits | Unknown | None,
    listeners: Listeners | Unknown | None,
    firewall: Firewall | Unknown | None,
    accounts: Accounts | Unknown | None,
    writable: Writable | Unknown | None,
) -> Services:
    known = units.units if isinstance(units, SystemdUnits) else {}
    heard = listeners.listeners if isinstance(listeners, Listeners) else ()
    exposed = tuple(one for one in heard if reach(one, firewall) is not Reach.CLOSED)
    names = frozenset(one.name for one in accounts.accounts) if isinstance(accounts, Accounts) else None
    loaded = Units(tree) if known else None
    found: dict[str, Service] = {}
    unread = list(startup.unread_servers)
    for process in startup.processes:
        unit = known.get(process.service) if process.manager is Manager.SYSTEMD else None
        if process.start is Start.DISABLED or not is_service(process, heard):
            continue
        service, lost = _service(tree, process, _own(process, exposed), names)
        service = replace(service, opened=_own(process, heard), **_how(tree, process, unit))
        unread += lost
        if unit is not None and loaded is not None:
            service = replace(service, measures=service.measures | confinement.measures(loaded, unit))
        name = _name(service, found)
        if name not in found or (service.is_root and not found[name].is_root):
            found[name] = service
    services = tuple(replace(service, name=name) for name, service in found.items())
    elsewhere = tuple(_elsewhere(tree, writable, unread)) if isinstance(writable, Writable) else ()
    numbers = {one.name: (one.uid, one.gid) for one in accounts.accounts} if isinstance(accounts, Accounts) else {}
    return Services(services, tuple(dict.fromkeys(unread)), elsewhere, numbers, dict(_launchers(tree)))


def _how(tree: Tree, process: Process, unit: Unit | None) -> dict[str, Any]:
    """What a cure has to know of how it is started."""
    own = unit.sections.get("Service", ()) if unit is not None else ()
    row = sandbox.rows().get(process.program)
    return {
        "argv": process.argv,
        "command": tuple(_command(tree, process.at)),
        "settings": frozenset(one.key for one in own),
        "drop_in": max((path.rpartition("/")[2] for path in unit.drop_ins), default="") if unit is not None else "",
        "is_beyond": row is not None and row.does_more(_configuration(tree, process, row)),
    }


def _command(tree: Tree, at: Location) -> Iterator[tuple[int, str]]:
    """The lines of a command, on to the one that does not end with a backslash. Empty where they cannot be shown."""
    try:
        text = tree.text(at.path) if at.path is not None and at.line is not None else None
    except Unavailable:
        return
    lines = (text or "").split("\n")
    for number in range(at.line or 1, min((at.line or 1) + COMMAND_LINES, len(lines) + 1)):
        line = lines[number - 1]
        if len(line) > COMMAND_LENGTH or (not line.isprintable() and "\t" not in line):
            return
        if sandbox.SECRET.search(line):
            return
        yield number, line
        if not line.endswith("\\"):
            return


def _configuration(tree: Tree, process: Process, row: sandbox.Sandbox) -> str:
    """What the program is told: the files that its command line names, else those where it looks."""
    named = [word.strip("/") for word in process.argv[1:] if word.startswith("/") and tree.is_file(word.strip("/"))]
    places = named or [path for pattern in row.configuration for path in tree.glob(pattern)]
    try:
        return "\n".join(text for path in places[:FILES_LIMIT] for text in own_user.texts(tree, path))
    except Unavailable:
        return row.unread


def _launchers(tree: Tree) -> Iterator[tuple[str, str]]:
    for name in LAUNCHERS:
        for folder in places.PATH:
            found = tree.resolve(f"{folder}/{name}")
            # BusyBox's applets of these names know next to no options
            if found is not None and found.kind is Kind.FILE and not is_multi_call(found.name):
                yield name, f"/{folder}/{name}"
                break


def _elsewhere(tree: Tree, writable: Writable, unread: list[str]) -> Iterator[LinkedScript]:
    """What init's own links name and the image does not hold, once for each name."""
    told = set()
    for path in (path for pattern in LINKS for path in tree.glob(pattern)):
        name = _NUMBER.sub("", path.rpartition("/")[2])
        if tree.resolve(path) is not None or name in told:
            continue
        try:
            stands = standing(tree, writable, path)
        except Unavailable as reason:
            unread.append(str(reason))
            continue
        if writable.is_led_out(stands):
            told.add(name)
            yield LinkedScript(name, path, stands.leads)
        elif writable.unread and stands.leads.partition("/")[0] not in SYSTEM_FOLDERS:
            unread.append(f"/{path} starts /{stands.leads}, which is not in the image: {writable.unread[0]}")


def _service(
    tree: Tree, process: Process, listeners: tuple[Listener, ...], accounts: frozenset[str] | None
) -> tuple[Service, list[str]]:
    is_applet = net_program.is_busybox(tree, process)
    user, is_root, lost = process.user, (process.user or "root") in ROOTS, []
    undecided = False
    if is_root:
        try:
            user = own_user.of(tree, process, accounts, is_applet).name
            is_root = (user or "root") in ROOTS
        except Unavailable as reason:
            lost.append(f"{process.service}: {reason}")
            undecided = True
    elif "$" in (process.user or ""):
        lost.append(f"{process.at}: whom {process.program} runs as is known at run time only")
        undecided = True
    return (
        Service(
            process.service,
            process.manager,
            process.program,
            process.start,
            process.at,
            None if is_root else user,
            None if undecided else is_root,
            listeners,
            process.measures | (frozenset() if is_root else UNPRIVILEGED),
            is_applet,
            process.service,
            behind=behind.of(process),
        ),
        lost,
    )


def _name(service: Service, known: Mapping[str, Service]) -> str:
    """Stable over builds: the first program of a script has the script's name, the others their own behind it."""
    if service.manager in (Manager.SCRIPT, Manager.INITTAB):
        return service.program
    first = known.get(service.name)
    alike = first is None or first.program == service.program
    return service.name if alike else f"{service.name} {service.program}"


def _own(process: Process, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
    return tuple(one for one in listeners if one.service == process.service and one.program == process.program)


def is_service(process: Process, listeners: tuple[Listener, ...]) -> bool:
    program = process.program
    if not program or "$" in program or process.argv[0] == "internal":
        return False
    if process.manager in (Manager.INETD, Manager.XINETD) or process.tty is not None:
        return True
    if program in plumbing.SETTING_UP:
        return False
    if program in run_command.ENGINES:
        return process.manager is not Manager.SCRIPT and _keeps_container(process)
    if process.manager is Manager.SYSTEMD:
        return process.stays
    return process.stays or any(_signs(process, listeners))


def _keeps_container(process: Process) -> bool:
    """`docker run`, `start` and `compose up` leave a container behind, unless it is only made or is for one command."""
    words = own_words(process.argv)
    container = run_command.of_command(words, process.service, process.at)
    return (container is not None and "run" in words) or "start" in words[:2] or {"compose", "up"} <= set(words)


def _signs(process: Process, listeners: tuple[Listener, ...]) -> Iterator[bool]:
    """What tells that a program goes on running."""
    program = process.program
    yield program in ROWS or program in OWN_FAMILY or program in own_user.BY_NAME
    yield any(one.program == program and one.service == process.service for one in listeners)
    yield process.manager is Manager.INITTAB and process.at.path == "etc/inittab"
    yield len(program) > 3 and program.endswith("d") and process.argv[0].rpartition("/")[2] == program
    yield any(word.startswith("--daemon") or word == "--background" for word in process.argv[1:])
