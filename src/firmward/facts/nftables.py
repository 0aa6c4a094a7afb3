"""The nftables rules that the system loads at boot.

The rules are those of `nft -f FILE` and of `nft` commands among what starts, in order, as nft carries them out
(formats/nftables.py). Only chains of type `filter` at input, output or forward decide here. A rule decides about new
connections unless it asks for established ones; a condition other than protocol and port narrows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from posixpath import dirname

from firmward.facts import packet_filter
from firmward.facts.configuration_file import ConfigurationFiles, inside
from firmward.facts.loading import commands
from firmward.facts.packet_filter import Hook, Match, Ports, Verdict
from firmward.facts.startup import Startup
from firmward.formats import nftables
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

USUAL_FILES = ("etc/nftables.conf", "etc/nftables/main.nft", "etc/sysconfig/nftables.conf", "etc/nftables.nft")
SILENT = frozenset(("counter", "log", "comment", "packets", "bytes", "meta"))
ESTABLISHED = frozenset(("established", "related"))


@dataclass(frozen=True, slots=True)
class Nftables:
    """`loaded` says where each load stands; `unloaded` are rules files that nothing loads."""

    chains: tuple[packet_filter.Chain, ...]
    loaded: tuple[Location, ...] = ()
    unloaded: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    has_tables: bool = False


def collect(tree: Tree, startup: Startup) -> Nftables | None:
    ruleset = nftables.Ruleset()
    files = ConfigurationFiles(tree)
    loaded: list[Location] = []
    read: set[str] = set()
    for command in commands(tree, startup, "nft"):
        path = _file(command.words)
        if path == "-" or (path and "$" in path):
            files.lose(f"{command.at}: the rules of nft -f {path} cannot be known")
        elif path:
            text = files.main(path)
            read.add(inside(path))
            _load(text, inside(path), files, ruleset)
        else:
            nftables.command(command.words, command.at, ruleset)
        loaded.append(command.at)
    unloaded = tuple(path for path in USUAL_FILES if tree.is_file(path) and path not in read)
    if not loaded and not unloaded:
        return None
    chains = parse(ruleset) if loaded else ()
    unread = tuple(dict.fromkeys((*files.unread, *ruleset.problems)))
    return Nftables(chains, tuple(loaded), unloaded, unread, bool(ruleset.chains))


def parse(ruleset: nftables.Ruleset) -> tuple[packet_filter.Chain, ...]:
    """The filter chains of a ruleset."""
    found = []
    for (family, table, name), chain in ruleset.chains.items():
        base = chain.base
        if base is None or base.type != "filter" or family not in ("ip", "ip6", "inet"):
            continue
        if base.hook not in tuple(Hook):
            continue
        siblings = {
            key[2]: [match(rule.words, rule.at) for rule in other.rules]
            for key, other in ruleset.chains.items()
            if key[:2] == (family, table)
        }
        found.append(
            packet_filter.Chain(
                family,
                Hook(base.hook),
                Verdict.DROP if chain.policy == "drop" else Verdict.ACCEPT,
                chain.policy_at or chain.at,
                packet_filter.flatten(name, siblings),
            )
        )
    return tuple(found)


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
    set_words: list[str] = field(default_factory=list)

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
        reading.narrowed,
        reading.limited,
        reading.established,
    )


def _step(reading: _Reading) -> None:
    word = reading.words[reading.position]
    reading.position += 1
    if word in ("accept", "drop", "reject", "jump", "goto", "return"):
        _conclude(reading, word)
    elif word in ("tcp", "udp", "th") and reading.words[reading.position : reading.position + 1] == ("dport",):
        reading.position += 1
        reading.protocol = reading.protocol if word == "th" else word
        _ports(reading)
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
    elif word not in ("meta", "ip", "ip6", "inet", "th"):
        reading.narrowed = True
        if word == "{":
            reading.position -= 1
            reading.value()


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
    if values in (("!=",), ("vmap",), ("<",), (">",), ("<=",), (">=",), ("map",)):
        reading.value()
        reading.narrowed = True
        return
    if values == ("==",):
        values = reading.value()
    ports = [packet_filter.port_ranges(value) for value in values]
    if not all(ports):
        reading.narrowed = True
    reading.ports = tuple(port for ranges in ports for port in ranges)


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
        if word not in known and "/" not in word and not word.isdigit():
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


def _file(words: Iterable[str]) -> str | None:
    """The file of `-f`, also in a cluster such as `-cf`."""
    plain = tuple(words)
    for position, word in enumerate(plain[:-1]):
        if word in ("-f", "--file") or (word.startswith("-") and not word.startswith("--") and word.endswith("f")):
            return plain[position + 1]
    return next((word[7:] for word in plain if word.startswith("--file=")), None)


def _load(text: str | None, path: str, files: ConfigurationFiles, ruleset: nftables.Ruleset) -> None:
    if text is None:
        return
    try:
        nftables.parse(text, path, lambda name, at: files.included(name, at, _base(name, path)), ruleset)
    except Unavailable as reason:
        files.lose(str(reason))


def _base(name: str, path: str) -> str:
    """nft looks for a plain name in etc; `./name` stands beside the file."""
    return dirname(path) if name.startswith("./") else "etc"
