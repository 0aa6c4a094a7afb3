"""systemd's units as they take effect, and what they start at boot.

Rules: units/load.py (search path, masks, aliases, templates, drop-ins), units/reach.py (what starts), units/preset.py
(first boot), units/command.py (command lines), units/listen.py (sockets). A service that a socket, a timer or a path
starts is on demand, unless it starts at boot anyway. Out of scope, and said in `unread` where it may matter: generators
that read the kernel's command line (a serial getty for `console=`, debug shells), and what udev rules start.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from firmward.facts.init import Init, Program
from firmward.facts.process import Manager, Process, Socket, Start
from firmward.facts.scripts.walk import Origin, Walk
from firmward.facts.units import command, listen, preset, reach
from firmward.facts.units.load import Units
from firmward.facts.units.unit import Enablement, Setting, Unit
from firmward.formats import unit_file
from firmward.model.tree import Tree

__all__ = ["Enablement", "Setting", "SystemdUnits", "Unit", "collect"]


@dataclass(frozen=True, slots=True)
class SystemdUnits:
    """Every unit of the tree, and the processes of the services.

    `units` are the units by name, instances that start at boot among them; `default` is the target that the boot aims
    at; `processes` are what the services run, or would run; `names` are all names that mean a unit, aliases and masked
    ones too; `first_boot` says whether presets are still to be applied; `scripts` are the paths of the scripts that
    run; `unread` says in words what could not be worked out, `lost` which files of units cannot be read.
    """

    units: Mapping[str, Unit]
    default: str
    processes: tuple[Process, ...]
    names: frozenset[str]
    first_boot: bool
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def services(self, start: Start) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units.values() if unit.kind == "service" and unit.start is start)


def collect(tree: Tree, init: Init) -> SystemdUnits | None:
    loaded = Units(tree)
    if not loaded.names and init.program is not Program.SYSTEMD:
        return None
    configured = tuple(_configured(loaded))
    links = tuple(preset.links(loaded, configured))
    starts = reach.reached(loaded, links) if init.program is Program.SYSTEMD else {}
    units = {unit.name: replace(unit, start=starts.get(unit.name, Start.DISABLED)) for unit in configured}
    for name, start in starts.items():
        unit = loaded.get(name)
        if name not in units and unit is not None:
            units[name] = replace(unit, start=start, enablement=Enablement.ENABLED)
    walk, dormant = Walk(tree), Walk(tree)
    processes = tuple(_processes(units, loaded, walk, dormant))
    unread = (*loaded.problems, *walk.unread, *_limits(units))
    default = loaded.true_name(reach.DEFAULT)
    names = frozenset(loaded.names)
    first = preset.is_first_boot(tree)
    return SystemdUnits(units, default, processes, names, first, tuple(walk.scripts), unread, tuple(loaded.lost))


def _configured(loaded: Units) -> Iterator[Unit]:
    """Every unit that has a file of its own name, with what is configured about its start."""
    enabled = _enabled_names(loaded)
    for name in loaded.names:
        unit = loaded.get(name)
        if loaded.true_name(name) == name and unit is not None:
            yield replace(unit, enablement=_enablement(loaded, unit, enabled))


def _enabled_names(loaded: Units) -> frozenset[str]:
    """The names that links in etc and run enable."""
    names = set()
    for folder in loaded.folders:
        if not folder.startswith(("etc/", "run/")):
            continue
        for own in loaded.tree.names(folder):
            if own.endswith((".wants", ".requires", ".upholds")):
                names |= {loaded.true_name(link) for link in loaded.tree.names(f"{folder}/{own}")}
    return frozenset(names)


def _enablement(loaded: Units, unit: Unit, enabled: frozenset[str]) -> Enablement:
    if loaded.is_masked(unit.name):
        return Enablement.MASKED
    installed = unit.sections.get("Install", ())
    aliases = {alias for alias in loaded.aliases(unit.name) if alias in unit.words("Install", "Alias")}
    if unit.name in enabled or any(loaded.is_configured(alias) for alias in aliases):
        return Enablement.ENABLED
    if unit.is_template and any(name.startswith(unit.name.partition("@.")[0] + "@") for name in enabled):
        default = unit.words("Install", "DefaultInstance")[-1:]
        as_default = {unit.name.replace("@.", f"@{instance}.") for instance in default} & enabled
        return Enablement.ENABLED if as_default else Enablement.INDIRECT
    keys = {setting.key for setting in installed}
    if not keys - {"DefaultInstance"}:
        return Enablement.STATIC
    return Enablement.INDIRECT if keys <= {"Also", "DefaultInstance"} else Enablement.DISABLED


def _processes(units: Mapping[str, Unit], loaded: Units, walk: Walk, dormant: Walk) -> Iterator[Process]:
    sockets = _sockets(units, loaded)
    for unit in units.values():
        if unit.kind != "service" or (unit.is_template and unit.start is Start.DISABLED):
            continue
        own = dormant if unit.start is Start.DISABLED else walk
        origin = Origin(unit.name, Manager.SYSTEMD, _terminal(unit))
        opened = sockets.get(unit.name, ())
        for started in command.commands(loaded.tree, unit):
            before = len(own.found)
            with own.bearing(stays=started.stays):
                own.run(started.argv, started.at, origin, started.user)
            for process in own.processes[before:]:
                start = process.start if unit.start is Start.BOOT else unit.start
                yield replace(process, start=start, sockets=opened, stays=started.stays)


def _sockets(units: Mapping[str, Unit], loaded: Units) -> dict[str, tuple[Socket, ...]]:
    """The network sockets that are open for each service."""
    found: dict[str, tuple[Socket, ...]] = {}
    for unit in units.values():
        if unit.kind == "socket" and unit.start is not Start.DISABLED:
            for name in reach.triggered(loaded, unit.name):
                true_name = loaded.true_name(name)
                found[true_name] = (*found.get(true_name, ()), *listen.sockets(unit))
    return found


def _terminal(unit: Unit) -> str | None:
    path = unit.get("Service", "TTYPath")
    if path is None or path.value == "-":
        return None
    return unit_file.filled(path.value, command.specifiers(unit.name)).removeprefix("/dev/")


def _limits(units: Mapping[str, Unit]) -> Iterator[str]:
    serial = units.get("serial-getty@.service")
    if serial is not None and serial.enablement is not Enablement.MASKED and not _has_instance(units, "serial-getty@"):
        yield "serial-getty@.service: whether console= on the kernel's command line starts a getty is not known here"


def _has_instance(units: Mapping[str, Unit], prefix: str) -> bool:
    return any(name.startswith(prefix) and not unit.is_template for name, unit in units.items())
