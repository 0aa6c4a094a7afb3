"""What a service runs: command lines with specifiers and variables filled in, and as whom.

Rules, from systemd.exec(5) and systemd.service(5): EnvironmentFile= outdoes Environment=; a file with `-` may be
missing. An unset variable is empty. `+` and `!`, not `!!`, before the program run it as root whatever User= says.
DynamicUser= without User= takes the unit's name. Specifiers that the image does not decide (host name, machine id,
kernel) stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.scripts.conditions import surely_missing
from firmward.facts.scripts.environment import RUNTIME
from firmward.facts.units.unit import Unit
from firmward.formats import unit_file
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

KEYS = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost")


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `stays` says that it is what the unit is for and goes on running."""

    argv: tuple[str, ...]
    at: Location
    user: str | None
    stays: bool = False


def specifiers(name: str) -> dict[str, str]:
    """The specifiers that follow from a unit's name, and those that are the same on every system."""
    stem = name.rpartition(".")[0]
    prefix, _, instance = stem.partition("@")
    last = prefix.rpartition("-")[2]
    return {
        "n": name,
        "N": stem,
        "p": prefix,
        "P": unit_file.unescaped(prefix),
        "i": instance,
        "I": unit_file.unescaped(instance),
        "j": last,
        "J": unit_file.unescaped(last),
        "f": "/" + unit_file.unescaped(instance or prefix),
        "%": "%",
        "t": "/run",
        "S": "/var/lib",
        "C": "/var/cache",
        "L": "/var/log",
        "E": "/etc",
        "T": "/tmp",  # noqa: S108 - what systemd fills in
        "V": "/var/tmp",  # noqa: S108
        "h": "/root",
        "u": "root",
        "U": "0",
        "g": "root",
        "G": "0",
    }


def commands(tree: Tree, unit: Unit) -> Iterator[Command]:
    """The programs that starting this service runs, in order."""
    known = specifiers(unit.name)
    variables, complete = _environment(tree, unit, known)
    user = runs_as(unit)
    kind = unit.get("Service", "Type")
    ends = kind is not None and kind.value == "oneshot"
    for key in KEYS:
        for setting in unit.all("Service", key):
            for line in unit_file.commands(setting.value):
                argv = _argv(line, known, variables, complete)
                if argv and argv[0]:
                    owner = "root" if _as_root(line.prefixes) else user
                    yield Command(argv, setting.at, owner, key == "ExecStart" and not ends)


def _as_root(prefixes: str) -> bool:
    """`!!` is for kernels without ambient capabilities only."""
    return "+" in prefixes or prefixes.count("!") == 1


def runs_as(unit: Unit) -> str | None:
    """The user of a service's processes; None when nothing says it, which is root."""
    user = unit.get("Service", "User")
    if user is not None:
        return unit_file.filled(user.value, specifiers(unit.name))
    return unit.name.rpartition(".")[0] if unit.says("Service", "DynamicUser") else None


def _argv(
    line: unit_file.CommandLine, known: dict[str, str], variables: dict[str, str], complete: bool
) -> tuple[str, ...]:
    words = [unit_file.Word(unit_file.filled(word.text, known), word.quoted) for word in line.words]
    if ":" in line.prefixes:
        return tuple(word.text for word in words)

    def lookup(name: str) -> str | None:
        return variables.get(name, "" if complete and name not in RUNTIME else None)

    return tuple(text for word in words for text in unit_file.substituted(word, lookup))


def _environment(tree: Tree, unit: Unit, known: dict[str, str]) -> tuple[dict[str, str], bool]:
    """The variables of a service, and whether all that could set them was read."""
    variables: dict[str, str] = {}
    for setting in unit.all("Service", "Environment"):
        for word in unit_file.split(unit_file.filled(setting.value, known)):
            name, equals, value = word.text.partition("=")
            if equals:
                variables[name] = value
    complete = True
    for setting in unit.all("Service", "EnvironmentFile"):
        pattern = unit_file.filled(setting.value.removeprefix("-"), known)
        texts = _texts(tree, pattern)
        complete = complete and (bool(texts) or surely_missing(pattern, tree))
        for text in texts:
            variables |= unit_file.environment(text)
    return variables, complete


def _texts(tree: Tree, pattern: str) -> list[str]:
    found = []
    for path in tree.glob(pattern.strip("/")):
        try:
            text = tree.text(path)
        except Unavailable:
            text = None
        if text is not None:
            found.append(text)
    return found
