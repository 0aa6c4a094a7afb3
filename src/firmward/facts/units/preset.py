"""What presets enable at the first boot.

Rules, from systemd.preset(5) and machine-id(5). Preset files lie in `system-preset` folders; they are read in the order
of their names, of one name only the first folder's; the first line whose pattern fits a unit counts; a unit that none
fits is enabled. They are applied at the first boot: when etc/machine-id is missing or says `uninitialized` (an empty
one does not make a first boot), and only to enable. A tree without any preset file is a part of a system: nothing is
enabled then.
"""

import fnmatch
from collections.abc import Iterator

from firmward.facts.units.load import Units
from firmward.facts.units.unit import Enablement, Unit
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

FOLDERS = (
    "etc/systemd/system-preset",
    "run/systemd/system-preset",
    "usr/local/lib/systemd/system-preset",
    "usr/lib/systemd/system-preset",
    "lib/systemd/system-preset",
)
MACHINE_ID = "etc/machine-id"

Rule = tuple[str, str, tuple[str, ...]]
"""`enable`, `disable` or `ignore`, the pattern, and the instances of a template."""


def is_first_boot(tree: Tree) -> bool:
    try:
        text = tree.text(MACHINE_ID)
    except Unavailable:
        return False
    return text is None or text.strip() == "uninitialized"


def links(units: Units, all_units: tuple[Unit, ...]) -> Iterator[tuple[str, str]]:
    """Pairs (target, unit) that presets make at the first boot."""
    rules = tuple(_rules(units.tree)) if is_first_boot(units.tree) else ()
    if not rules:
        return
    for unit in all_units:
        if unit.enablement in (Enablement.DISABLED, Enablement.INDIRECT):
            for name in _enabled_as(rules, unit):
                for target in unit.words("Install", "WantedBy", "RequiredBy", "UpheldBy"):
                    yield target, name


def _rules(tree: Tree) -> Iterator[Rule]:
    paths: dict[str, str] = {}
    for folder in FOLDERS:
        for path in tree.list(folder):
            if path.endswith(".preset"):
                paths.setdefault(path.rpartition("/")[2], path)
    for name in sorted(paths):
        try:
            text = tree.text(paths[name]) or ""
        except Unavailable:
            continue
        for row in text.split("\n"):
            words = row.split()
            if len(words) > 1 and words[0] in ("enable", "disable", "ignore"):
                yield words[0], words[1], tuple(words[2:])


def _enabled_as(rules: tuple[Rule, ...], unit: Unit) -> tuple[str, ...]:
    """The names under which a unit is enabled: its own, or instances of a template."""
    for action, pattern, instances in rules:
        if fnmatch.fnmatchcase(unit.name, pattern):
            if action != "enable":
                return ()
            return _names(unit, instances)
    return _names(unit, ())


def _names(unit: Unit, instances: tuple[str, ...]) -> tuple[str, ...]:
    if not unit.is_template:
        return (unit.name,)
    default = unit.words("Install", "DefaultInstance")[-1:]
    return tuple(unit.name.replace("@.", f"@{instance}.") for instance in instances or default)
