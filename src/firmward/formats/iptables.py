"""iptables rules: the files of iptables-save, and single commands.

Rules, from iptables(8), iptables-restore(8) and tried out with the programs:

- `*TABLE` opens a table, `COMMIT` ends it; `:CHAIN POLICY [packets:bytes]` declares a chain (`-` for one of the user's
  own); then commands without the program's name. `#` begins a comment line, `[12:34]` counters may stand first.
- `-t TABLE` (`filter` unless said), `-P CHAIN VERDICT`, `-A CHAIN rule`, `-I CHAIN [number] rule`, `-N CHAIN`, `-F
  [CHAIN]` (forgets the rules, not the policy), `-X`, `-D`. Words may be quoted.
- In a file for both, `-4` and `-6` lines hold for one of them.
"""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from firmward.model.location import Location

RULES_LIMIT = 20000
COMMANDS = {
    "--append": "-A",
    "--insert": "-I",
    "--policy": "-P",
    "--new-chain": "-N",
    "--new": "-N",
    "--flush": "-F",
    "--delete-chain": "-X",
    "--delete": "-D",
    "--table": "-t",
    "--jump": "-j",
    "--goto": "-g",
    "--protocol": "-p",
    "--proto": "-p",
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--match": "-m",
    "--destination-port": "--dport",
    "--destination-ports": "--dports",
    "--source-port": "--sport",
}


COMMAND_LETTERS = frozenset(("-A", "-I", "-P", "-N", "-F", "-D"))


@dataclass(frozen=True, slots=True)
class Rule:
    words: tuple[str, ...]
    at: Location


@dataclass(slots=True)
class Chain:
    """A chain of one table; `policy` is None where nothing sets it (the kernel then accepts)."""

    table: str
    name: str
    at: Location
    policy: str | None = None
    policy_at: Location | None = None
    rules: list[Rule] = field(default_factory=list)


@dataclass(slots=True)
class Ruleset:
    """One family's chains by table and name."""

    family: str
    chains: dict[tuple[str, str], Chain] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def parse(text: str, path: str, ruleset: Ruleset) -> None:
    """Read a file of iptables-save; it replaces the tables that it names."""
    table = "filter"
    for line, at in _lines(text, path):
        if line.startswith("*"):
            table = line[1:].strip()
            for key in [key for key in ruleset.chains if key[0] == table]:
                del ruleset.chains[key]
        else:
            _line(line, table, at, ruleset)


def add(text: str, path: str, ruleset: Ruleset) -> None:
    """Read a file as `iptables-restore --noflush` does: what stood before stays."""
    table = "filter"
    for line, at in _lines(text, path):
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":") and (words := line[1:].split())[1:] and words[1] != "-":
            chain = _chain(words[0], table, at, ruleset)
            chain.policy, chain.policy_at = words[1], at
        else:
            _line(line, table, at, ruleset)


def _lines(text: str, path: str) -> Iterator[tuple[str, Location]]:
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#") and stripped != "COMMIT":
            yield stripped, Location(path, number)


def _line(line: str, table: str, at: Location, ruleset: Ruleset) -> None:
    if line.startswith(":"):
        _declare(line[1:].split(), table, at, ruleset)
        return
    words = _split(line)
    if words is None:
        ruleset.problems.append(f"{at}: a quote is not closed")
        return
    if words and words[0].startswith("[") and words[0].endswith("]"):
        words = words[1:]
    command(words, at, ruleset, table)


def command(words: Iterable[str], at: Location, ruleset: Ruleset, table: str = "filter") -> None:
    """Carry out one command, given without the program's name."""
    plain = [COMMANDS.get(word, word) for word in words]
    other = {"-4": "ip6", "--ipv4": "ip6", "-6": "ip", "--ipv6": "ip"}
    if any(other.get(word) == ruleset.family for word in plain):
        return
    plain = [word for word in plain if word not in (*other, "-w", "--wait")]
    if "-t" in plain[:-1]:
        position = plain.index("-t")
        table = plain[position + 1]
        del plain[position : position + 2]
    _carry_out(plain, at, ruleset, table)


def _carry_out(words: list[str], at: Location, ruleset: Ruleset, table: str) -> None:
    match words:
        case ["-P", name, verdict, *_]:
            chain = _chain(name, table, at, ruleset)
            chain.policy, chain.policy_at = verdict, at
        case ["-A", name, *rule]:
            _append(_chain(name, table, at, ruleset), rule, at, ruleset)
        case ["-I", name, *rule]:
            place = int(rule[0][:6]) - 1 if rule and _is_number(rule[0]) else 0
            body = rule[1:] if rule and _is_number(rule[0]) else rule
            _append(_chain(name, table, at, ruleset), body, at, ruleset, place)
        case ["-N", name, *_]:
            _chain(name, table, at, ruleset)
        case ["-F", *names]:
            for key, chain in ruleset.chains.items():
                if key[0] == table and (not names or key[1] == names[0]):
                    chain.rules.clear()
        case ["-D", name, *rule]:
            _delete(_chain(name, table, at, ruleset), rule)
        case ["-X" | "-Z" | "-L" | "-S" | "-n" | "-v" | "-C" | "-E", *_]:
            return
        case _:
            _with_command_later(words, at, ruleset, table)


def _with_command_later(words: list[str], at: Location, ruleset: Ruleset, table: str) -> None:
    """`iptables -p tcp -A INPUT ...`: the command may stand behind options."""
    start = next((n for n, word in enumerate(words) if n and word in ("-A", "-I", "-P")), None)
    if start is None or words[0] in COMMAND_LETTERS or len(words) < start + 2:
        ruleset.problems.append(f"{at}: {' '.join(words)[:40]} is not understood")
        return
    _carry_out([*words[start : start + 2], *words[:start], *words[start + 2 :]], at, ruleset, table)


def _declare(words: list[str], table: str, at: Location, ruleset: Ruleset) -> None:
    if len(words) < 2:
        ruleset.problems.append(f"{at}: a chain without a policy")
        return
    chain = _chain(words[0], table, at, ruleset)
    chain.rules.clear()
    if words[1] != "-":
        chain.policy, chain.policy_at = words[1], at


def _chain(name: str, table: str, at: Location, ruleset: Ruleset) -> Chain:
    return ruleset.chains.setdefault((table, name), Chain(table, name, at))


def _append(chain: Chain, words: list[str], at: Location, ruleset: Ruleset, place: int | None = None) -> None:
    if len(chain.rules) >= RULES_LIMIT:
        ruleset.problems.append(f"{at}: more than {RULES_LIMIT} rules in a chain")
        return
    plain = tuple(COMMANDS.get(word, word) for word in words)
    chain.rules.insert(len(chain.rules) if place is None else place, Rule(plain, at))


def _delete(chain: Chain, words: list[str]) -> None:
    gone = tuple(words)
    if len(words) == 1 and _is_number(words[0]):
        position = int(words[0][:6]) - 1
        if 0 <= position < len(chain.rules):
            del chain.rules[position]
        return
    for position, rule in enumerate(chain.rules):
        if rule.words == gone:
            del chain.rules[position]
            return


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _split(line: str) -> list[str] | None:
    try:
        return shlex.split(line)
    except ValueError:
        return None


def chains_of(ruleset: Ruleset, table: str = "filter") -> Iterator[Chain]:
    """The chains of one table."""
    return (chain for key, chain in ruleset.chains.items() if key[0] == table)
