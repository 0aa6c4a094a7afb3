"""The scripts of etc/init.d, started or not, and rc.local.

Rules. What init's table leads to (rcS, `rc LEVEL`, the links of the runlevels) was followed there (inittab.py); every
other script of etc/init.d is installed and not started. Under systemd its sysv-generator starts a script that a
runlevel from 2 to 5 links, unless a unit has its name; and rc-local.service starts etc/rc.local when that is
executable. Without inittab the links of S and of runlevel 2 count, then 5 and 3. Where a tree has no links at all, they
are still to be made at install: the script's LSB header (`Default-Start`) says which runlevels.
"""

import re
from dataclasses import dataclass, replace

from firmward.facts.init import Init, Program
from firmward.facts.inittab import Inittab
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts.places import start_links
from firmward.facts.scripts.walk import Origin, Walk
from firmward.facts.systemd import SystemdUnits
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Kind, Tree

FOLDER = "etc/init.d"
RC_LOCAL = ("etc/rc.local", "etc/rc.d/rc.local", "etc/init.d/rc.local")
NO_SERVICES = frozenset(("rc", "rcS", "rcK", "functions", "skeleton", "README", "halt", "reboot", "single"))


@dataclass(frozen=True, slots=True)
class InitScript:
    """A script of etc/init.d: `name` and `path`, and with `start` whether it runs at boot."""

    name: str
    path: str
    start: Start


@dataclass(frozen=True, slots=True)
class SysvScripts:
    """`services` are the scripts of etc/init.d; `processes` what they and rc.local start, or would start.

    `scripts` are the paths of the scripts that run beside those of inittab; `unread` says in words what could not be
    worked out.
    """

    services: tuple[InitScript, ...]
    processes: tuple[Process, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, init: Init, inittab: Inittab | Unknown | None, units: SystemdUnits | Unknown | None
) -> SysvScripts | None:
    if init.program in (Program.PROCD, Program.OPENRC):
        return None
    reached = set(inittab.scripts) if isinstance(inittab, Inittab) else set()
    walk = Walk(tree)
    for path in _to_start(tree, init, reached, units):
        walk.script(path, ("start",), Origin(_name(tree, path), Manager.SYSV))
    dormant = Walk(tree)
    scripts = []
    for name in tree.names(FOLDER):
        entry = tree.resolve(f"{FOLDER}/{name}")
        if entry is None or entry.kind is not Kind.FILE or name in NO_SERVICES:
            continue
        started = entry.path in reached or entry.path in walk.scripts
        scripts.append(InitScript(name, entry.path, Start.BOOT if started else Start.DISABLED))
        if not started:
            dormant.dormant(f"{FOLDER}/{name}", Origin(name, Manager.SYSV))
    disabled = _local(tree, init, walk, reached)
    processes = (*walk.processes, *disabled, *map(disabled_process, dormant.processes))
    return (
        SysvScripts(tuple(scripts), processes, tuple(walk.scripts), tuple(walk.unread))
        if scripts or processes
        else None
    )


def disabled_process(process: Process) -> Process:
    return replace(process, start=Start.DISABLED)


def _to_start(tree: Tree, init: Init, reached: set[str], units: SystemdUnits | Unknown | None) -> list[str]:
    """The scripts to start beside those that init's table leads to."""
    if init.program is Program.SYSTEMD:
        linked = [path for level in "2345" for path in start_links(tree, level)]
        known = units.names if isinstance(units, SystemdUnits) else frozenset()
        return [path for path in linked if f"{_name(tree, path)}.service" not in known]
    if init.program is not Program.SYSVINIT:
        return []
    if not any(start_links(tree, level) for level in "S2345"):
        return [path for path in tree.glob(f"{FOLDER}/*") if _starts_by_header(tree, path, "2")]
    if reached:
        return []
    level = next((level for level in "253" if start_links(tree, level)), "2")
    return [*start_links(tree, "S"), *start_links(tree, level)]


def _name(tree: Tree, path: str) -> str:
    entry = tree.resolve(path)
    return (entry.name if entry is not None else path.rpartition("/")[2]).removesuffix(".sh")


_DEFAULT_START = re.compile(r"^#\s*Default-Start:(.*)$", re.MULTILINE)


def _starts_by_header(tree: Tree, path: str, level: str) -> bool:
    try:
        text = tree.text(path) or ""
    except Unavailable:
        return False
    match = _DEFAULT_START.search(text[:8192])
    return match is not None and bool({level, "S"} & set(match.group(1).split()))


def _local(tree: Tree, init: Init, walk: Walk, reached: set[str]) -> list[Process]:
    """rc.local under systemd; and what an rc.local that nothing calls would start."""
    dormant = Walk(tree)
    for path in RC_LOCAL[:2]:
        entry = tree.resolve(path)
        if entry is None or entry.path in reached or entry.path in walk.scripts:
            continue
        origin = Origin("rc.local", Manager.SCRIPT)
        if init.program is Program.SYSTEMD and path == RC_LOCAL[0]:
            walk.script(path, ("start",), Origin("rc-local.service", Manager.SCRIPT))
        if entry.path not in walk.scripts:
            dormant.dormant(path, origin)
    return [disabled_process(process) for process in dormant.processes]
