"""What the system starts, whatever starts it: the one place where other families ask which programs run.

Merged from the init system and what it leads to (systemd units, BusyBox or SysV inittab, SysV, OpenRC and procd
scripts, rc.local, hooks of the network, cron's `@reboot`, inetd and xinetd). Configuration is read as the running
system would: masks, presets and drop-ins, runlevels, variables set in scripts and in the files that they source,
scripts called by scripts.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts import inetd as inetds
from firmward.facts import xinetd as xinetds
from firmward.facts.cron import CronReboot
from firmward.facts.ifupdown import NetworkHooks
from firmward.facts.inetd import Inetd
from firmward.facts.init import Init, Program
from firmward.facts.inittab import Inittab
from firmward.facts.openrc import OpenrcServices
from firmward.facts.procd import ProcdServices
from firmward.facts.process import Manager, Process, Socket, Start
from firmward.facts.scripts.walk import Origin, Walk
from firmward.facts.systemd import SystemdUnits
from firmward.facts.sysv import SysvScripts
from firmward.facts.xinetd import Xinetd
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Tree

__all__ = ["Manager", "Process", "Socket", "Start", "Startup", "collect"]


@dataclass(frozen=True, slots=True)
class Startup:
    """Which init system runs, what it starts, and what of it could not be read.

    `init` is who starts everything; `processes` are the programs that start, and those installed that do not; `unread`
    says in words what could not be worked out; `scripts` are the paths of the shell scripts that run at boot, sourced
    files among them. `blind` says why it is not known what starts, when what decides it cannot be read at all.
    """

    init: Manager
    processes: tuple[Process, ...]
    unread: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    blind: str | None = None

    @property
    def unread_servers(self) -> tuple[str, ...]:
        """What of `unread` may hide a server: whether a getty starts on a line hides none, and is often not known."""
        return tuple(reason for reason in self.unread if "getty@" not in reason)

    def running(self, *programs: str) -> tuple[Process, ...]:
        """The processes of these programs that start at boot or on demand. Raises Unavailable, see `require_seen`."""
        found = tuple(
            process for process in self.processes if process.program in programs and process.start is not Start.DISABLED
        )
        if not found:
            self.require_seen()
        return found

    def require_seen(self) -> None:
        """For who is about to say that something does not start. Raises Unavailable when nobody could know."""
        if self.blind is not None:
            raise Unavailable(f"it is not known what starts: {self.blind}")


MANAGERS = {
    Program.SYSTEMD: Manager.SYSTEMD,
    Program.BUSYBOX: Manager.INITTAB,
    Program.SYSVINIT: Manager.INITTAB,
    Program.PROCD: Manager.PROCD,
    Program.OPENRC: Manager.OPENRC,
    Program.SCRIPT: Manager.SCRIPT,
    Program.OTHER: Manager.SCRIPT,
}


Managed = SystemdUnits | Inittab | SysvScripts | OpenrcServices | ProcdServices | NetworkHooks | CronReboot
"""The families that start programs themselves."""

CRON = ("cron", "crond", "fcron", "vixie-cron")
INETD = ("inetd", "openbsd-inetd", "inetutils-inetd", "rlinetd")
XINETD = ("xinetd",)


def collect(
    tree: Tree,
    init: Init,
    units: SystemdUnits | Unknown | None,
    inittab: Inittab | Unknown | None,
    sysv: SysvScripts | Unknown | None,
    openrc: OpenrcServices | Unknown | None,
    procd: ProcdServices | Unknown | None,
    inetd: Inetd | Unknown | None,
    xinetd: Xinetd | Unknown | None,
    hooks: NetworkHooks | Unknown | None,
    cron: CronReboot | Unknown | None,
) -> Startup:
    walk = Walk(tree)
    for path in init.scripts:
        walk.script(path, (), Origin(path.rpartition("/")[2], Manager.SCRIPT))
    found = (units, inittab, sysv, openrc, procd, hooks)
    parts: list[Managed] = [part for part in found if part is not None and not isinstance(part, Unknown)]
    if isinstance(cron, CronReboot) and any(_runs(process, CRON) for part in parts for process in part.processes):
        parts.append(cron)
    processes = _merged([*walk.processes, *(process for part in parts for process in part.processes)])
    scripts = dict.fromkeys([*walk.scripts, *(path for part in parts for path in part.scripts)])
    tables = (_inetd(tree, inetd, processes), _xinetd(tree, xinetd, processes))
    served = [process for table in tables for process in table.processes]
    unread = [*walk.unread, *_unread((*found, inetd, xinetd, cron, *tables)), *_unknown_init(init)]
    blind = next((reason for reason in (*_unknown_init(init), *_unknown(found), *_lost(tree, scripts))), None)
    return Startup(MANAGERS[init.program], (*processes, *served), tuple(dict.fromkeys(unread)), tuple(scripts), blind)


def keyed(startup: Startup) -> Iterator[tuple[str, Process]]:
    """What starts, by service and program. Raises Unavailable when nobody could know."""
    startup.require_seen()
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            same = process.service == process.program
            yield process.service if same else f"{process.service} {process.program}", process


def _merged(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Each program once; what starts anyway is not told again as something that does not."""
    listed = tuple(dict.fromkeys(processes))
    started = {(process.argv, process.at) for process in listed if process.start is not Start.DISABLED}
    return tuple(
        process
        for process in listed
        if process.start is not Start.DISABLED or (process.argv, process.at) not in started
    )


def _inetd(tree: Tree, usual: Inetd | Unknown | None, processes: tuple[Process, ...]) -> Inetd:
    servers = [process for process in processes if _runs(process, INETD)]
    own, is_usual = _tables(tree, servers, inetds.started_with)
    is_usual = is_usual or any(_runs(process, XINETD) and xinetds.reads_inetds(process) for process in processes)
    return Inetd(*_joined(own, usual, is_usual))


def _xinetd(tree: Tree, usual: Xinetd | Unknown | None, processes: tuple[Process, ...]) -> Xinetd:
    servers = [process for process in processes if _runs(process, XINETD)]
    own, is_usual = _tables(tree, servers, xinetds.started_with)
    return Xinetd(*_joined(own, usual, is_usual))


Table = Inetd | Xinetd


def _tables(
    tree: Tree, servers: Iterable[Process], started_with: Callable[[Tree, Process], Table | None]
) -> tuple[list[Table], bool]:
    """The tables that super-servers are started with, and whether one of them reads the usual one."""
    own: list[Table] = []
    is_usual = False
    for server in servers:
        try:
            table = started_with(tree, server)
        except Unavailable as reason:
            table = Inetd((), (reason.reason,))
        if table is not None:
            own.append(table)
        is_usual = is_usual or table is None
    return own, is_usual


def _joined(
    own: Iterable[Table], usual: Table | Unknown | None, is_usual: bool
) -> tuple[tuple[Process, ...], tuple[str, ...]]:
    """What is served, and what is only in a table; services start only where a super-server reads their table."""
    tables = tuple(own)
    served = dict.fromkeys(process for table in tables for process in table.processes)
    places = {process.at for process in served}
    rest = usual.processes if isinstance(usual, Table) else ()
    for process in rest:
        if process.at not in places:
            served[process if is_usual else replace(process, start=Start.DISABLED)] = None
    return tuple(served), tuple(reason for table in tables for reason in table.unread)


def _runs(process: Process, names: Iterable[str]) -> bool:
    return process.program in names and process.start is not Start.DISABLED


def _unknown(parts: Iterable[Managed | Unknown | None]) -> Iterator[str]:
    return (part.reason for part in parts if isinstance(part, Unknown))


def _lost(tree: Tree, scripts: Iterable[str]) -> Iterator[str]:
    """Why scripts that run cannot be read."""
    for path in scripts:
        try:
            tree.read(path)
        except Unavailable as reason:
            yield str(reason)


def _unread(parts: Iterable[Managed | Inetd | Xinetd | Unknown | None]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Unknown):
            yield part.reason
        elif part is not None:
            yield from part.unread


def _unknown_init(init: Init) -> Iterator[str]:
    if init.program is Program.OTHER:
        yield f"{init.path}: what this init starts is not known"
