"""One nftables rule, reduced to what a packet filter's rule is here (packet_filter.py).

Words are taken in order; what is not protocol, port, family, connection state or rate narrows the rule. `ct state` with
no `new` in it is about connections that are there already.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts import packet_filter
from firmward.facts.number import is_number
from firmward.facts.packet_filter import Match, Ports, Verdict
from firmward.model.location import Location

PORT_WORDS = frozenset((("tcp", "dport"), ("udp", "dport"), ("th", "dport")))
OTHER_PROTOCOLS = frozenset(("icmp", "icmpv6", "igmp", "esp", "ah", "sctp", "dccp", "udplite", "comp"))
"""Words that begin a condition which no TCP or UDP packet meets."""


def expand(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A rule with a verdict map as one rule for each of its elements: `tcp dport vmap { 22 : accept }`."""
    position = words.index("vmap") if "vmap" in words else None
    if position is None or words[position + 1 : position + 2] != ("{",) or "}" not in words[position:]:
        yield words
        return
    end = words.index("}", position)
    element: list[str] = []
    for word in (*words[position + 2 : end], ","):
        if word == ",":
            yield (*words[:position], *(part for part in element if part != ":"))
            element = []
        else:
            element.append(word)


@dataclass(slots=True)
class _Reading:
    words: tuple[str, ...]
    position: int = 0
    protocol: str | None = None
    ports: Ports = ()
    narrowed: bool = False
    limited: bool = False
    established: bool = False
    verdict: Verdict | None = None
    jump: str | None = None
    goes: bool = False
    returns: bool = False
    family: str | None = None
    ways: tuple[str, ...] = ()

    def value(self) -> tuple[str, ...]:
        """The next value: a word, or the words of a set."""
        if self.position >= len(self.words):
            return ()
        if self.words[self.position] != "{":
            self.position += 1
            return (self.words[self.position - 1],)
        return self._set()

    def _set(self) -> tuple[str, ...]:
        depth = 0
        found: list[str] = []
        while self.position < len(self.words):
            word = self.words[self.position]
            self.position += 1
            depth += {"{": 1, "}": -1}.get(word, 0)
            if word not in ("{", "}", ","):
                found.append(word)
            if depth == 0:
                break
        return tuple(found)


def match(words: tuple[str, ...], at: Location) -> Match:
    """One rule, reduced."""
    reading = _Reading(words)
    while reading.position < len(words):
        _step(reading)
    return Match(
        at,
        reading.verdict,
        reading.jump,
        reading.goes,
        reading.returns,
        reading.protocol,
        reading.ports,
        reading.narrowed or bool(reading.ways),
        reading.limited,
        reading.established,
        reading.family,
        ways=() if reading.narrowed else reading.ways,
    )


def _step(reading: _Reading) -> None:
    word = reading.words[reading.position]
    reading.position += 1
    following = reading.words[reading.position] if reading.position < len(reading.words) else ""
    if word in ("accept", "drop", "reject", "jump", "goto", "return"):
        _conclude(reading, word)
    elif word in ("ip", "ip6"):
        reading.family = word
        if following not in ("protocol", "nexthdr"):
            _narrow(reading)
    elif (word, following) in PORT_WORDS:
        reading.position += 1
        reading.protocol = reading.protocol if word == "th" else word
        _ports(reading)
    elif (word, following) == ("meta", "nfproto") or word == "nfproto":
        _family(reading)
    elif word in OTHER_PROTOCOLS:
        reading.protocol = "icmp"
        _narrow(reading)
    else:
        _rest(reading, word)


def _rest(reading: _Reading, word: str) -> None:
    if word in INTERFACES:
        _interface(reading, word)
    elif word in ("protocol", "nexthdr", "l4proto"):
        _protocol(reading)
    elif word == "ct" and reading.words[reading.position : reading.position + 1] == ("state",):
        reading.position += 1
        _state(reading)
    elif word == "limit":
        reading.limited = True
        reading.position = _after_limit(reading)
    elif word in ("counter", "log", "comment"):
        _silent(reading)
    elif word != "meta":
        reading.position -= 1
        _narrow(reading)


NAME_LIMIT = 16
"""Bytes of an interface's name, as the kernel has it."""
OUTGOING = ("oif", "oifname")
INTERFACES = frozenset(("iif", "iifname", *OUTGOING))


def _interface(reading: _Reading, word: str) -> None:
    """All but the loopback interface is everything that counts; all by one outgoing interface may be nearly that."""
    values = tuple(value.strip('"') for value in reading.value())
    differs = values == ("!=",)
    if differs or values == ("==",):
        values = tuple(value.strip('"') for value in reading.value())
    if values == ("lo",):
        reading.established = reading.established or not differs
    elif word in OUTGOING and not differs and values and not reading.ways and len(max(values, key=len)) < NAME_LIMIT:
        reading.ways = values
    else:
        reading.narrowed = True


def _narrow(reading: _Reading) -> None:
    """Past one word or set that asks for more than protocol and port."""
    reading.narrowed = True
    reading.value()


def _family(reading: _Reading) -> None:
    values = reading.value()
    if values == ("nfproto",):
        values = reading.value()
    reading.family = {"ipv4": "ip", "ipv6": "ip6"}.get(values[0] if len(values) == 1 else "")


def _conclude(reading: _Reading, word: str) -> None:
    if word in ("jump", "goto"):
        reading.jump = "".join(reading.value())
        reading.goes = word == "goto"
    elif word == "return":
        reading.returns = True
    else:
        reading.verdict = Verdict.ACCEPT if word == "accept" else Verdict.DROP
        reading.position = len(reading.words)


def _ports(reading: _Reading) -> None:
    values = reading.value()
    if values in (("vmap",), ("<",), (">",), ("<=",), (">=",), ("map",)):
        reading.value()
        reading.narrowed = True
        return
    differs = values == ("!=",)
    if differs or values == ("==",):
        values = reading.value()
    ports = [packet_filter.port_ranges(value) for value in values]
    if not all(ports):
        reading.narrowed = True
    known = tuple(port for ranges in ports for port in ranges)
    reading.ports = packet_filter.all_but(known) if differs else known


def _protocol(reading: _Reading) -> None:
    values = reading.value()
    if len(values) == 1 and values[0] in ("tcp", "udp", "6", "17"):
        reading.protocol = {"6": "tcp", "17": "udp"}.get(values[0], values[0])
    elif not {"tcp", "udp"} & set(values) and "!=" not in values:
        reading.protocol = values[0] if values else None
    elif "!=" in values:
        reading.value()
        reading.narrowed = True
    elif set(values) != {"tcp", "udp"}:
        reading.narrowed = True


def _state(reading: _Reading) -> None:
    states = {state for value in reading.value() for state in value.split(",")}
    while reading.words[reading.position : reading.position + 1] == (",",):
        reading.position += 1
        states |= set(reading.value())
    if "vmap" in states:
        reading.value()
        reading.established = True
    elif "new" not in states:
        reading.established = True


def _after_limit(reading: _Reading) -> int:
    """Past `rate [over] 10/second [burst 5 packets]`."""
    position = reading.position
    known = ("rate", "over", "until", "burst", "packets", "bytes", "kbytes", "mbytes", "name")
    while position < len(reading.words):
        word = reading.words[position]
        if word not in known and "/" not in word and not is_number(word):
            break
        position += 1
    return position


def _silent(reading: _Reading) -> None:
    """Past `counter packets 0 bytes 0`, `log prefix "x" level info`, `comment "x"`: nothing is decided by them."""
    takes = {"packets", "bytes", "prefix", "level", "group", "snaplen", "queue-threshold", "flags", "name"}
    if reading.words[reading.position - 1] == "comment":
        reading.position += 1
        return
    while reading.position < len(reading.words) and reading.words[reading.position] in takes:
        reading.position += 2
