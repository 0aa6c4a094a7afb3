"""What scripts source or run from writable file systems that the image does not hold.

Such a file is made on the device: whoever can write there adds to a script of the verified part. A folder of them is
named with what a loop over it looks for (`/data/hooks.d/*`).
"""

import re
from collections.abc import Iterable, Iterator

from firmward.facts.process import Manager
from firmward.facts.scripts.launchers import SHELLS
from firmward.facts.scripts.trace import Trace, Traced
from firmward.facts.scripts.walk import Origin
from firmward.facts.writable import Ground, Writable, ground
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

SIZE_LIMIT = 128 << 10
"""Bytes of a script; what is larger is a program."""


def data_scripts(
    tree: Tree, writable: Writable, scripts: Iterable[str], arguments: tuple[str, ...]
) -> Iterator[tuple[str, Location]]:
    """Each file that one of the scripts sources or runs, with the line; `arguments` are what the script is given."""
    targets = [
        mount.target
        for mount in writable.mounts.mounts
        if mount.target != "/" and ground(mount.target, writable.mounts, writable.root) is Ground.WRITABLE
    ]
    if not targets:
        return
    naming = re.compile("|".join(re.escape(target) + "/" for target in targets))
    trace = Trace(tree)
    for path in scripts:
        if naming.search(_text(tree, path)):
            trace.event(path, arguments, Origin(path, Manager.SCRIPT))
    for command in trace.commands_seen:
        path = _run(command)
        entry = tree.resolve(path) if path else None
        if path and "$" not in path and (entry is None or entry.kind is Kind.FILE) and naming.match(path):
            yield path.strip("/"), command.at


def _run(command: Traced) -> str:
    """The file that a command sources or runs."""
    is_reader = command.program in SHELLS or command.argv[0] in (".", "source")
    operands = [word for word in command.argv[1:] if not word.startswith("-")] if is_reader else command.argv[:1]
    return command.full(operands[0]) if operands and "/" in operands[0] else ""


def _text(tree: Tree, path: str) -> str:
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE or entry.size > SIZE_LIMIT:
        return ""
    try:
        return tree.text(path) or ""
    except Unavailable:  # that a script which runs is lost, the start-up itself tells
        return ""
