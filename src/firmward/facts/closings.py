"""How a program that starts is started no more: its service as a whole, or the one line that starts it.

Rules. What systemd, inetd and xinetd start is switched off by name, and a line of inittab goes. Of an init script that
starts more than one program that goes on running the line goes, when it can go alone, or the loop that starts it over
and over (scripts/lone.py); so it does in every other script. Where it cannot, the service goes with all that it starts,
unless a script starts it that does more than this. What needs a service goes with it; OpenRC starts what another one
needs in any case.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts.openrc import OpenrcServices
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts import lone
from firmward.facts.services import is_service
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.remedy import DisableService, RemoveLine, ReplaceLine
from firmward.model.tree import Tree

INITTAB = "etc/inittab"
BY_NAME = (Manager.INETD, Manager.XINETD)
REQUIRES = ("Requires", "BindsTo", "Requisite")
SHOWN = 50
"""Programs of one service that are told apart."""
LIMIT = 1000
"""Programs looked at; a real system starts some hundred."""

Change = DisableService | RemoveLine | ReplaceLine


@dataclass(frozen=True, slots=True)
class Closing:
    """What to `change` so that the `program` which `manager` starts for `service` at `at` does not start. `takes` are
    other programs that end with it."""

    manager: Manager
    service: str
    program: str
    at: Location
    change: Change
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closings:
    """`all` that is known; what starts and is not listed, a person has to look for."""

    all: tuple[Closing, ...]
    needs: frozenset[tuple[Manager, str, str]] = frozenset()
    """Services that start, and by name what they need of the same manager."""

    def needed(self, manager: Manager, service: str) -> tuple[str, ...]:
        """The services that do not start without this one."""
        return tuple(sorted(who for one, who, what in self.needs if (one, what) == (manager, service)))

    def at(self, manager: Manager, service: str, at: Location) -> Closing | None:
        """Of the program that is started at a place."""
        return next((one for one in self.all if (one.manager, one.service, one.at) == (manager, service, at)), None)

    def of(self, service: str, program: str) -> tuple[Closing, ...]:
        """Of a program of a service, wherever it is started."""
        return tuple(one for one in self.all if (one.service, one.program) == (service, program))


def collect(
    tree: Tree, startup: Startup, units: SystemdUnits | Unknown | None, openrc: OpenrcServices | Unknown | None
) -> Closings:
    running = [one for one in startup.processes if one.start is not Start.DISABLED][:LIMIT]
    shares = _Shares(running)
    scripts = lone.Scripts(tree)
    paths = frozenset(startup.scripts)
    found = (_closing(tree, one, shares, scripts, paths) for one in running)
    needs = frozenset(_needs(units, openrc))
    closings = (_with_needs(one, needs) for one in dict.fromkeys(found) if one is not None)
    return Closings(tuple(one for one in closings if one is not None), needs)


def _needs(
    units: SystemdUnits | Unknown | None, openrc: OpenrcServices | Unknown | None
) -> Iterator[tuple[Manager, str, str]]:
    """Services that start, and those without which they do not."""
    for unit in units.units.values() if isinstance(units, SystemdUnits) else ():
        if unit.start is not Start.DISABLED and unit.kind == "service":
            yield from ((Manager.SYSTEMD, unit.name, name) for name in unit.words("Unit", *REQUIRES))
    for name, needed in openrc.needs if isinstance(openrc, OpenrcServices) else ():
        yield Manager.OPENRC, name, needed


def _with_needs(closing: Closing, needs: frozenset[tuple[Manager, str, str]]) -> Closing | None:
    """OpenRC starts what another one needs in any case; under systemd that one fails too."""
    if not isinstance(closing.change, DisableService):
        return closing
    by = sorted(who for manager, who, what in needs if (manager, what) == (closing.manager, closing.service))
    if by and closing.manager is Manager.OPENRC:
        return None
    return replace(closing, takes=tuple(dict.fromkeys((*closing.takes, *by))))


class _Shares:
    """What goes on running of each service, and of each line."""

    def __init__(self, running: Iterable[Process]) -> None:
        self._of_service: dict[tuple[Manager, str], dict[str, None]] = {}
        self._of_line: dict[Location, set[str]] = {}
        for one in running:
            if is_service(one, ()):
                self._of_service.setdefault((one.manager, one.service), {}).setdefault(one.program)
                self._of_line.setdefault(one.at, set()).add(one.program)

    def others(self, process: Process) -> tuple[str, ...]:
        known = self._of_service.get((process.manager, process.service), {})
        return tuple(one for one in list(known)[:SHOWN] if one != process.program)

    def is_shared(self, process: Process) -> bool:
        """Whether the line that starts it starts another one too."""
        return bool(self._of_line.get(process.at, set()) - {process.program})


def _closing(
    tree: Tree, process: Process, shares: _Shares, scripts: lone.Scripts, started: frozenset[str]
) -> Closing | None:
    def by(change: Change, takes: tuple[str, ...] = ()) -> Closing:
        return Closing(process.manager, process.service, process.program, process.at, change, takes)

    path, others = process.at.path, shares.others(process)
    if process.manager is Manager.INITTAB and path == INITTAB:
        line = _line(tree, process.at)
        return None if line is None else by(RemoveLine(INITTAB, process.at.line or 1, line))
    whole = by(DisableService(process.manager.value, process.service), others) if process.is_service else None
    entry = tree.resolve(path) if path is not None else None
    is_script = entry is not None and (entry.path in started or process.manager is Manager.SCRIPT)
    if process.manager in BY_NAME or entry is None or not is_script:
        return whole
    is_own = _plain(entry.name) == _plain(process.service)
    if whole is not None and is_own and not others:
        return whole
    cut = None if shares.is_shared(process) else scripts.cut_program(process.at)
    return by(cut) if cut is not None else whole


def _plain(name: str) -> str:
    return name.removesuffix(".service").removesuffix(".sh")


def _line(tree: Tree, at: Location) -> str | None:
    try:
        lines = (tree.text(at.path or "") or "").split("\n")
    except Unavailable:
        return None
    line = lines[at.line - 1] if at.line is not None and 0 < at.line <= len(lines) else ""
    return line[: lone.TEXT_LIMIT] or None
