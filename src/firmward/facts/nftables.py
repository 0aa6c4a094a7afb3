"""The nftables rules that the system loads at boot.

The rules are those of `nft -f FILE` and of `nft` commands among what starts, in order, as nft carries them out
(formats/nftables.py). Only chains of type `filter` at input, output or forward decide here. A rule decides about new
connections unless it asks for established ones; a condition other than protocol and port narrows it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import dirname
from types import MappingProxyType

from firmward.facts import nft_rule, packet_filter
from firmward.facts.configuration_file import ConfigurationFiles, inside
from firmward.facts.loading import commands
from firmward.facts.packet_filter import Hook, Verdict
from firmward.facts.startup import Startup
from firmward.formats import nftables
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

NOTHING: Mapping[str, tuple[packet_filter.Match, ...]] = MappingProxyType({})
STANDARD_INPUT = ("-", "/dev/stdin", "/proc/self/fd/0")
USUAL_FILES = ("etc/nftables.conf", "etc/nftables/main.nft", "etc/sysconfig/nftables.conf", "etc/nftables.nft")


@dataclass(frozen=True, slots=True)
class Nftables:
    """The base `chains` of type filter, and `loaded`, the places that load them.

    `unloaded` are rules files that nothing loads, `unread` says what could not be read.
    """

    chains: tuple[packet_filter.Chain, ...]
    loaded: tuple[Location, ...] = ()
    unloaded: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> Nftables | None:
    ruleset = nftables.Ruleset()
    files = ConfigurationFiles(tree)
    loaded: list[Location] = []
    read: set[str] = set()
    for command in commands(startup, "nft"):
        path = rules_file(command.words)
        if path in STANDARD_INPUT:
            path = command.input or "-"
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
    return Nftables(chains, tuple(loaded), unloaded, unread)


def parse(
    ruleset: nftables.Ruleset, known: Mapping[str, tuple[packet_filter.Match, ...]] = NOTHING
) -> tuple[packet_filter.Chain, ...]:
    """The filter chains of a ruleset; `known` are chains that something else fills."""
    found = []
    for (family, table, name), chain in ruleset.chains.items():
        base = chain.base
        if base is None or base.type != "filter" or family not in ("ip", "ip6", "inet"):
            continue
        if base.hook not in tuple(Hook):
            continue
        siblings = dict(known) | {
            key[2]: tuple(
                nft_rule.match(words, rule.at) for rule in other.rules for words in nft_rule.expand(rule.words)
            )
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


def rules_file(words: Iterable[str]) -> str | None:
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
