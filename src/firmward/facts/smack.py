"""Smack's rules, where a system brings any.

Rules, from the kernel's documentation (admin-guide/LSM/Smack) and systemd.exec(5): rules are loaded at boot from
etc/smack/accesses and etc/smack/accesses.d by systemd or by smackctl; a process has the label of who started it, of its
unit (SmackProcessLabel=) or of its program's attribute security.SMACK64EXEC.
"""

from dataclasses import dataclass

from firmward.facts.process import Start
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

ATTRIBUTE = "security.SMACK64EXEC"


@dataclass(frozen=True, slots=True)
class Smack:
    """Smack is in use; `at` is the first of its rules, `labelled` are the services with a label of their own."""

    at: Location
    labelled: frozenset[str]


def collect(tree: Tree, startup: Startup | Unknown | None, units: SystemdUnits | Unknown | None) -> Smack | None:
    rules = [path for path in ("etc/smack/accesses", *tree.list("etc/smack/accesses.d")) if _says(tree, path)]
    if not rules:
        return None
    labelled = set()
    for process in startup.processes if isinstance(startup, Startup) else ():
        entry = tree.resolve(process.argv[0]) if process.start is not Start.DISABLED else None
        if entry is not None and any(name == ATTRIBUTE for name, _ in entry.xattrs):
            labelled.add(process.service)
    for unit in units.units.values() if isinstance(units, SystemdUnits) else ():
        if unit.get("Service", "SmackProcessLabel") is not None:
            labelled.add(unit.name)
    return Smack(Location(rules[0]), frozenset(labelled))


def _says(tree: Tree, path: str) -> bool:
    entry = tree.resolve(path)
    return entry is not None and entry.size > 0 and tree.is_file(path)
