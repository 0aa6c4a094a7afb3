"""The services that others on the network reach, each with its program and its rights.

Joined from the sockets (listeners) and from what starts: who listens, as which file, started by what, as which user.
"""

from dataclasses import dataclass

from firmward.facts import behind
from firmward.facts.listeners import Listener, Listeners
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts import places
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits, Unit
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

ROOT = ("root", "0")


@dataclass(frozen=True, slots=True)
class NetworkService:
    """One service. `name` is its unit or script, `program` the program's name, `path` its file with links followed,
    None where it is not in this tree; `at` is what starts it; `user` is None for root; `unit` is systemd's."""

    name: str
    program: str
    path: str | None
    at: Location
    user: str | None = None
    unit: Unit | None = None
    behind: str | None = None
    """What the program runs, where it only hands on (behind.py)."""
    manager: Manager | None = None
    """Who starts it, where that is known."""

    @property
    def runs(self) -> str:
        """The program as a person would name it."""
        return f"{self.program} {self.behind}" if self.behind else self.program

    @property
    def is_root(self) -> bool:
        return self.user is None

    def paths(self) -> tuple[str, ...]:
        """Where its file lies, or would lie."""
        return (self.path,) if self.path else tuple(f"{folder}/{self.program}" for folder in places.PATH)


@dataclass(frozen=True, slots=True)
class NetworkServices:
    """All `services`, each once; `unread` says in words what may hide another."""

    services: tuple[NetworkService, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, startup: Startup, listeners: Listeners, units: SystemdUnits | Unknown | None
) -> NetworkServices:
    found: dict[tuple[str, str], NetworkService] = {}
    for listener in (one for one in listeners.reachable if one.forwarded_to is None):
        process = _process(startup, listener)
        service = _service(tree, listener, process, units)
        found.setdefault((service.name, service.program), service)
    unread = (*listeners.unread, *((startup.blind,) if startup.blind is not None else ()))
    return NetworkServices(tuple(found.values()), tuple(dict.fromkeys(unread)))


def _process(startup: Startup, listener: Listener) -> Process | None:
    alike = [
        process
        for process in startup.processes
        if process.start is not Start.DISABLED and process.program == listener.program
    ]
    own = [process for process in alike if process.service == listener.service]
    return next(iter((*own, *alike)), None)


def _service(
    tree: Tree, listener: Listener, process: Process | None, units: SystemdUnits | Unknown | None
) -> NetworkService:
    name = process.service if process is not None else listener.service
    unit = units.units.get(name) if isinstance(units, SystemdUnits) else None
    path = places.located(tree, process.argv[0]) if process is not None else ""
    entry = tree.resolve(path) if path else None
    user = process.user if process is not None else None
    if unit is not None and user is None and unit.says("Service", "DynamicUser"):
        user = name
    return NetworkService(
        name,
        listener.program or name,
        entry.path if entry is not None else None,
        process.at if process is not None else listener.at,
        None if user in ROOT else user,
        unit,
        behind.of(process) if process is not None else None,
        process.manager if process is not None else None,
    )
