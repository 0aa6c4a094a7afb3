"""What the system starts, whatever starts it: the one place where other families ask which programs run.

Merged from the init system and what it leads to (systemd units, BusyBox or SysV inittab, SysV, OpenRC and procd
scripts, rc.local, inetd and xinetd). Configuration is read as the running system would: masks, presets and drop-ins,
runlevels, variables set in scripts and in the files that they source, scripts called by scripts.
"""

from dataclasses import dataclass

from firmward.facts.init import Init, Program
from firmward.facts.inittab import Inittab
from firmward.facts.process import Manager, Process, Socket, Start
from firmward.facts.scripts.walk import Origin, Walk
from firmward.model.facts import Unknown
from firmward.model.tree import Tree

__all__ = ["Manager", "Process", "Socket", "Start", "Startup", "collect"]


@dataclass(frozen=True, slots=True)
class Startup:
    """Which init system runs, what it starts, and what of it could not be read.

    `scripts` are the paths of the shell scripts that run at boot, sourced files among them.
    """

    init: Manager
    processes: tuple[Process, ...]
    unread: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    def running(self, *programs: str) -> tuple[Process, ...]:
        """The processes of these programs that start at boot or on demand."""
        return tuple(
            process for process in self.processes if process.program in programs and process.start is not Start.DISABLED
        )


MANAGERS = {
    Program.SYSTEMD: Manager.SYSTEMD,
    Program.BUSYBOX: Manager.INITTAB,
    Program.SYSVINIT: Manager.INITTAB,
    Program.PROCD: Manager.PROCD,
    Program.OPENRC: Manager.OPENRC,
    Program.SCRIPT: Manager.SCRIPT,
    Program.OTHER: Manager.SCRIPT,
}


def collect(tree: Tree, init: Init, inittab: Inittab | Unknown | None) -> Startup:
    walk = Walk(tree)
    for path in init.scripts:
        walk.script(path, (), Origin(path.rpartition("/")[2], Manager.SCRIPT))
    parts = [part for part in (inittab,) if isinstance(part, Inittab)]
    processes = [*walk.processes, *(process for part in parts for process in part.processes)]
    unread = dict.fromkeys([*walk.unread, *(text for part in parts for text in part.unread)])
    scripts = dict.fromkeys([*walk.scripts, *(path for part in parts for path in part.scripts)])
    return Startup(MANAGERS[init.program], tuple(dict.fromkeys(processes)), tuple(unread), tuple(scripts))
