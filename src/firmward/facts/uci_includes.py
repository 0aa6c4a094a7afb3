"""What is added to OpenWrt's firewall by hand: the includes of etc/config/firewall, and the folders that fw4 reads.

Rules, from OpenWrt's documentation, fw3's and fw4's sources:

- `config include` has `path`, `type` (`script` unless set), `enabled`. A script is sourced by a shell when all rules
  stand, so that its commands change them; fw4 passes over etc/firewall.user, and over any with `fw4_compatible 0`.
  `restore` (fw3) is a file of iptables-save that flushes nothing, `nftables` (fw4) is text at a `position`:
  `ruleset-pre`, `table-pre`, `chain-pre` and `-post`, the last two of a `chain`.
- fw4 reads /usr/share/nftables.d/{ruleset,table}-{pre,post}/*.nft, chain-{pre,post}/CHAIN/*.nft, and the maker's own
  /etc/nftables.d/*.nft within its table. Its chains are `input`, `output`, `forward` and `input_ZONE` and the like.
- fw3's chains are those of iptables; it leaves `input_rule`, `forwarding_rule`, `input_ZONE_rule` and the like for
  others to fill, before its own rules.

The rules that the configuration itself makes are one chain here, to which the base chains jump: what is added stands
before or behind them, and who flushes a base chain takes them away.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from firmward.facts import iptables as iptables_family
from firmward.facts import nftables as nftables_family
from firmward.facts.command_line import own_words, unresolved
from firmward.facts.configuration_file import ConfigurationFiles, inside
from firmward.facts.packet_filter import Chain, Hook, Match, Rule, Verdict
from firmward.facts.process import Manager, Process
from firmward.facts.scripts.walk import Origin, Walk
from firmward.formats import iptables, nftables, uci
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

PATH = "etc/config/firewall"
OFF = ("0", "off", "false", "no", "disabled")
SHIPPED = "usr/share/nftables.d"
OWN = "etc/nftables.d"
TABLE = "fw4"
FROM_CONFIGURATION = "rules of etc/config/firewall"
"""The name of the chain that stands for them; no other can have it."""
RUNTIME = ("tmp/", "var/", "data/", "mnt/", "overlay/", "run/")
"""Where a file may lie that the image does not hold."""
INCLUDES_LIMIT = 50
ZONES_LIMIT = 100
PLAIN_PATH = re.compile(r"[\w./+-]+")
PLAIN_NAME = re.compile(r"[\w-]+")
IPTABLES_HOOKS = {Hook.INPUT: "INPUT", Hook.OUTPUT: "OUTPUT", Hook.FORWARD: "FORWARD"}
USER_CHAINS = {Hook.INPUT: "input", Hook.OUTPUT: "output", Hook.FORWARD: "forwarding"}
ELSEWHERE = ("nat", "mangle", "raw", "security")
FAMILIES = ("ip", "ip6")


@dataclass(frozen=True, slots=True)
class Include:
    """One `config include`."""

    path: str
    type: str
    position: str
    chain: str
    compatible: bool
    place: str


def added(
    tree: Tree, sections: Iterable[uci.Section], chains: tuple[Chain, ...], zones: tuple[str, ...], is_fw4: bool
) -> tuple[tuple[Chain, ...], tuple[str, ...]]:
    """The chains with what is added to them, and what of it could not be read."""
    files = ConfigurationFiles(tree)
    includes = [one for section in sections if section.type == "include" for one in _include(section)]
    if len(includes) > INCLUDES_LIMIT:
        files.lose(f"{PATH} has more than {INCLUDES_LIMIT} includes")
    includes = includes[:INCLUDES_LIMIT]
    known = [name for name in zones if PLAIN_NAME.fullmatch(name)][:ZONES_LIMIT]
    if is_fw4:
        found = _of_fw4(tree, files, includes, chains, known)
    else:
        found = _of_fw3(tree, files, includes, chains, known)
    return found, tuple(dict.fromkeys(files.unread))


def _include(section: uci.Section) -> Iterator[Include]:
    def word(option: str, otherwise: str = "") -> str:
        value = section.get(option)
        return value.value if value is not None else otherwise

    path = inside(word("path"))
    if path and word("enabled") not in OFF:
        usual = "0" if path == "etc/firewall.user" else "1"
        compatible = word("fw4_compatible", usual) not in OFF
        position = word("position", "table-post").replace("prepend", "pre").replace("append", "post")
        yield Include(path, word("type", "script"), position, word("chain"), compatible, f"{PATH}:{section.line}")


def _known(chains: Iterable[Chain], family: str) -> dict[str, tuple[Match, ...]]:
    """The configuration's own rules, by the name of the chain that stands for them."""
    return {f"{FROM_CONFIGURATION} {one.hook}": tuple(map(_match, one.rules)) for one in chains if one.family == family}


def _match(rule: Rule) -> Match:
    return Match(
        rule.at,
        rule.verdict,
        protocol=rule.protocol,
        ports=rule.ports,
        narrowed=rule.narrowed,
        limited=rule.limited,
        family=rule.family,
        ways=rule.ways,
    )


# fw4


def _of_fw4(
    tree: Tree, files: ConfigurationFiles, includes: list[Include], chains: tuple[Chain, ...], zones: list[str]
) -> tuple[Chain, ...]:
    ruleset = nftables.Ruleset()
    text = "\n".join(_text_of_fw4(files, includes, chains, zones))
    try:
        nftables.parse(text, PATH, lambda name, at: files.included(name, at, "etc"), ruleset)
    except Unavailable as reason:
        files.lose(str(reason))
        return chains
    beside = {family: iptables.Ruleset(family) for family in FAMILIES}
    for include in includes:
        if include.type == "script" and include.compatible:
            for process in _commands(tree, files, include):
                _carry_out(process, files, beside, ruleset)
    for problem in ruleset.problems:
        files.lose(problem)
    found = []
    for family in FAMILIES:
        known = _known(chains, family)
        own = {chain.hook: chain for chain in chains if chain.family == family}
        for chain in nftables_family.parse(ruleset, known):
            if chain.covers(family):
                at = own[chain.hook].at if chain.at.path == PATH else chain.at
                found.append(replace(chain, family=family, at=at))
        found += iptables_family.parse(beside[family])
    return tuple(found)


def _text_of_fw4(
    files: ConfigurationFiles, includes: list[Include], chains: tuple[Chain, ...], zones: list[str]
) -> Iterator[str]:
    """The table as fw4 makes it, as far as it matters where something is added."""

    def at(position: str, chain: str = "") -> Iterator[str]:
        yield f'include "/{SHIPPED}/{position}/{f"{chain}/" if chain else ""}*.nft"'
        for one in includes:
            if one.type == "nftables" and (one.position, one.chain) == (position, chain):
                if PLAIN_PATH.fullmatch(one.path):
                    yield f'include "/{one.path}"'
                else:
                    files.lose(f"{one.place}: the include {one.path[:80]} is not read")

    yield from at("ruleset-pre")
    yield f"table inet {TABLE} {{"
    yield from at("table-pre")
    yield f'include "/{OWN}/*.nft"'
    for hook in Hook:
        for zone in zones:
            name = f"{hook}_{zone}"
            yield from (f"chain {name} {{", *at("chain-pre", name), *at("chain-post", name), "}")
        policy = next((one.policy for one in chains if one.hook is hook), Verdict.DROP)
        yield f"chain {hook} {{\ntype filter hook {hook} priority 0; policy {policy};"
        yield from at("chain-pre", hook.value)
        yield from (f"meta mark @{zone} jump {hook}_{zone}" for zone in zones)
        yield f'jump "{FROM_CONFIGURATION} {hook}"'
        yield from (*at("chain-post", hook.value), "}")
    yield from (*at("table-post"), "}", *at("ruleset-post"))


# fw3


def _of_fw3(
    tree: Tree, files: ConfigurationFiles, includes: list[Include], chains: tuple[Chain, ...], zones: list[str]
) -> tuple[Chain, ...]:
    rulesets = {family: _seeded(family, chains, zones) for family in FAMILIES}
    untouched = {family: _written(ruleset) for family, ruleset in rulesets.items()}
    beside = nftables.Ruleset()
    for include in includes:
        if include.type == "restore":
            text = files.main(include.path)
            for ruleset in rulesets.values():
                iptables.parse(text or "", include.path, ruleset, iptables.Tables.KEPT)
        elif include.type == "script":
            for process in _commands(tree, files, include):
                _carry_out(process, files, rulesets, beside)
    found: list[Chain] = []
    for family, ruleset in rulesets.items():
        for problem in ruleset.problems:
            files.lose(problem)
        if _written(ruleset) == untouched[family]:
            found += [chain for chain in chains if chain.family == family]
        else:
            found += iptables_family.parse(ruleset, _known(chains, family))
    return (*found, *nftables_family.parse(beside))


def _written(ruleset: iptables.Ruleset) -> list[tuple[str, str | None, int, tuple[iptables.Rule, ...]]]:
    return [
        (name, chain.policy, id(chain.policy_at), tuple(chain.rules)) for (_, name), chain in ruleset.chains.items()
    ]


def _seeded(family: str, chains: tuple[Chain, ...], zones: list[str]) -> iptables.Ruleset:
    """The base chains as fw3 makes them: first what others fill, then its own rules."""
    ruleset = iptables.Ruleset(family)
    for chain in (one for one in chains if one.family == family):
        name, user = IPTABLES_HOOKS[chain.hook], USER_CHAINS[chain.hook]
        policy = "ACCEPT" if chain.policy is Verdict.ACCEPT else "DROP"
        jumps: list[tuple[str, ...]] = [("-j", f"{user}_rule")]
        for zone in zones:
            jumps += [("-m", "zone", "-j", f"{user}_{zone}_rule"), ("-m", "zone", "-j", f"zone_{zone}_{chain.hook}")]
        jumps.append(("-j", f"{FROM_CONFIGURATION} {chain.hook}"))
        rules = [iptables.Rule(words, chain.at) for words in jumps]
        ruleset.chains["filter", name] = iptables.Chain("filter", name, chain.at, policy, chain.at, rules)
    return ruleset


# scripts


def _commands(tree: Tree, files: ConfigurationFiles, include: Include) -> tuple[Process, ...]:
    """What a script that is sourced runs."""
    if not tree.is_file(include.path):
        if include.path.startswith(RUNTIME):
            files.lose(f"{include.place}: the include {include.path} is not in the image")
        return ()
    walk = Walk(tree)
    walk.sourced_at_event(include.path, Origin(include.path, Manager.SCRIPT))
    for reason in walk.unread:
        files.lose(reason)
    return walk.processes


def _carry_out(
    process: Process,
    files: ConfigurationFiles,
    rulesets: Mapping[str, iptables.Ruleset],
    ruleset: nftables.Ruleset,
) -> None:
    words = own_words(process.argv)
    family = iptables_family.SINGLE.get(process.program)
    if family is not None:
        if any(before in ("-t", "--table") and table in ELSEWHERE for before, table in pairwise(words)):
            return
        if unresolved(words):
            files.lose(f"{process.at}: a rule that cannot be worked out")
        else:
            iptables.command(words, process.at, rulesets[family])
    elif process.program == "nft" and words[:1] != ("-f",) and not unresolved(words):
        nftables.command(words, process.at, ruleset)
    elif process.program == "nft" or process.program in iptables_family.RESTORE:
        files.lose(f"{process.at}: the rules that {process.program} loads are not read")
