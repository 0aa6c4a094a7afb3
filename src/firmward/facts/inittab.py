"""What init starts by its table, and what the scripts in it lead to.

Rules. BusyBox: without a table it runs etc/init.d/rcS, and asks for a shell on the console and on tty2 to tty4; the id
is the terminal, the console when empty. SysV: `sysinit`, `boot` and `bootwait` lines run once at boot, other lines in
the default runlevel (`initdefault`, 2 when it is missing). `ctrlaltdel`, `shutdown`, `power...` and `restart` lines
start nothing at boot. A tree with rcS or S scripts and no table counts as BusyBox's.
"""

import re
from dataclasses import dataclass, replace

from firmward.facts.init import Init, Program
from firmward.facts.process import Manager, Process
from firmward.facts.scripts.walk import Origin, Walk
from firmward.formats import inittab
from firmward.model.location import Location
from firmward.model.tree import Tree

PATH = "etc/inittab"

ONCE = ("sysinit", "boot", "bootwait")
INTERACTIVE = ("respawn", "askfirst", "ondemand", "respawnlate", "askconsole", "askconsolelate")
IN_LEVEL = ("wait", "once", *INTERACTIVE)
BUSYBOX_DEFAULT = """\
::sysinit:/etc/init.d/rcS
::askfirst:/bin/sh
tty2::askfirst:/bin/sh
tty3::askfirst:/bin/sh
tty4::askfirst:/bin/sh
"""


ENTRIES_LIMIT = 1000
"""Entries followed; a real table has some ten."""

PROBLEMS_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Inittab:
    """`entries` are the lines of the table, or of BusyBox's own when there is none.

    `level` is the default runlevel, None in BusyBox, which has none; `processes` are what the lines lead to, `scripts`
    the paths of the scripts on the way; `unread` says in words what could not be worked out.
    """

    entries: tuple[inittab.Entry, ...]
    level: str | None
    processes: tuple[Process, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, init: Init) -> Inittab | None:
    text = None if init.program is Program.SYSTEMD else tree.text(PATH)
    if text is None and init.program is not Program.BUSYBOX:
        return None
    table = inittab.parse(BUSYBOX_DEFAULT if text is None else text)
    level = (table.default_level or "2") if init.program is Program.SYSVINIT or table.default_level else None
    walk = Walk(tree)
    for entry in table.entries[:ENTRIES_LIMIT]:
        if entry.action in ONCE or (entry.action in IN_LEVEL and _in_level(entry, level)):
            at = Location(init.path or PATH) if text is None else Location(PATH, entry.line)
            _start(walk, init.program, entry, level, at)
    problems = tuple(f"{PATH}: {problem}" for problem in table.problems[:PROBLEMS_LIMIT])
    if len(table.entries) > ENTRIES_LIMIT:
        problems += (f"{PATH}: more than {ENTRIES_LIMIT} entries, the rest was not followed",)
    processes = tuple(_on_terminal(process) for process in walk.processes)
    return Inittab(table.entries, level, processes, tuple(walk.scripts), (*problems, *walk.unread))


def _in_level(entry: inittab.Entry, level: str | None) -> bool:
    return level is None or not entry.levels or level.lower() in entry.levels.lower()


def _start(walk: Walk, program: Program, entry: inittab.Entry, level: str | None, at: Location) -> None:
    process = entry.process.lstrip("-+@")
    if _RCS.match(process) and not walk.tree.exists("etc/init.d/rcS"):
        if program is Program.BUSYBOX:
            _start_all(walk)
        return
    tty = (entry.id.removeprefix("/dev/") or "console") if level is None else None
    name = entry.id or process.split(" ")[0].rpartition("/")[2]
    walk.line(process, at, Origin(name, Manager.INITTAB, tty if entry.action in INTERACTIVE else None))


def _start_all(walk: Walk) -> None:
    """What the rcS of Buildroot does; procd does its own part of it (see procd.py)."""
    for path in walk.tree.glob("etc/init.d/S??*"):
        walk.script(path, ("start",), Origin(path.rpartition("/")[2], Manager.SYSV))


def _on_terminal(process: Process) -> Process:
    """A getty names its terminal itself, in SysV the only place where it stands."""
    if process.tty is None and "getty" in process.program:
        names = [word.removeprefix("/dev/") for word in process.argv[1:] if word.removeprefix("/dev/").startswith(_TTY)]
        return replace(process, tty=names[0]) if names else process
    return process


_RCS = re.compile(r"/etc/init\.d/rcS\b")
_TTY = ("tty", "console", "hvc", "lp", "cua")
