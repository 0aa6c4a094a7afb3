"""What OpenRC starts.

Rules: the services in etc/runlevels/{sysinit,boot,default}, and what they `need` or `want` in turn (a name may be one
that a service provides). How a script starts its program: scripts/frames.py. Every other script of etc/init.d is
installed and not started.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.init import Init, Program
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts.style import Style, style_of
from firmward.facts.scripts.walk import Origin, Walk
from firmward.formats import shell
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

RUNLEVELS = ("sysinit", "boot", "default")
FOLDER = "etc/init.d"


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
    texts = dict(_texts(tree))
    depends = {name: tuple(_depend(text)) for name, text in texts.items()}
    started = _needed(_enabled(tree), depends)
    walk, dormant = Walk(tree), Walk(tree)
    for name in started:
        walk.script(f"{FOLDER}/{name}", ("start",), Origin(name, Manager.OPENRC))
    for name in texts:
        if name not in started:
            dormant.dormant(f"{FOLDER}/{name}", Origin(name, Manager.OPENRC))
    disabled = (replace(process, start=Start.DISABLED) for process in dormant.processes)
    needs = tuple((name, one) for name in started for kind, one in depends.get(name, ()) if kind != "provide")
    return OpenrcServices(started, (*walk.processes, *disabled), tuple(walk.scripts), tuple(walk.unread), needs)


def _enabled(tree: Tree) -> tuple[str, ...]:
    names = (path.rpartition("/")[2] for level in RUNLEVELS for path in tree.list(f"etc/runlevels/{level}"))
    return tuple(dict.fromkeys(names))


def _texts(tree: Tree) -> Iterator[tuple[str, str]]:
    """The scripts of etc/init.d that OpenRC runs."""
    for name in tree.names(FOLDER):
        try:
            text = tree.text(f"{FOLDER}/{name}", limit=shell.SIZE_LIMIT)
        except Unavailable:
            continue
        if text is not None and style_of(text) is Style.OPENRC:
            yield name, text


def _depend(text: str) -> Iterator[tuple[str, str]]:
    """Pairs (`need`, `want` or `provide`, name) from the depend function."""
    for command in shell.parse(text).commands:
        if isinstance(command, shell.Function) and command.name == "depend":
            for line in command.body:
                words = [word.literal or "" for word in line.words] if isinstance(line, shell.Simple) else []
                if words[:1] in (["need"], ["want"], ["provide"]):
                    yield from ((words[0], name) for name in words[1:])


def _needed(enabled: tuple[str, ...], depends: dict[str, tuple[tuple[str, str], ...]]) -> tuple[str, ...]:
    """The enabled services and what they bring along; a provided name counts where an enabled service has it."""
    started: dict[str, None] = {}
    pending = list(reversed(enabled))
    while pending:
        name = pending.pop()
        if name not in started:
            started[name] = None
            pending.extend(needed for kind, needed in depends.get(name, ()) if kind != "provide" and needed in depends)
    return tuple(started)
