"""What a unit's settings put upon its processes, as measures.

Rules, from systemd.exec(5) and systemd.resource-control(5). DynamicUser= brings the protection of the file system and
of temporary files with it. The bounding set is what is listed, or all but what is listed when the list begins with `~`;
lists add up, an empty value is no capability at all. A user other than root has no capability but the ambient ones, and
for it every filter brings NoNewPrivileges= along, as it does where CAP_SYS_ADMIN is not in the bounding set. Limits of
the slice hold for all that is in it, and those of the slices above it. Tasks are limited unless it is said otherwise.
"""

from collections.abc import Callable, Iterator

from firmward.facts.measure import Measure
from firmward.facts.units import command
from firmward.facts.units.load import Units
from firmward.facts.units.unit import Unit

MASTERLY = frozenset(("CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_PTRACE"))
"""Capabilities that are as good as root's whole power."""

IMPLYING = (
    *("PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectClock"),
    *("ProtectHostname", "MemoryDenyWriteExecute", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality"),
)
IMPLYING_LISTS = ("SystemCallFilter", "SystemCallArchitectures", "RestrictAddressFamilies", "RestrictNamespaces")
"""Settings that bring NoNewPrivileges= along where the process is not almighty."""

ROOTS = frozenset(("root", "0"))
SLICE_DEPTH = 8


def is_root(unit: Unit) -> bool:
    return (command.runs_as(unit) or "root") in ROOTS


def measures(units: Units, unit: Unit) -> frozenset[Measure]:
    """The measures in force for this service's processes."""
    found = {measure for measure, rule in RULES.items() if rule(unit)}
    for one in (unit, *slices(units, unit)):
        section = "Slice" if one.kind == "slice" else "Service"
        found |= {measure for measure, keys in LIMITS.items() if any(_is_limited(one, section, key) for key in keys)}
    tasks = unit.get("Service", "TasksMax")
    if tasks is None or tasks.value != "infinity":
        found.add(Measure.TASKS)
    return frozenset(found)


def slices(units: Units, unit: Unit) -> Iterator[Unit]:
    """The slices that a service lies in, the nearest first: `a-b.slice` lies in `a.slice`."""
    setting = unit.get("Service", "Slice")
    name = setting.value if setting is not None else _own_slice(unit)
    for _ in range(SLICE_DEPTH):
        found = units.get(name)
        if found is not None:
            yield found
        stem = name.removesuffix(".slice")
        if "-" not in stem:
            return
        name = stem.rpartition("-")[0] + ".slice"


def _own_slice(unit: Unit) -> str:
    prefix, at, _ = unit.name.partition("@")
    return f"system-{prefix}.slice" if at else "system.slice"


def capabilities(unit: Unit) -> frozenset[str] | None:
    """Which of the masterly capabilities a process of this unit may have; None when nothing limits them."""
    settings = unit.all("Service", "CapabilityBoundingSet")
    if not settings:
        return None
    bounded: set[str] = set()
    for index, setting in enumerate(settings):
        names = set(setting.value.lstrip("~").upper().split())
        if not setting.value.startswith("~"):
            bounded = bounded | names if setting.value else set()
        else:  # alone, the sign takes all limits back
            bounded = (set(MASTERLY) if index == 0 or not names else bounded) - names
    return frozenset(bounded & MASTERLY)


def _has_few_capabilities(unit: Unit) -> bool:
    bounded = capabilities(unit)
    if (bounded is not None and not bounded) or unit.says("Service", "PrivateUsers"):
        return True
    ambient = {name.upper() for name in unit.words("Service", "AmbientCapabilities")}
    return not is_root(unit) and not ambient & MASTERLY


def _gains_nothing(unit: Unit) -> bool:
    if unit.says("Service", "NoNewPrivileges") or unit.says("Service", "DynamicUser"):
        return True
    bounded = capabilities(unit)
    if is_root(unit) and (bounded is None or "CAP_SYS_ADMIN" in bounded):
        return False
    lists = any(unit.get("Service", key) is not None for key in IMPLYING_LISTS)
    return lists or any(unit.says("Service", key) for key in IMPLYING)


def _filters_calls(unit: Unit) -> bool:
    return bool(unit.all("Service", "SystemCallFilter"))


def _has_own_places(unit: Unit) -> bool:
    private = ("PrivateTmp", "PrivateDevices", "PrivateUsers", "DynamicUser")
    policy = _value(unit, "DevicePolicy") in ("closed", "strict") or _value(unit, "PrivateTmp") == "disconnected"
    return policy or _is_elsewhere(unit) or any(unit.says("Service", key) for key in private)


def _writes_little(unit: Unit) -> bool:
    closed = "/" in {word.lstrip("-+") for word in unit.words("Service", "ReadOnlyPaths")}
    is_strict = _value(unit, "ProtectSystem") in ("strict", "full")
    return is_strict or closed or unit.says("Service", "DynamicUser") or _is_elsewhere(unit)


def _is_elsewhere(unit: Unit) -> bool:
    return any(unit.get("Service", key) is not None for key in ("RootImage", "RootDirectory"))


def _spares_the_kernel(unit: Unit) -> bool:
    keys = ("ProtectKernelTunables", "ProtectKernelModules", "ProtectControlGroups")
    return sum(unit.says("Service", key) for key in keys) > 1 or (_has_few_capabilities(unit) and not is_root(unit))


def _value(unit: Unit, key: str) -> str:
    setting = unit.get("Service", key)
    return setting.value.lower() if setting is not None else ""


def _is_limited(unit: Unit, section: str, key: str) -> bool:
    setting = unit.get(section, key)
    return setting is not None and setting.value.rpartition(":")[2] not in ("infinity", "100%")


RULES: dict[Measure, Callable[[Unit], bool]] = {
    Measure.NO_NEW_PRIVILEGES: _gains_nothing,
    Measure.CAPABILITIES: _has_few_capabilities,
    Measure.SYSTEM_CALLS: _filters_calls,
    Measure.NAMESPACES: _has_own_places,
    Measure.WRITE_PATHS: _writes_little,
    Measure.KERNEL: _spares_the_kernel,
}
LIMITS = {
    Measure.MEMORY: ("MemoryMax", "MemoryHigh", "MemoryLimit", "LimitAS", "LimitDATA", "LimitRSS"),
    Measure.CPU: ("CPUQuota", "LimitCPU"),
    Measure.TASKS: ("TasksMax", "LimitNPROC"),
}
