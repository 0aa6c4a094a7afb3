"""What packet filters have in common, however they are written: chains at a hook, rules in order, a policy.

A rule is reduced to what decides whether a new connection passes: protocol, ports, whether anything else narrows it
(an address, an interface, a rate), and its verdict. Jumps are followed, so that a chain is one list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from firmward.facts.number import is_number
from firmward.model.facts import Unavailable
from firmward.model.location import Location

DEPTH_LIMIT = 16
RULES_LIMIT = 5000
"""Rules of a chain after its jumps are followed; of a longer one nothing is known."""
STEPS_LIMIT = 50_000
"""Rules looked at on the way: chains that jump to each other several times over multiply without end."""
RETURNS_LIMIT = 500
"""Conditions that one rule stands behind."""


class Hook(StrEnum):
    INPUT = "input"
    OUTPUT = "output"
    FORWARD = "forward"


class Verdict(StrEnum):
    ACCEPT = "accept"
    DROP = "drop"
    """Dropped or rejected."""


class Reach(StrEnum):
    """Whether a new connection to a port passes."""

    OPEN = "open"
    NARROWED = "narrowed"
    """Only from some addresses or interfaces, or at some rate."""
    CLOSED = "closed"


PORT_LIMIT = 65535
Ports = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Selector:
    """Packets by protocol, ports and family; None and empty are all."""

    protocol: str | None = None
    ports: Ports = ()
    family: str | None = None

    def takes(self, family: str, protocol: str, port: int) -> bool:
        if self.protocol not in (None, protocol) or self.family not in (None, family):
            return False
        return not self.ports or any(low <= port <= high for low, high in self.ports)


@dataclass(frozen=True, slots=True)
class Rule:
    """`protocol` and `family` are None for all, `ports` empty for all. `limited` rules hold a rate, `excluded` is what
    a return before them took away. `ways` are the outgoing interfaces, as patterns, where a rule is narrowed to them
    and to nothing else.
    """

    verdict: Verdict
    at: Location
    protocol: str | None = None
    ports: Ports = ()
    narrowed: bool = False
    limited: bool = False
    family: str | None = None
    excluded: tuple[Selector, ...] = ()
    ways: tuple[str, ...] = ()

    def concerns(self, family: str, protocol: str, port: int) -> bool:
        if any(selector.takes(family, protocol, port) for selector in self.excluded):
            return False
        return Selector(self.protocol, self.ports, self.family).takes(family, protocol, port)

    def catches_all(self, family: str) -> bool:
        """Every packet of this family meets it."""
        return not self.narrowed and self._asks_no_more(family)

    def catches_way(self, family: str, interface: str) -> bool:
        """Every packet of this family that leaves by this interface meets it."""
        by_way = any(fnmatchcase(interface, way) for way in self.ways)
        return (by_way or not self.narrowed) and self._asks_no_more(family)

    def _asks_no_more(self, family: str) -> bool:
        free = self.protocol is None and not self.ports and not self.limited
        return free and not self.excluded and self.family in (None, family)


@dataclass(frozen=True, slots=True)
class Chain:
    """One base chain. `family` is ip, ip6 or inet (both); `at` is where its policy stands."""

    family: str
    hook: Hook
    policy: Verdict
    at: Location
    rules: tuple[Rule, ...] = ()

    def covers(self, family: str) -> bool:
        return self.family in (family, "inet")

    def drops_rest(self, family: str) -> bool:
        """What no rule takes does not pass."""
        last = next((rule for rule in self.rules if rule.catches_all(family)), None)
        return (last.verdict if last else self.policy) is Verdict.DROP

    def decides_at(self, family: str) -> Location:
        """Where it is said what happens to the rest: a rule that catches all, or the policy."""
        return next((rule.at for rule in self.rules if rule.catches_all(family)), self.at)

    def lets_out(self, family: str, interface: str) -> bool:
        """Whatever leaves by this interface passes, wherever it goes."""
        last = next((rule for rule in self.rules if rule.catches_way(family, interface)), None)
        return (last.verdict if last else self.policy) is Verdict.ACCEPT

    @property
    def ways(self) -> tuple[str, ...]:
        """The patterns of outgoing interfaces by which all may leave."""
        return tuple(way for rule in self.rules if rule.verdict is Verdict.ACCEPT for way in rule.ways)

    def reach(self, family: str, protocol: str, port: int) -> Reach:
        """Whether a new connection to this port passes, by the first rule that decides. A rate keeps nobody away."""
        some = False
        for rule in self.rules:
            if not rule.concerns(family, protocol, port):
                continue
            if rule.verdict is Verdict.ACCEPT:
                if not rule.narrowed:
                    return Reach.OPEN
                some = True
            elif not (rule.narrowed or rule.limited):
                return Reach.NARROWED if some else Reach.CLOSED
        if self.policy is Verdict.ACCEPT:
            return Reach.OPEN
        return Reach.NARROWED if some else Reach.CLOSED


@dataclass(frozen=True, slots=True)
class Match:
    """One rule as written: what it asks for, and where it leads. `jump` names a chain, `verdict` ends the matter.

    `established` rules speak of connections that are there already, or of the loopback interface, and decide nothing
    about new ones from elsewhere. `hedged` ones
    stand behind a return that may have been taken: what they accept is taken as accepted, what they drop may pass.
    """

    at: Location
    verdict: Verdict | None = None
    jump: str | None = None
    goes: bool = False
    returns: bool = False
    protocol: str | None = None
    ports: Ports = ()
    narrowed: bool = False
    limited: bool = False
    established: bool = False
    family: str | None = None
    hedged: bool = False
    excluded: tuple[Selector, ...] = ()
    ways: tuple[str, ...] = ()
    """The outgoing interfaces, as patterns, where it is narrowed to these and to nothing else."""


def flatten(name: str, chains: Mapping[str, Iterable[Match]]) -> tuple[Rule, ...]:
    """The chain's rules in order with all jumps followed; circles end. Raises Unavailable when it is too much."""
    flat = _Flat(name)
    _follow(name, chains, Match(Location()), flat, ())
    return tuple(flat.rules)


@dataclass(slots=True)
class _Flat:
    """The rules of a chain so far, and how many were looked at for them."""

    name: str
    rules: list[Rule] = field(default_factory=list)
    steps: int = 0

    def step(self, within: Match) -> None:
        self.steps += 1
        if len(self.rules) >= RULES_LIMIT or self.steps > STEPS_LIMIT or len(within.excluded) > RETURNS_LIMIT:
            raise Unavailable(f"the chain {self.name} has more rules than are followed")


def _follow(
    name: str, chains: Mapping[str, Iterable[Match]], outer: Match, flat: _Flat, above: tuple[str, ...]
) -> None:
    if name in above:
        return
    if len(above) >= DEPTH_LIMIT:
        raise Unavailable(f"the chain {flat.name} jumps more than {DEPTH_LIMIT} deep")
    within = outer
    for match in chains.get(name, ()):
        flat.step(within)
        if match.established:
            continue
        both = _meet(within, match)
        if match.verdict is not None:
            flat.rules.append(_rule(match.verdict, both))
            continue
        if match.jump is not None:
            _follow(match.jump, chains, both, flat, (*above, name))
        if match.returns or match.goes:
            if _asks_nothing(match):
                return
            within = _left_over(within, match)


def _left_over(within: Match, gone: Match) -> Match:
    """What still comes to the rules behind one that led away."""
    if gone.narrowed or gone.limited:
        return replace(within, hedged=True)
    return replace(within, excluded=(*within.excluded, Selector(gone.protocol, gone.ports, gone.family)))


def _rule(verdict: Verdict, match: Match) -> Rule:
    narrowed = match.narrowed or (match.hedged and verdict is Verdict.DROP)
    ways = match.ways if match.narrowed and not (match.hedged and verdict is Verdict.DROP) else ()
    return Rule(
        verdict, match.at, match.protocol, match.ports, narrowed, match.limited, match.family, match.excluded, ways
    )


def _asks_nothing(match: Match) -> bool:
    free = match.protocol is None and not match.ports and not match.narrowed and not match.limited
    return free and match.family is None


def _meet(outer: Match, inner: Match) -> Match:
    """Both conditions at once."""
    contrary = outer.protocol and inner.protocol and outer.protocol != inner.protocol
    by_more = any(one.narrowed and not one.ways for one in (outer, inner)) or bool(contrary)
    return replace(
        inner,
        protocol=inner.protocol or outer.protocol,
        ports=inner.ports or outer.ports,
        narrowed=outer.narrowed or inner.narrowed or bool(contrary) or bool(outer.ports and inner.ports),
        limited=outer.limited or inner.limited,
        family=inner.family or outer.family,
        hedged=outer.hedged or inner.hedged,
        excluded=outer.excluded,
        ways=() if by_more or bool(outer.ways and inner.ways) else inner.ways or outer.ways,
    )


SERVICES = {
    "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "bootps": 67, "bootpc": 68, "tftp": 69, "http": 80,
    "www": 80, "sunrpc": 111, "ntp": 123, "netbios-ns": 137, "netbios-ssn": 139, "snmp": 161, "https": 443,
    "microsoft-ds": 445, "syslog": 514, "mdns": 5353, "mqtt": 1883, "secure-mqtt": 8883,
}  # fmt: skip


def port_ranges(text: str, dash: str = "-") -> Ports:
    """`22`, `1000-2000`, `ssh`; empty where it cannot be read."""
    low, _, high = text.partition(dash)
    first, last = _port(low or "0"), _port(high or low)
    return ((first, last),) if first is not None and last is not None else ()


def all_but(ports: Ports) -> Ports:
    """The ports that are none of these; what `!= 23` takes."""
    found = []
    start = 0
    for low, high in sorted(ports):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    if start <= PORT_LIMIT:
        found.append((start, PORT_LIMIT))
    return tuple(found)


def _port(text: str) -> int | None:
    if is_number(text) and len(text) < 6:
        return int(text)
    return SERVICES.get(text)
