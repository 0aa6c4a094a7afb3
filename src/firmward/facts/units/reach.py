"""Which units start: what is reached from default.target, and what a socket, a timer or a path starts later.

Rules, from systemd.unit(5), systemd.special(7) and bootup(7). A unit that starts brings along what it wants, requires,
binds to or upholds, in its file or by the links in its `.wants`, `.requires` and `.upholds` folders (a link to
/dev/null takes a link of the same name in a folder behind it away). Services, sockets, timers and the like bring
sysinit.target unless DefaultDependencies=no. Where a target of the boot has no file in the tree, its usual dependencies
are taken. A condition on a file that the tree decides, decides. What the system bus may start is on demand.
"""

from collections.abc import Iterable, Iterator

from firmward.facts.process import Start
from firmward.facts.scripts import conditions
from firmward.facts.scripts.environment import Value
from firmward.facts.units.load import NULL, Units, name_variants
from firmward.facts.units.unit import Unit
from firmward.formats import unit_file
from firmward.model.facts import Unavailable

BRINGS = ("Wants", "Requires", "BindsTo", "Upholds")
FOLDERS = ("wants", "requires", "upholds")
USUAL = {
    "graphical.target": ("multi-user.target", "display-manager.service"),
    "multi-user.target": ("basic.target", "getty.target"),
    "basic.target": ("sysinit.target", "sockets.target", "timers.target", "paths.target", "slices.target"),
    "sysinit.target": ("local-fs.target", "swap.target"),
}
DEFAULT = "default.target"
BUSES = frozenset(("dbus.service", "dbus-broker.service"))
BUS_SERVICES = "usr/share/dbus-1/system-services"
TRIGGERS = {"socket": "Socket", "timer": "Timer", "path": "Path"}
_CONDITIONS = {
    "ConditionPathExists": "-e",
    "ConditionPathIsDirectory": "-d",
    "ConditionPathIsSymbolicLink": "-L",
    "ConditionFileNotEmpty": "-s",
    "ConditionFileIsExecutable": "-x",
}


def reached(units: Units, extra: Iterable[tuple[str, str]] = ()) -> dict[str, Start]:
    """When each unit starts, by its true name; what never starts is not listed. `extra` are pairs (target, unit)."""
    presets: dict[str, list[str]] = {}
    for target, name in extra:
        presets.setdefault(units.true_name(target), []).append(name)
    default = units.true_name(DEFAULT)
    first = default if units.get(default) is not None else "multi-user.target"
    starts: dict[str, Start] = {}
    _spread(units, [first], Start.BOOT, starts, presets)
    later = [service for name in starts for service in triggered(units, name)]
    if BUSES & set(starts):
        later += on_bus(units)
    _spread(units, later, Start.ON_DEMAND, starts, presets)
    return starts


def _spread(
    units: Units, names: list[str], start: Start, starts: dict[str, Start], extra: dict[str, list[str]]
) -> None:
    pending = list(reversed(names))
    while pending:
        name = units.true_name(pending.pop())
        if name in starts or units.is_masked(name):
            continue
        unit = units.get(name)
        if unit is not None and not may_start(units, unit):
            continue
        if unit is None and not name.endswith(".target"):
            continue
        starts[name] = start
        pending.extend(brought(units, name, unit))
        pending.extend(extra.get(name, ()))
        if start is Start.ON_DEMAND:
            pending.extend(triggered(units, name))


def brought(units: Units, name: str, unit: Unit | None) -> Iterator[str]:
    """What a unit brings along when it starts."""
    if unit is None or unit.path is None:
        yield from USUAL.get(name, ())
    else:
        yield from unit.words("Unit", *BRINGS)
        if unit.kind not in ("target", "device") and unit.get("Unit", "DefaultDependencies") is None:
            yield "sysinit.target"
    yield from linked(units, name)


def linked(units: Units, name: str) -> Iterator[str]:
    """The names in the folders of dependencies, over all folders of units."""
    seen: set[tuple[str, str]] = set()
    for folder in units.folders:
        for own in (name, *units.aliases(name), *name_variants(name)[1:]):
            for kind in FOLDERS:
                for link in units.tree.names(f"{folder}/{own}.{kind}"):
                    entry = units.tree.lstat(f"{folder}/{own}.{kind}/{link}")
                    if entry is not None and (kind, link) not in seen:
                        seen.add((kind, link))
                        if entry.target != NULL:
                            yield link


def triggered(units: Units, name: str) -> tuple[str, ...]:
    """The service that a socket, timer or path unit starts. A socket that accepts starts a new instance every time."""
    unit = units.get(name)
    section = TRIGGERS.get(unit.kind) if unit is not None else None
    if unit is None or section is None:
        return ()
    stem = unit.name.rpartition(".")[0]
    if section == "Socket" and unit.says(section, "Accept"):
        return (f"{stem}@.service",)
    named = unit.get(section, "Service" if section == "Socket" else "Unit")
    return (named.value if named is not None else f"{stem}.service",)


def on_bus(units: Units) -> Iterator[str]:
    """The services that the system bus starts when somebody asks for their name."""
    for path in units.tree.list(BUS_SERVICES):
        try:
            text = units.tree.text(path) or ""
        except Unavailable:
            continue
        yield from (setting.value for setting in unit_file.parse(text).settings if setting.key == "SystemdService")


def may_start(units: Units, unit: Unit) -> bool:
    """Whether no condition on files says no for certain. Of those with `|` one is enough."""
    needed: list[conditions.Answer] = []
    any_of: list[conditions.Answer] = []
    for key, test in _CONDITIONS.items():
        for setting in unit.all("Unit", key):
            value = setting.value
            group = any_of if value.startswith("|") else needed
            path = value.lstrip("|!").strip()
            known = None if "%" in path else conditions.judge((Value(test), Value(path)), units.tree)
            group.append(known if known is None or "!" not in value[:2] else not known)
    alternatives = bool(any_of) and all(known is False for known in any_of) and not _other_alternatives(unit)
    return False not in needed and not alternatives


def _other_alternatives(unit: Unit) -> bool:
    """Whether a condition of another kind may hold instead."""
    return any(
        setting.key.startswith("Condition") and setting.key not in _CONDITIONS and setting.value.startswith("|")
        for setting in unit.sections.get("Unit", ())
    )
