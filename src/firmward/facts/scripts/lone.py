"""Whether a line of a shell script can be taken out: it is whole commands, and no part of something larger.

Rules. `:` does nothing and stands wherever a command may, so a block whose only line goes does not become empty, which
would be an error. A line can go when it says by itself what it says in its script: then nothing begins or ends in it.
One that also sets a variable, holds a function or changes where the script goes on (`exit`, `set`, `.`) is none that
can go. Each script is read once, however many lines are asked for.
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
RESERVED = frozenset(("fi", "done", "esac", "then", "else", "elif", "do", "}", ")", "in"))
"""Words that end or divide what began on another line."""
NOT_ALONE = re.compile(r"^\s*#|;;|(?:\\|&&|\|)\s*$|<<")
TEXT_LIMIT = 2048
"""Characters of a line that is quoted in a remedy."""


class Script:
    """The text of a script, and the commands that begin in each of its lines."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self._commands: dict[int, Counter[object]] = {}
        for node in _nodes(shell.parse(text).commands):
            if isinstance(node, Simple):
                self._commands.setdefault(node.line, Counter())[node] += 1

    def without(self, number: int, steering: frozenset[str] = STEERING) -> str | None:
        """What stands in the place of a line, counted from 1, that is taken out; None where it cannot go alone. A line
        with a command of `steering` stays."""
        line = self.lines[number - 1] if 0 < number <= len(self.lines) else ""
        continues = bool(line) and number > 1 and self.lines[number - 2].endswith("\\")
        if not line.strip() or len(line) > TEXT_LIMIT or NOT_ALONE.search(line) or continues:
            return None
        alone = shell.parse(line, number)
        nodes = Counter(_nodes(alone.commands))
        own = Counter({node: count for node, count in nodes.items() if isinstance(node, Simple)})
        if alone.problems or not own or own != self._commands.get(number):
            return None
        may_go = all(one in WHOLE or _may_go(one, steering) for one in nodes)
        return line[: len(line) - len(line.lstrip())] + ":" if may_go else None


class Scripts:
    """The scripts of a tree, each read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._known: dict[str, Script | None] = {}

    def cut(self, at: Location, steering: frozenset[str] = STEERING) -> ReplaceLine | None:
        """The change that takes out the line at a place; None where it cannot go alone, or cannot be read."""
        if at.path is None or at.line is None:
            return None
        if at.path not in self._known:
            self._known[at.path] = self._read(at.path)
        script = self._known[at.path]
        instead = script.without(at.line, steering) if script is not None else None
        if script is None or instead is None:
            return None
        return ReplaceLine(at.path, at.line, script.lines[at.line - 1], instead)

    def _read(self, path: str) -> Script | None:
        try:
            text = self._tree.text(path, shell.SIZE_LIMIT)
        except Unavailable:
            return None
        return None if text is None else Script(text)


def _nodes(commands: object) -> Iterator[object]:
    """Simple commands as they are, and of larger ones the kind alone."""
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


def _may_go(node: object, steering: frozenset[str]) -> bool:
    return isinstance(node, Simple) and bool(node.words) and node.words[0].literal not in steering | RESERVED
