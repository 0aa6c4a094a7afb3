"""Whether a line of a shell script can be taken out: it is whole commands, and no part of something larger.

Rules. `:` does nothing and stands wherever a command may, so a block whose only line goes does not become empty, which
would be an error. The script has to be understood as before but for the commands of this line. A line that also sets a
variable, ends a function or changes where the script goes on (`exit`, `set`, `.`) is none that can go.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from firmward.formats import shell
from firmward.formats.shell import Case, For, Function, If, Loop, Simple
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.remedy import ReplaceLine
from firmward.model.tree import Tree

BLOCKS = (Case, For, Function, If, Loop)
WHOLE = ("If", "For", "Loop")
"""Blocks that may go when they stand on the line with all that they hold."""
SOURCING = frozenset((".", "source"))
STEERING = SOURCING | {"exit", "return", "break", "continue", "set", "cd", "export", "eval", "shift", "trap"}
NOT_ALONE = re.compile(r"^\s*#|;;|\\$")
TEXT_LIMIT = 2048
"""Characters of a line that is quoted in a remedy."""


def cut(tree: Tree, at: Location, steering: frozenset[str] = STEERING) -> ReplaceLine | None:
    """The change that takes out the line at a place of a script; None where it cannot go alone, or cannot be read. A
    line that begins with a word of `steering` stays."""
    try:
        text = tree.text(at.path, shell.SIZE_LIMIT) if at.path is not None else None
    except Unavailable:
        return None
    if text is None or at.path is None or at.line is None:
        return None
    instead = without(text, at.line, steering)
    return None if instead is None else ReplaceLine(at.path, at.line, text.split("\n")[at.line - 1], instead)


def without(text: str, number: int, steering: frozenset[str] = STEERING) -> str | None:
    """What stands in the place of a line, counted from 1, that is taken out; None where it cannot go alone."""
    lines = text.split("\n")
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    if not line.strip() or len(line) > TEXT_LIMIT or NOT_ALONE.search(line):
        return None
    instead = line[: len(line) - len(line.lstrip())] + ":"
    before, after = shell.parse(text), shell.parse("\n".join((*lines[: number - 1], instead, *lines[number:])))
    if before.problems != after.problems:
        return None
    was, now = Counter(_nodes(before.commands)), Counter(_nodes(after.commands))
    gone, new = was - now, now - was
    nothing = Simple(number, words=(shell.Word((shell.Text(":"),), number),))
    may_go = all(one in WHOLE or _may_go(one, number, steering) for one in gone)
    return instead if gone and list(new) == [nothing] and may_go else None


def _nodes(commands: object) -> Iterator[object]:
    """Simple commands as they are, and of larger ones the kind alone: those of this line change with it."""
    if isinstance(commands, tuple):
        for one in commands:
            yield from _nodes(one)
    elif isinstance(commands, Simple):
        yield commands
    elif is_dataclass(commands):
        if isinstance(commands, BLOCKS):
            yield type(commands).__name__
        for field in fields(commands):
            yield from _nodes(getattr(commands, field.name))


def _may_go(node: object, number: int, steering: frozenset[str]) -> bool:
    if not isinstance(node, Simple) or node.line != number or not node.words:
        return False
    return node.words[0].literal not in steering
