"""Which program is the first one, and so which configuration counts.

Rules: the kernel runs /init in an initramfs; on a root file system sbin/init, etc/init, bin/init (init/main.c); makers
of small devices also name linuxrc on the kernel's command line. What the program is, its link says; a program of its
own called init is told by what lies beside it. OpenRC is no first program but what inittab leads to: by a line of its
own, or, as Debian has it for SysV's init, by the scripts that SysV's lines name. A tree with start-up configuration and
without any such program (a package, an overlay, an example) is taken for a part of the system that the configuration is
for.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.scripts import places
from firmward.facts.scripts.style import Style, style_of
from firmward.formats import inittab
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

PROGRAMS = ("sbin/init", "usr/sbin/init", "etc/init", "bin/init", "init", "linuxrc")

ENTRIES_LIMIT = 1000
"""Lines of inittab looked at; a real table has some ten."""


class Program(StrEnum):
    SYSTEMD = "systemd"
    BUSYBOX = "busybox"
    SYSVINIT = "sysvinit"
    PROCD = "procd"
    OPENRC = "openrc"
    SCRIPT = "script"
    OTHER = "other"
    """One whose configuration is not read: runit, s6, dinit, finit, upstart, or a maker's own."""


@dataclass(frozen=True, slots=True)
class Init:
    """The first program.

    `program` is its kind; `path` where it lies, None where only its configuration told; `scripts` run before or as it.
    """

    program: Program
    path: str | None = None
    scripts: tuple[str, ...] = ()


def collect(tree: Tree) -> Init | None:
    found = [(path, entry) for path in PROGRAMS if (entry := tree.lstat_through(path)) is not None]
    scripts = tuple(path for path, _ in found if _is_script(tree, path))
    programs = [(path, entry) for path, entry in found if path not in scripts]
    configured = _by_configuration(tree)
    if scripts and (not programs or (scripts == ("init",) and configured is None)):
        return Init(configured or Program.SCRIPT, scripts[0], scripts[:1])
    if programs:
        path, entry = programs[0]
        early = tuple(script for script in scripts if script == "init")
        return Init(_by_name(tree, path, entry) or configured or Program.OTHER, path, early)
    return None if configured is None else Init(configured)


def _is_script(tree: Tree, path: str) -> bool:
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE:
        return False
    try:
        head = next(iter(tree.chunks(entry)), b"")[:256]
    except Unavailable:
        return False
    return style_of(head.decode("utf-8", "replace")) is Style.SHELL


_NAMES = {
    "systemd": Program.SYSTEMD,
    "busybox": Program.BUSYBOX,
    "procd": Program.PROCD,
    "openrc-init": Program.OPENRC,
    "sysvinit": Program.SYSVINIT,
    "runit": Program.OTHER,
    "runit-init": Program.OTHER,
    "s6-linux-init": Program.OTHER,
    "s6-svscan": Program.OTHER,
    "dinit": Program.OTHER,
    "finit": Program.OTHER,
    "upstart": Program.OTHER,
    "dumb-init": Program.OTHER,
    "tini": Program.OTHER,
}


def _by_name(tree: Tree, path: str, entry: Entry) -> Program | None:
    """What the link or the file itself is called; a part of the link's target may be missing in the tree."""
    resolved = tree.resolve(path)
    for name in ((resolved.name if resolved else ""), (entry.target or "").rpartition("/")[2]):
        if name.partition(".")[0] in _NAMES:
            program = _NAMES[name.partition(".")[0]]
            leads_on = program in (Program.BUSYBOX, Program.SYSVINIT) and tree.exists("etc/inittab")
            return Program.OPENRC if leads_on and _inittab_program(tree) is Program.OPENRC else program
    if tree.exists("sbin/procd"):
        return Program.PROCD
    if entry.kind is Kind.FILE and tree.exists("etc/inittab"):
        return _inittab_program(tree)
    return None


def _by_configuration(tree: Tree) -> Program | None:
    if any(
        tree.glob(f"{folder}/*.*") for folder in ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
    ):
        return Program.SYSTEMD
    if tree.exists("etc/rc.common") or (tree.glob("etc/rc.d/S*") and tree.exists("etc/config")):
        return Program.PROCD
    if tree.exists("etc/inittab"):
        return _inittab_program(tree)
    if tree.list("etc/runlevels"):
        return Program.OPENRC
    if tree.glob("etc/rc[S0-6].d/S*") or tree.glob("etc/rc.d/rc[S0-6].d/S*"):
        return Program.SYSVINIT
    return Program.BUSYBOX if tree.exists("etc/init.d/rcS") or tree.glob("etc/init.d/S[0-9][0-9]*") else None


_OPENRC = re.compile(r"^[^#\n]*:[ \t]*/sbin/(?:openrc|rc)[ \t]+\w", re.MULTILINE)


def _inittab_program(tree: Tree) -> Program:
    """Who the table is for: it may lead to OpenRC; SysV's init needs a line that BusyBox's does not know."""
    try:
        text = tree.text("etc/inittab") or ""
    except Unavailable:
        return Program.SYSVINIT
    if _OPENRC.search(text) or any(places.hands_to_openrc(tree, path) for path in _called(text)):
        return Program.OPENRC
    return Program.SYSVINIT if ":initdefault:" in text else Program.BUSYBOX


def _called(table: str) -> tuple[str, ...]:
    """The paths in the lines of an inittab."""
    words = (word for entry in inittab.parse(table).entries[:ENTRIES_LIMIT] for word in entry.process.split())
    return tuple(dict.fromkeys(word.lstrip("-+@") for word in words if word.lstrip("-+@").startswith("/")))
