"""What OpenWrt's procd starts.

Rules: /sbin/init brings up procd, which runs etc/rc.d/S* with `boot`, in the order of their names; a script of
etc/init.d without such a link is installed and not started. How a script describes its programs: scripts/frames.py
(rc.common) and scripts/openwrt.py (instances, configuration). Lines of etc/inittab: inittab.py.
"""

from dataclasses import dataclass, replace

from firmward.facts.init import Init, Program
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts.walk import Origin, Walk
from firmward.model.tree import Kind, Tree

FOLDER = "etc/init.d"


@dataclass(frozen=True, slots=True)
class ProcdServices:
    """`started` are the services that start, in order; `processes` what these start and the others would start.

    `scripts` are the paths of the scripts that run; `unread` says in words what could not be worked out.
    """

    started: tuple[str, ...]
    processes: tuple[Process, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, init: Init) -> ProcdServices | None:
    if init.program is not Program.PROCD:
        return None
    walk, dormant = Walk(tree), Walk(tree)
    started = {}
    for link in tree.glob("etc/rc.d/S*"):
        entry = tree.resolve(link)
        if entry is not None and walk.script(link, ("boot",), Origin(entry.name, Manager.PROCD)):
            started[entry.path] = entry.name
    for name in tree.names(FOLDER):
        entry = tree.resolve(f"{FOLDER}/{name}")
        if entry is not None and entry.kind is Kind.FILE and entry.path not in started:
            dormant.dormant(entry.path, Origin(name, Manager.PROCD))
    disabled = (replace(process, start=Start.DISABLED) for process in dormant.processes)
    names = tuple(started.values())
    return ProcdServices(names, (*walk.processes, *disabled), tuple(walk.scripts), tuple(walk.unread))
