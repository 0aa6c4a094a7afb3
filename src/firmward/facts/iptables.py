"""The iptables and ip6tables rules that the system loads at boot.

From files given to `iptables-restore`, from netfilter-persistent's (etc/iptables/rules.v4 and .v6), from OpenRC's and
systemd's iptables services (their usual files), from ufw (ufw.py), and from single `iptables` commands among what
starts, in order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmward.facts import iptables_rule, packet_filter, ufw
from firmward.facts.configuration_file import ConfigurationFiles, inside
from firmward.facts.loading import Command, commands
from firmward.facts.packet_filter import Hook, Verdict
from firmward.facts.startup import Startup
from firmward.formats import iptables
from firmward.model.location import Location
from firmward.model.tree import Tree

SINGLE = {"iptables": "ip", "iptables-legacy": "ip", "iptables-nft": "ip"} | {
    "ip6tables": "ip6",
    "ip6tables-legacy": "ip6",
    "ip6tables-nft": "ip6",
}
RESTORE = {f"{name}-restore": family for name, family in SINGLE.items()}
PERSISTENT = {"etc/iptables/rules.v4": "ip", "etc/iptables/rules.v6": "ip6"}
USUAL_FILES = {
    **PERSISTENT,
    "etc/iptables/iptables.rules": "ip",
    "etc/iptables/ip6tables.rules": "ip6",
    "etc/iptables.conf": "ip",
    "etc/iptables.rules": "ip",
    "etc/iptables.up.rules": "ip",
    "etc/ip6tables.conf": "ip6",
    "etc/sysconfig/iptables": "ip",
    "etc/sysconfig/ip6tables": "ip6",
    "var/lib/iptables/rules-save": "ip",
    "var/lib/ip6tables/rules-save": "ip6",
}
BOTH = ("netfilter-persistent", "iptables-persistent")
NOTHING: Mapping[str, tuple[packet_filter.Match, ...]] = MappingProxyType({})
HOOKS = {"INPUT": Hook.INPUT, "OUTPUT": Hook.OUTPUT, "FORWARD": Hook.FORWARD}


@dataclass(frozen=True, slots=True)
class Iptables:
    """The base `chains` of both families' filter tables, and `loaded`, the places that load them.

    `unloaded` are rules files that nothing loads, `unread` says what could not be read.
    """

    chains: tuple[packet_filter.Chain, ...]
    loaded: tuple[Location, ...] = ()
    unloaded: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> Iptables | None:
    rulesets = {family: iptables.Ruleset(family) for family in ("ip", "ip6")}
    files = ConfigurationFiles(tree)
    loaded: list[Location] = []
    read: set[str] = set()
    has_ufw = False
    uses_ufw = any(one.program in ufw.PROGRAMS and not ufw.is_off(tree, one) for one in startup.processes)
    for command in commands(startup, *SINGLE, *RESTORE, *BOTH, *(ufw.PROGRAMS if uses_ufw else ())):
        loaded.append(command.at)
        if command.program in ufw.PROGRAMS:
            if not has_ufw:  # which says itself that it has started already
                ufw.load(tree, rulesets, files)
            has_ufw = True
            continue
        if command.program in SINGLE:
            iptables.command(command.words, command.at, rulesets[SINGLE[command.program]])
            continue
        for path, family in _files(command, tree, files):
            text = files.main(path)
            read.add(inside(path))
            if text is not None:
                keeps = command.program in RESTORE and {"-n", "--noflush"} & set(command.words)
                tables = iptables.Tables.KEPT if keeps else iptables.Tables.REPLACED
                iptables.parse(text, inside(path), rulesets[family], tables)
    unloaded = tuple(path for path in USUAL_FILES if tree.is_file(path) and path not in read)
    if not loaded and not unloaded:
        return None
    chains = tuple(chain for ruleset in rulesets.values() for chain in parse(ruleset))
    problems = (problem for ruleset in rulesets.values() for problem in ruleset.problems)
    return Iptables(chains, tuple(loaded), unloaded, tuple(dict.fromkeys((*files.unread, *problems))))


def parse(
    ruleset: iptables.Ruleset, known: Mapping[str, tuple[packet_filter.Match, ...]] = NOTHING
) -> tuple[packet_filter.Chain, ...]:
    """The filter table's own chains; `known` are chains that something else fills."""
    found = []
    chains = dict(known) | {
        chain.name: tuple(iptables_rule.match(rule.words, rule.at) for rule in chain.rules)
        for chain in iptables.chains_of(ruleset)
    }
    for chain in iptables.chains_of(ruleset):
        if chain.name in HOOKS:
            policy = Verdict.DROP if chain.policy in ("DROP", "REJECT") else Verdict.ACCEPT
            rules = packet_filter.flatten(chain.name, chains)
            at = chain.policy_at or chain.at
            found.append(packet_filter.Chain(ruleset.family, HOOKS[chain.name], policy, at, rules))
    return tuple(found)


def _files(command: Command, tree: Tree, files: ConfigurationFiles) -> Iterable[tuple[str, str]]:
    if command.program in BOTH:
        return [(path, family) for path, family in PERSISTENT.items() if tree.is_file(path)]
    family = RESTORE[command.program]
    words = [word for word in command.words if not word.startswith("-")] or [command.input or ""]
    if not words[-1]:
        usual = [path for path, other in USUAL_FILES.items() if other == family and tree.is_file(path)]
        if len(usual) == 1:
            return [(usual[0], family)]
        files.lose(f"{command.at}: {command.program} reads its rules from where cannot be seen")
        return []
    if "$" in words[-1]:
        files.lose(f"{command.at}: the file {words[-1]} cannot be worked out")
        return []
    return [(words[-1], family)]
