"""The commands of one script in the order in which they are written, with what is known filled in.

Updating is told by which programs a script calls and with which words, whatever way it takes through its functions and
conditions: nothing is decided here, every way"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from firmward.facts.process import applet
from firmward.formats import shell
from firmward.formats.shell import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Parameter,
    Pipeline,
    Simple,
    Subshell,
    Substitution,
    Text,
    Word,
)
from firmward.model.location import Location

STEP_LIMIT = 5_000
"""Commands of one script that are listed."""

SUBSTITUTION_DEPTH = 4
SOURCED_LIMIT = 30
"""Files that one script makes part of itself."""
SOURCED_DEPTH = 4
VALUE_LIMIT = 2_000
"""Characters of one word; a variable that holds itself twice would grow for ever."""

PRINTED = re.compile(r"\s*(?:cat\s+|<\s*)[\"']?(/[\w./-]{1,200})[\"']?\s*")
WRAPPERS = frozenset(("sudo", "nice", "ionice", "nohup", "exec", "command", "eval", "time", "busybox", "env", "setsid"))
NO_STATUS = frozenset((":", "true", "echo", "printf", "logger"))
"""What stands behind `||` and lets the script go on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `pipe` are the commands after it in its pipeline, `written` where its output goes.

    `counts` says whether anything looks at its status; `varied` are the words that the script works out, so that they
    may be others in the next run, though all that they hold is known.
    """

    argv: tuple[str, ...]
    at: Location
    pipe: tuple[tuple[str, ...], ...] = ()
    written: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    counts: bool = False
    varied: frozenset[str] = frozenset()
    document: str = ""
    """What a here-document feeds it, as it is written."""

    @property
    def program(self) -> str:
        return self.argv[0].rpartition("/")[2] if self.argv else ""

    @property
    def words(self) -> tuple[str, ...]:
        return self.argv[1:]


Sourced = Callable[[str], str | None]
"""The text of a file of the image by its path; None where it is not there."""


def steps(text: str, path: str, first_line: int = 1, sourced: Sourced = lambda _: None) -> tuple[Step, ...]:
    """All commands of a script."""
    reader = _Reader(path, sourced)
    reader.commands(shell.parse(text, first_line).commands, counts=False)
    return tuple(reader.found[:STEP_LIMIT])


def assigned(text: str, path: str) -> tuple[tuple[str, str, Location], ...]:
    """All that a script assigns, whatever way it takes: names, values as far as they are known, and places."""
    reader = _Reader(path, lambda _: None)
    reader.commands(shell.parse(text).commands, counts=False)
    return tuple(reader.assigned[:STEP_LIMIT])


class _Reader:
    """`found` fills as it goes; `_values` are the variables, `_several` those that were given more than one value,
    `_strict` is `set -e`, `_within` how deep in sourced files it is."""

    def __init__(self, path: str, sourced: Sourced) -> None:
        self.found: list[Step] = []
        self.assigned: list[tuple[str, str, Location]] = []
        self._path = path
        self._source = sourced
        self._sourced = 0
        self._within = 0
        self._values: dict[str, str] = {}
        self._several: set[str] = set()
        self._is_varied = False
        self._strict = False
        self._depth = 0

    def commands(self, commands: Iterable[Command], counts: bool) -> None:
        """The last command's status is the whole's."""
        listed = tuple(commands)
        for number, command in enumerate(listed):
            looked_at = number + 1 < len(listed) and _asks_status(listed[number + 1])
            self._command(command, (counts and number + 1 == len(listed)) or looked_at)

    def _command(self, command: Command, counts: bool) -> None:
        if len(self.found) >= STEP_LIMIT:
            return
        match command:
            case Simple():
                self._simple(command, (), counts)
            case Pipeline(parts):
                self._pipeline(parts, counts)
            case AndOr(left, operator, right):
                self._command(left, counts=operator == "&&" or not _is_idle(right))
                self._command(right, counts)
            case Group(body) | Subshell(body):
                self.commands(body, counts)
            case Function() if self._within:  # a library's, called or not
                pass
            case Function(_, body):  # what a function ends with is what its caller may ask for
                self.commands(body, counts=True)
            case _:
                self._block(command, counts)

    def _block(self, command: Command, counts: bool) -> None:
        match command:
            case If(branches, otherwise):
                for condition, body in branches:
                    self.commands(condition, counts=True)
                    self.commands(body, counts)
                self.commands(otherwise, counts)
            case Loop(condition, body):
                self.commands(condition, counts=True)
                self.commands(body, counts)
            case For(name, words, body):
                self._values[name] = self._text(words[0]) if words is not None and len(words) == 1 else f"${name}"
                self.commands(body, counts)
            case Case(_, arms):
                for arm in arms:
                    self.commands(arm.body, counts)

    def _pipeline(self, parts: Sequence[Command], counts: bool) -> None:
        rows = [self._words(part)[0] if isinstance(part, Simple) else () for part in parts]
        for number, part in enumerate(parts):
            is_last = number + 1 == len(parts)
            if isinstance(part, Simple):
                self._simple(part, tuple(row for row in rows[number + 1 :] if row), counts or not is_last)
            else:
                self._command(part, counts and is_last)

    def _simple(self, command: Simple, pipe: tuple[tuple[str, ...], ...], counts: bool) -> None:
        for assignment in command.assignments:
            self._is_varied = False
            value = self._text(assignment.value, counts=True)
            if self._is_varied:
                self._several.add(assignment.name)
            before = self._values.get(assignment.name, "") if assignment.append else ""
            self._set(assignment.name, (before + value)[:VALUE_LIMIT], command.line)
        argv, varied = self._words(command)
        if argv[:1] in (("local",), ("export",), ("readonly",), ("declare",)):
            self._declared(argv[1:])
        if argv[:1] in ((".",), ("source",)) and len(argv) > 1:
            self._make_part(argv[1])
        if argv[:1] == ("set",) and any(word.startswith("-") and "e" in word for word in argv[1:]):
            self._strict = True
        sent = [(one.operator, self._text(one.target)) for one in command.redirects]
        written = tuple(text for operator, text in sent if operator.startswith((">", "&>")) and "&" not in text)
        read = tuple(text for operator, text in sent if operator == "<")
        if argv or written:
            at = Location(self._path, command.line)
            document = next((one.document for one in command.redirects if one.document), "")
            self.found.append(Step(argv, at, pipe, written, read, counts or self._strict, varied, document))

    def _make_part(self, path: str) -> None:
        """Takes what a sourced file sets; its commands are its own."""
        text = self._text_of(path) if self._within < SOURCED_DEPTH else None
        if text is None:
            return
        kept, self.found, strict = self.found, [], self._strict
        self._within += 1
        self.commands(shell.parse(text).commands, counts=False)
        self._within -= 1
        self.found, self._strict = kept, strict

    def _text_of(self, path: str) -> str | None:
        if not path.startswith("/") or "$" in path or self._sourced >= SOURCED_LIMIT:
            return None
        self._sourced += 1
        return self._source(path)

    def _declared(self, words: Sequence[str]) -> None:
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name.isidentifier():
                self._set(name, value)

    def _set(self, name: str, value: str, line: int | None = None) -> None:
        if self._values.get(name, value) != value:
            self._several.add(name)
        self._values[name] = value
        if not self._within:
            self.assigned.append((name, value, Location(self._path, line)))

    def _words(self, command: Simple) -> tuple[tuple[str, ...], frozenset[str]]:
        """The words, and those of them that vary."""
        words: list[str] = []
        varied: set[str] = set()
        for word in command.words:
            self._is_varied = False
            text = self._text(word)
            is_list = len(word.parts) == 1 and isinstance(word.parts[0], Parameter) and not word.parts[0].quoted
            given = text.split() if is_list else [text]
            words.extend(given)
            varied.update(given if self._is_varied else ())
        while len(words) > 1 and words[0].rpartition("/")[2] in WRAPPERS:
            words = words[1:]
        return tuple(applet(words)) if words else (), frozenset(varied)

    def _text(self, word: Word, counts: bool = False) -> str:
        return "".join(self._part(part, word.line, counts) for part in word.parts)[:VALUE_LIMIT]

    def _part(self, part: Text | Parameter | Substitution, line: int, counts: bool) -> str:
        match part:
            case Text(text):
                return text
            case Parameter(name, operator, argument):
                return self._parameter(name, operator, argument)
        self._inner(part.script, line, counts)
        printed = self._printed(part.script)
        self._is_varied = True  # what a file holds today, another start may find changed
        return "$()" if printed is None else printed

    def _printed(self, script: str) -> str | None:
        """The one line of a file of the image that `cat FILE` or `< FILE` prints."""
        match = PRINTED.fullmatch(script)
        text = self._text_of(match[1]) if match is not None else None
        line = (text or "").rstrip("\n")
        return line if line and "\n" not in line else None

    def _parameter(self, name: str, operator: str, argument: Word | None) -> str:
        value = self._values.get(name)
        self._is_varied |= value is None or name in self._several
        if operator in (":-", "-", ":=", "=") and argument is not None:
            given = value or self._text(argument)
            if "=" in operator and not value:
                self._set(name, given)
            return given
        return value if value is not None and not operator else f"${name}"

    def _inner(self, script: str, line: int, counts: bool) -> None:
        """The commands in `$(...)`, whose output is looked at."""
        if self._depth < SUBSTITUTION_DEPTH and not script.startswith("("):
            self._depth += 1
            self.commands(shell.parse(script, line).commands, counts)
            self._depth -= 1


def _is_idle(command: Command) -> bool:
    """Whether `|| command` lets the script go on as if nothing had been."""
    match command:
        case Simple(words=[word, *_]):
            return word.literal in NO_STATUS
    return False


def _asks_status(command: Command) -> bool:
    """Whether a command uses `$?`."""
    return any(isinstance(part, Parameter) and part.name == "?" for word in _words_of(command) for part in word.parts)


def _words_of(command: Command) -> Iterator[Word]:
    match command:
        case Simple():
            yield from command.words
            yield from (assignment.value for assignment in command.assignments)
        case AndOr(left, _, _):
            yield from _words_of(left)
        case If(branches, _):
            yield from (word for inner in branches[0][0] for word in _words_of(inner))
        case Case(word, _):
            yield word
