"""One iptables rule, reduced to what a packet filter's rule is here (packet_filter.py).

Options come with their values, `!` negates. What is not protocol, destination port, connection state or rate narrows
the rule; a state without NEW is about connections that are there already.
"""

from collections.abc import Iterator
from dataclasses import replace

from firmward.facts import packet_filter
from firmward.facts.packet_filter import Match, Ports, Verdict
from firmward.model.location import Location

QUIET_MATCHES = frozenset(
    ("tcp", "udp", "state", "conntrack", "comment", "multiport", "icmp", "icmp6", "limit", "hashlimit")
)
NEW = frozenset(("NEW", "DNAT", "SNAT"))
"""States that a connection may have at its first packet."""
NO_VERDICT = frozenset(("LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TCPMSS", "AUDIT", "SET", "TRACE", "CT", "NOTRACK"))
NAME_LIMIT = 17
"""Bytes of an interface's name, with the sign that stands for any rest."""
ONE_VALUE = frozenset(("--comment", "--log-prefix", "--log-level", "--reject-with", "--limit-burst", "--set-mark"))


def match(words: tuple[str, ...], at: Location) -> Match:
    """One rule, reduced."""
    protocol: str | None = None
    ports: Ports = ()
    narrowed = limited = goes = False
    target: str | None = None
    ways: tuple[str, ...] = ()
    pairs = list(_pairs(words))
    established = any(option in ("-i", "-o") and value == "lo" and not negated for negated, option, value in pairs)
    for negated, option, value in pairs:
        match option:
            case "-j" | "-g":
                target, goes = value, option == "-g"
            case "-p":
                protocol = None if value == "all" else {"6": "tcp", "17": "udp"}.get(value, value)
                narrowed = narrowed or negated
            case "--dport" | "--dports":
                ports = tuple(port for part in value.split(",") for port in packet_filter.port_ranges(part, ":"))
                ports = packet_filter.all_but(ports) if negated else ports
                narrowed = narrowed or not ports
            case "--state" | "--ctstate":
                established = established or (not NEW & set(value.upper().split(",")) and not negated)
            case "--limit" | "--hashlimit-upto" | "--hashlimit-above":
                limited = True
            case "-m":
                narrowed = narrowed or value not in QUIET_MATCHES
            case _ if _narrows_nothing(option, value):
                continue
            case "-o" if not negated and not ways and len(value) < NAME_LIMIT:
                # a plus sign at the end stands for any rest
                ways = (f"{value[:-1]}*" if value.endswith("+") else value,)
            case _:
                narrowed = True
    found = Match(at, None, None, goes, False, protocol, ports, narrowed or bool(ways), limited, established)
    return _concluded(replace(found, ways=() if narrowed else ways), target)


def _narrows_nothing(option: str, value: str) -> bool:
    """What is only noted, or takes all addresses; of the loopback interface, and all but it, the states tell."""
    everywhere = option in ("-s", "-d") and value in ("0.0.0.0/0", "::/0")
    loopback = option in ("-i", "-o") and value == "lo"
    return everywhere or loopback or option in ONE_VALUE or option.startswith("--hashlimit")


def _concluded(match: Match, target: str | None) -> Match:
    if target == "ACCEPT":
        return replace(match, verdict=Verdict.ACCEPT)
    if target in ("DROP", "REJECT", "TARPIT", "STEAL"):
        return replace(match, verdict=Verdict.DROP)
    if target == "RETURN":
        return replace(match, returns=True)
    if target is None or target in NO_VERDICT:
        return match
    return replace(match, jump=target)


def _pairs(words: tuple[str, ...]) -> Iterator[tuple[bool, str, str]]:
    """Options with their values; `!` before one negates it."""
    negated = False
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word == "!":
            negated = True
            continue
        value = ""
        if position < len(words) and words[position] == "!":
            negated = True
            position += 1
        if position < len(words) and not words[position].startswith("-"):
            value = words[position]
            position += 1
        if word.startswith("-"):
            yield negated, word, value
        negated = False
