"""Rules of the maker's own in which what lets pass all the rest goes: a policy is turned, a rule for everything leaves.

The facts say which line decides (packet_filter.py), and are asked again after each change. A line that says more than
this one thing is left to a person.
"""

import re
from collections.abc import Iterable

from firmward.facts.collection import Collection
from firmward.facts.firewall import Firewall
from firmward.facts.packet_filter import Chain, Hook, Verdict
from firmward.facts.uplinks import Uplinks
from firmward.harden.draft import Draft, Refused
from firmward.harden.lines import Lines
from firmward.model.facts import Unknown
from firmward.model.location import Location

STEPS_LIMIT = 40
TURNS = (
    (re.compile(r"\bpolicy\s+accept\b"), "policy drop"),
    (re.compile(r"^(\s*:(?:INPUT|OUTPUT|FORWARD)\s+)ACCEPT\b"), r"\g<1>DROP"),
    (re.compile(r"((?:-P|--policy)\s+\S+\s+)[^\s;&|]+"), r"\g<1>DROP"),
    (re.compile(r"^(\s*DEFAULT_(?:INPUT|OUTPUT|FORWARD)_POLICY=)\S+"), r'\g<1>"DROP"'),
)
"""How a policy is written, and what stands there instead."""
ACCEPTS = re.compile(r"\baccept\b|\bACCEPT\b")
SEVERAL = re.compile(r"[;|`]|&&|\$\(|\\$|^\s*(?:if|for|while|case|chain|table)\b|\bhook\b")
"""A line of which only a part would have to go."""
COMMAND = re.compile(r"^(\s*)(?:\"?\$|/|\w*tables\b|nft\b)")


def firewall_of(draft: Draft) -> Firewall | None:
    """Raises Refused where it cannot be known what filters."""
    found = Collection(draft).get(Firewall)
    if isinstance(found, Unknown):
        raise Refused(f"what filters packets here is not known: {found.reason}")
    return found if isinstance(found, Firewall) else None


def tighten(draft: Draft, hooks: Iterable[Hook], families: tuple[str, ...], uplinks: Uplinks | None) -> None:
    """Close these hooks where a filter of the maker's stands at them. Raises Refused for a line that says more."""
    asked = tuple(hooks)
    for _ in range(STEPS_LIMIT):
        at = _deciding(firewall_of(draft), asked, families, uplinks)
        if at is None:
            return
        _edit(draft, at)
    raise Refused(f"more than {STEPS_LIMIT} rules let everything pass")


def _deciding(
    firewall: Firewall | None, hooks: tuple[Hook, ...], families: tuple[str, ...], uplinks: Uplinks | None
) -> Location | None:
    for hook in hooks if firewall is not None else ():
        for family in families:
            chains = firewall.at(hook, family) if firewall is not None else ()
            if chains and not any(chain.drops_rest(family) for chain in chains):
                return chains[0].decides_at(family)
            at = _way(chains, family, uplinks) if hook is Hook.OUTPUT else None
            if at is not None:
                return at
    return None


def _way(chains: tuple[Chain, ...], family: str, uplinks: Uplinks | None) -> Location | None:
    """A rule by which everything leaves on the way to the rest of the world."""
    for way in dict.fromkeys(way for chain in chains for way in chain.ways):
        if uplinks is not None and uplinks.have(way) and all(chain.lets_out(family, way) for chain in chains):
            rules = (rule for rule in chains[0].rules if rule.catches_way(family, way))
            return next((rule.at for rule in rules if rule.verdict is Verdict.ACCEPT), None)
    return None


def _edit(draft: Draft, at: Location) -> None:
    if at.path is None or at.line is None:
        raise Refused("the line that lets everything pass is not known")
    lines = Lines.of(draft, at.path)
    if not 0 < at.line <= len(lines.all):
        raise Refused(f"{at.path} has no line {at.line} any more")
    line = lines.all[at.line - 1]
    for pattern, instead in TURNS:
        if pattern.search(line):
            _replace(lines, at.line - 1, pattern.sub(instead, line, count=1))
            return
    if not ACCEPTS.search(line) or SEVERAL.search(line):
        raise Refused(f"{at.path}:{at.line} lets everything pass in a way that only a person can change")
    command = COMMAND.match(line)
    # a command may be all that a loop or a branch does, which must not be empty
    _replace(lines, at.line - 1, f"{command[1]}:" if command else None)


def _replace(lines: Lines, index: int, instead: str | None) -> None:
    if lines.all[index] == instead:
        raise Refused(f"{lines.path}:{index + 1} says so already, and yet everything passes")
    lines.all[index : index + 1] = [] if instead is None else [instead]
    lines.write()
