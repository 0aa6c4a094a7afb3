"""What OpenRC starts.

Rules: the services in etc/runlevels/{sysinit,boot,default}, and what they `need` or `want` in turn (a name may be one
that a service provides: the first that does so is started, unless one is enabled). How a script starts its program:
scripts/frames.py. Every other script of etc/init.d is installed and not started. Debian's OpenRC has SysV's scripts for
services as well (scripts/lsb.py says of what they depend); SysV's own links in rc?.d start nothing there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.init import Init, Program
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts import lsb
from firmward.facts.scripts.style import Style, style_of
from firmward.facts.scripts.walk import Origin, Walk
from firmward.facts.sysv import NO_SERVICES
from firmward.formats import shell
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

RUNLEVELS = ("sysinit", "boot", "default")
FOLDER = "etc/init.d"
Depends = tuple[tuple[str, str], ...]
"""Pairs of `need`, `want` or `provide`, and a name."""


@dataclass(frozen=True, slots=True)
class OpenrcServices:
    """`started` are the services that start, in order; `processes` what these start and the others would start.

    `scripts` are the paths of the scripts that run; `unread` says in words what could not be worked out. `needs` are
    pairs of a service that starts and one that it needs.
    """

    started: tuple[str, ...]
    processes: tuple[Process, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()


def collect(tree: Tree, init: Init) -> OpenrcServices | None:
    if init.program is not Program.OPENRC:
        return None
    depends = dict(_depends(tree))
    started = _needed(_enabled(tree), depends)
    walk, dormant = Walk(tree), Walk(tree)
    for name in started:
        walk.script(f"{FOLDER}/{name}", ("start",), Origin(name, Manager.OPENRC))
    for name in depends:
        if name not in started:
            dormant.dormant(f"{FOLDER}/{name}", Origin(name, Manager.OPENRC))
    disabled = (replace(process, start=Start.DISABLED) for process in dormant.processes)
    needs = tuple((name, one) for name in started for kind, one in depends.get(name, ()) if kind != "provide")
    return OpenrcServices(started, (*walk.processes, *disabled), tuple(walk.scripts), tuple(walk.unread), needs)


def _enabled(tree: Tree) -> tuple[str, ...]:
    names = (path.rpartition("/")[2] for level in RUNLEVELS for path in tree.list(f"etc/runlevels/{level}"))
    return tuple(dict.fromkeys(names))


def _depends(tree: Tree) -> Iterator[tuple[str, Depends]]:
    """The scripts of etc/init.d that OpenRC runs, and of what each depends."""
    known = lsb.facilities(tree) if tree.exists(lsb.PROGRAM) else None
    for name in tree.names(FOLDER):
        try:
            text = tree.text(f"{FOLDER}/{name}", limit=shell.SIZE_LIMIT)
        except Unavailable:
            continue
        if text is not None and style_of(text) is Style.OPENRC:
            yield name, tuple(_depend(text))
        elif text is not None and known is not None and name not in NO_SERVICES:
            found = lsb.depends(text, known)
            if found is not None:
                yield name, found


def _depend(text: str) -> Iterator[tuple[str, str]]:
    """Pairs (`need`, `want` or `provide`, name) from the depend function."""
    for command in shell.parse(text).commands:
        if isinstance(command, shell.Function) and command.name == "depend":
            for line in command.body:
                words = [word.literal or "" for word in line.words] if isinstance(line, shell.Simple) else []
                if words[:1] in (["need"], ["want"], ["provide"]):
                    yield from ((words[0], name) for name in words[1:])


def _needed(enabled: tuple[str, ...], depends: dict[str, Depends]) -> tuple[str, ...]:
    """The enabled services and what they bring along; of those that provide a name the first, where none is enabled."""
    providers: dict[str, list[str]] = {}
    for name, ones in depends.items():
        for kind, provided in ones:
            if kind == "provide":
                providers.setdefault(provided, []).append(name)
    started: dict[str, None] = {}
    pending = list(reversed(enabled))
    while pending:
        name = pending.pop()
        if name not in started:
            started[name] = None
            needed = [one for kind, one in depends.get(name, ()) if kind != "provide"]
            pending.extend(one for one in needed if one in depends)
            choices = [providers[one] for one in needed if one not in depends and one in providers]
            pending.extend(choice[0] for choice in choices if not {*enabled, *started} & set(choice))
    return tuple(started)
