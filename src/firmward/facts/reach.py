"""How an attacker comes to a program: over the network, by its rights, or because it runs all the time.

What is said is what other families saw, by the path of the program: that it listens and where, that it runs with the
rights of root whoever starts it, that it starts at boot. A file of which nothing is said is not proven to be out of
reach: anything may start it. Libraries are reached through the programs that need them (components.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from firmward.facts.capable_programs import CapablePrograms
from firmward.facts.listeners import Listeners
from firmward.facts.network_services import NetworkServices
from firmward.facts.scripts import places
from firmward.facts.setuid_programs import SetuidPrograms
from firmward.facts.startup import Start, Startup
from firmward.model.facts import Unknown
from firmward.model.tree import Tree

WORDS_LIMIT = 8
"""Ways to one file that are told."""


class How(StrEnum):
    """The nearest way first."""

    NETWORK = "network"
    SETUID = "setuid"
    BOOT = "boot"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a file: `how`, and in `words` that follow its name: "listens on tcp/443". Where the file is a library,
    they begin with the name of the program that needs it, which is `through`."""

    how: How
    words: str
    through: str = ""

    @property
    def does(self) -> str:
        """What is said of the program, without its name."""
        return self.words.removeprefix(self.through).strip()


@dataclass(frozen=True, slots=True)
class Reach:
    """`ways` to each file that has any, by its path, nearest first; `unread` says in words what may hide others."""

    ways: Mapping[str, tuple[Way, ...]] = field(repr=False)
    unread: tuple[str, ...] = ()

    def of(self, paths: Iterable[str]) -> tuple[Way, ...]:
        """The ways to any of these files, each once."""
        found = dict.fromkeys(way for path in paths for way in self.ways.get(path, ()))
        return tuple(sorted(found, key=lambda way: (list(How).index(way.how), way.words)))[:WORDS_LIMIT]


def collect(
    tree: Tree,
    startup: Startup | None | Unknown,
    listeners: Listeners | None | Unknown,
    services: NetworkServices | None | Unknown,
    setuid: SetuidPrograms | None | Unknown,
    capable: CapablePrograms | None | Unknown,
) -> Reach | None:
    families = (startup, listeners, services, setuid, capable)
    if all(family is None for family in families):
        return None
    ways: dict[str, dict[Way, None]] = {}
    for path, way in (
        *_listening(listeners, services),
        *_with_rights(setuid),
        *_capable(capable),
        *_started(tree, startup),
    ):
        ways.setdefault(path, {})[way] = None
    unread = dict.fromkeys(family.reason for family in families if isinstance(family, Unknown))
    return Reach({path: _ordered(found) for path, found in ways.items()}, tuple(unread))


def _ordered(found: Iterable[Way]) -> tuple[Way, ...]:
    return tuple(sorted(found, key=lambda way: list(How).index(way.how)))[:WORDS_LIMIT]


def _listening(
    listeners: Listeners | None | Unknown, services: NetworkServices | None | Unknown
) -> Iterator[tuple[str, Way]]:
    if not isinstance(services, NetworkServices) or not isinstance(listeners, Listeners):
        return
    for service in services.services:
        own = [one.key for one in listeners.reachable if one.program == service.program and one.forwarded_to is None]
        words = f"listens on {', '.join(dict.fromkeys(own))}" if own else "listens on the network"
        yield from ((path, Way(How.NETWORK, words)) for path in service.paths())


def _with_rights(setuid: SetuidPrograms | None | Unknown) -> Iterator[tuple[str, Way]]:
    for one in setuid.programs if isinstance(setuid, SetuidPrograms) else ():
        if one.is_setuid and one.is_open:
            owner = "root" if one.uid == 0 else f"user {one.uid}"
            yield one.path, Way(How.SETUID, f"is setuid {owner}, and anybody may run it")


def _capable(capable: CapablePrograms | None | Unknown) -> Iterator[tuple[str, Way]]:
    for one in capable.programs if isinstance(capable, CapablePrograms) else ():
        yield one.path, Way(How.SETUID, "has capabilities of root, whoever runs it")


def _started(tree: Tree, startup: Startup | None | Unknown) -> Iterator[tuple[str, Way]]:
    for process in startup.processes if isinstance(startup, Startup) else ():
        path = places.located(tree, process.argv[0]) if process.start is not Start.DISABLED else ""
        entry = tree.resolve(path) if path else None
        if entry is not None:
            user = process.user if process.user not in (None, "0") else "root"
            when = "starts at boot" if process.start is Start.BOOT else "starts on demand"
            yield entry.path, Way(How.BOOT, f"{when} as {user}")
