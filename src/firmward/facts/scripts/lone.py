"""Whether a line of a shell script can be taken out: it is whole commands, and no part of something larger.

Rules. `:` does nothing and stands wherever a command may, so a block whose only line goes does not become empty, which
would be an error. A line can go when it says by itself what it says in its script: then nothing begins or ends in it.
One that also sets a variable, holds a function or changes where the script goes on (`exit`, `set`, `.`) is none that
can go. Each script is read once, however many lines are asked for.

A program in a loop that never ends is waited for there: without it the loop would go round as fast as it can. So the
loop goes with it, when nothing else in it does anything, and where something does, the line goes if a pause is left.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice

from firmward.facts.scripts.endless import PAUSES
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
IDLE = PAUSES | {"true", "false", ":", "[", "test", "echo", "printf", "logger"}
"""What nobody misses of a loop that goes."""
COMMANDS_LIMIT = 50
"""Commands of a loop that is looked at; one with more does something else too."""
AROUND = 3
"""Lines before the first command of a loop and behind its last one that may belong to it."""
SPLIT = re.compile(r"(?:\\|&&|\|)\s*$")
TEXT_LIMIT = 2048
"""Characters of a line that is quoted in a remedy, and of a loop."""


class Script:
    """The text of a script, and the commands that begin in each of its lines."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self._commands: dict[int, Counter[object]] = {}
        commands = shell.parse(text).commands
        for node in _nodes(commands):
            if isinstance(node, Simple):
                self._commands.setdefault(node.line, Counter())[node] += 1
        self._loops: dict[int, list[_Round]] = {}
        for loop in _loops(commands):
            known = _Round.of(loop)
            for line in known.lines if len(known.commands) <= COMMANDS_LIMIT else ():
                self._loops.setdefault(line, []).append(known)

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

    def without_program(self, number: int) -> tuple[int, int, str] | None:
        """The first and last line to be taken out with a program that goes on running, and what stands instead."""
        for loop in self._loops.get(number, ()):  # the outer ones before those within
            if loop.lines == {number} or not loop.asking <= {number}:
                continue
            if loop.working <= {number}:
                return self._without_loop(loop)
            if loop.pausing <= {number}:
                return None
        instead = self.without(number)
        return None if instead is None else (number, number, instead)

    def _without_loop(self, loop: "_Round") -> tuple[int, int, str] | None:
        """The fewest lines with all of it that say by themselves what they say in their script."""
        first, last = min(loop.lines), max(loop.lines)
        places = [(first - up, last + down) for up in range(AROUND) for down in range(AROUND)]
        for start, end in sorted(places, key=lambda place: place[1] - place[0]):
            lines = self.lines[start - 1 : end]
            before = self.lines[start - 2] if start > 1 else ""
            text = "\n".join(lines)
            cut_off = ";;" in text or "<<" in text or SPLIT.search(before) or SPLIT.search(text)
            if start < 1 or end > len(self.lines) or len(text) > TEXT_LIMIT or cut_off:
                continue
            alone = shell.parse(text, start)
            nodes = Counter(_nodes(alone.commands))
            own = Counter({node: count for node, count in nodes.items() if isinstance(node, Simple)})
            said = sum((self._commands.get(line, Counter()) for line in range(start, end + 1)), Counter[object]())
            is_whole = not alone.problems and own == said == loop.commands
            if is_whole and all(one in WHOLE or _may_go(one, STEERING) for one in nodes):
                return start, end, lines[0][: len(lines[0]) - len(lines[0].lstrip())] + ":"
        return None


@dataclass(frozen=True, slots=True)
class _Round:
    """The commands of a loop, and by their lines those whose end it waits for (`asking`), that do something
    (`working`), and that pause."""

    commands: Counter[object]
    lines: frozenset[int]
    asking: frozenset[int]
    working: frozenset[int]
    pausing: frozenset[int]

    @classmethod
    def of(cls, loop: Loop) -> "_Round":
        asked = _commands(loop.condition)
        all_of = [*asked, *_commands(loop.body)]
        return cls(
            Counter(all_of),
            frozenset(one.line for one in all_of),
            frozenset(one.line for one in asked if not _is_one_of(one, IDLE)),
            frozenset(one.line for one in all_of if not _is_one_of(one, IDLE)),
            frozenset(one.line for one in all_of if _is_one_of(one, PAUSES)),
        )


class Scripts:
    """The scripts of a tree, each read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._known: dict[str, Script | None] = {}

    def cut(self, at: Location, steering: frozenset[str] = STEERING) -> ReplaceLine | None:
        """The change that takes out the line at a place; None where it cannot go alone, or cannot be read."""
        script = self._script(at)
        instead = script.without(at.line or 0, steering) if script is not None else None
        if script is None or instead is None:
            return None
        return ReplaceLine(at.path or "", at.line or 0, script.lines[(at.line or 0) - 1], instead)

    def cut_program(self, at: Location) -> ReplaceLine | None:
        """The change that takes out a program that goes on running, with the loop that starts it again and again."""
        script = self._script(at)
        found = script.without_program(at.line or 0) if script is not None else None
        if script is None or found is None:
            return None
        first, last, instead = found
        return ReplaceLine(at.path or "", first, "\n".join(script.lines[first - 1 : last]), instead)

    def _script(self, at: Location) -> Script | None:
        if at.path is None or at.line is None:
            return None
        if at.path not in self._known:
            self._known[at.path] = self._read(at.path)
        return self._known[at.path]

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


def _commands(commands: object) -> list[Simple]:
    """The simple ones, as far as their number says whether there are too many."""
    return list(islice((one for one in _nodes(commands) if isinstance(one, Simple)), COMMANDS_LIMIT + 1))


def _loops(commands: object) -> Iterator[Loop]:
    if isinstance(commands, tuple):
        for one in commands:
            yield from _loops(one)
    elif is_dataclass(commands) and not isinstance(commands, Simple):
        if isinstance(commands, Loop):
            yield commands
        for field in fields(commands):
            yield from _loops(getattr(commands, field.name))


def _is_one_of(command: Simple, names: frozenset[str]) -> bool:
    return bool(command.words) and command.words[0].literal in names and not command.assignments


def _may_go(node: object, steering: frozenset[str]) -> bool:
    return isinstance(node, Simple) and bool(node.words) and node.words[0].literal not in steering | RESERVED
