"""Kconfig trees: options with types, prompts, defaults and dependencies, as the kernel, U-Boot and others have them.

The language is the kernel's Documentation/kbuild/kconfig-language. All that stands within `menu`, `if` and `choice`
depends on them, a member of a choice on the choice alone. An option may be declared in several places: it may then be
set where one of its prompts may, and its defaults count in the order in which they were read. `source` takes in a file
(`rsource` from the folder of the file it stands in, `osource` and `orsource` if there is one), or all that a pattern
names. Some options are named by `select` before, or without, being declared.

Trees are taken as they come: a statement that cannot be read is told in `problems` and left out, a file that is not
there in `unread`. Files, bytes and nesting are bounded.
"""

import fnmatch
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from firmward.formats.kconfig_expression import (
    ALWAYS,
    ChosenIn,
    Expression,
    Name,
    Reader,
    Token,
    all_of,
)
from firmward.formats.kconfig_words import Line, Macros, lines_of, tokens_of
from firmward.formats.malformed import Malformed

Read = Callable[[str], bytes | None]
"""A path, counted from the tree's top, to the bytes of the file; None when there is none."""

FILE_LIMIT = 4 << 20
"""Bytes of one file."""
TOTAL_LIMIT = 64 << 20
"""Bytes of all; the kernel has 5 MiB."""
FILES_LIMIT = 20_000
PATTERNS_LIMIT = 200
DEPTH_LIMIT = 48
"""Files within files, and blocks within blocks."""
PROBLEM_LIMIT = 50
"""Problems named of one tree."""

TYPES = {
    "bool": "bool",
    "boolean": "bool",
    "tristate": "tristate",
    "int": "int",
    "hex": "hex",
    "string": "string",
    "def_bool": "bool",
    "def_tristate": "tristate",
}


@dataclass(frozen=True, slots=True)
class Default:
    """A value with the condition under which it counts."""

    value: Expression
    condition: Expression


@dataclass(frozen=True, slots=True)
class Range:
    low: Name
    high: Name
    condition: Expression


@dataclass(slots=True)
class Option:
    """What is declared of one option. `prompts` are the conditions under which it can be set; `selected` and `implied`
    those under which others set it; `choice` is the number of the choice that it is a member of. One that is not
    `is_whole` has a statement that could not be read."""

    name: str
    type: str | None = None
    prompts: list[Expression] = field(default_factory=list)
    defaults: list[Default] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    depends: list[Expression] = field(default_factory=list)
    selected: list[Expression] = field(default_factory=list)
    implied: list[Expression] = field(default_factory=list)
    choice: int | None = None
    is_whole: bool = True


@dataclass(slots=True)
class Choice:
    """One of `members` is set, unless the choice `is_optional` or cannot be made."""

    prompts: list[Expression] = field(default_factory=list)
    defaults: list[Default] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    type: str | None = None
    is_optional: bool = False
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Tree:
    """`modules` is the option that says whether there are modules. `unread` are files that were asked for and not had,
    `problems` statements that could not be read, each with where it stands."""

    options: Mapping[str, Option]
    choices: tuple[Choice, ...]
    modules: str | None
    title: str | None
    unread: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Block:
    """What is open around a statement. `depends` is what all within depends on, `visible` what their prompts do."""

    kind: str
    depends: Expression = ALWAYS
    visible: Expression = ALWAYS
    choice: int | None = None


@dataclass(slots=True)
class _Entry:
    """A statement that takes properties. `place` is the option's or the choice's record, None for a menu or comment;
    `opens` is the block that a menu opens."""

    place: Option | Choice | None
    block: _Block
    opens: _Block | None = None
    depends: list[Expression] = field(default_factory=list)
    visible: list[Expression] = field(default_factory=list)
    prompts: list[Expression] = field(default_factory=list)
    defaults: list[Default] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    selects: list[tuple[str, Name, Expression]] = field(default_factory=list)


def parse(
    files: Mapping[str, bytes] | Read, start: str = "Kconfig", variables: Mapping[str, str] | None = None
) -> Tree:
    """The tree that begins in a file. `variables` are what the make files give to macros.

    With a function instead of a mapping no pattern of file names can be followed. Raises Malformed when there is no
    first file.
    """
    reader = _Reader(files, variables or {})
    if not reader.take(start):
        raise Malformed(f"there is no {start}")
    return reader.tree()


class _Reader:
    def __init__(self, files: Mapping[str, bytes] | Read, variables: Mapping[str, str]) -> None:
        self._names = sorted(files) if isinstance(files, Mapping) else None
        self._read: Read = files.get if isinstance(files, Mapping) else files
        self._macros = Macros(variables)
        self._options: dict[str, Option] = {}
        self._choices: list[Choice] = []
        self._named: dict[str, int] = {}
        self._blocks = [_Block("top")]
        self._entry: _Entry | None = None
        self._open: list[str] = []
        self._bytes = self._files = self._patterns = 0
        self._modules: str | None = None
        self._title: str | None = None
        self._unread: dict[str, None] = {}
        self._problems: list[str] = []

    def tree(self) -> Tree:
        self._close_entry()
        return Tree(
            self._options, tuple(self._choices), self._modules, self._title, tuple(self._unread), tuple(self._problems)
        )

    def take(self, path: str) -> bool:
        """Read one file; False when it is not there, or not taken."""
        reason = self._refused(path)
        self._files += 1
        data = None if reason else self._read(path)
        if data is not None and (len(data) > FILE_LIMIT or self._bytes + len(data) > TOTAL_LIMIT):
            reason, data = "too large", None
        if reason:
            self._problem(path, 0, reason)
        if data is None:
            return False
        self._bytes += len(data)
        self._open.append(path)
        depth = len(self._blocks)
        self._statements(data.decode("utf-8", "replace"))
        self._close_entry()
        if len(self._blocks) != depth:
            self._problem(path, 0, "a block is not closed")
            del self._blocks[depth:]
        self._open.pop()
        return True

    def _refused(self, path: str) -> str | None:
        if path in self._open:
            return "the file takes in itself"
        if len(self._open) >= DEPTH_LIMIT:
            return f"more than {DEPTH_LIMIT} files within each other"
        return "too many files" if self._files >= FILES_LIMIT else None

    def _problem(self, path: str, line: int, words: str) -> None:
        if len(self._problems) < PROBLEM_LIMIT:
            self._problems.append(f"{path}:{line}: {words}")

    def _statements(self, text: str) -> None:
        path = self._open[-1]
        lines = _without_help(text)
        while True:
            try:
                line = next(lines, None)
            except Malformed as reason:
                self._problem(path, 0, str(reason))
                return
            if line is None:
                return
            try:
                self._statement(line)
            except Malformed as reason:
                self._problem(path, line.number, str(reason))
                if self._entry is not None and self._entry.place is not None:
                    self._entry.place.is_whole = False

    def _statement(self, line: Line) -> None:
        if assignment := _ASSIGNMENT.match(line.text):
            self._macros.assign(*assignment.group("name", "operator", "text"))
            return
        tokens = tokens_of(line.text, self._macros)
        if not tokens or tokens[0].text is None:
            return  # nothing, or a macro that speaks for itself
        keyword = tokens[0].text
        if keyword in _STATEMENTS:
            self._close_entry()
            _STATEMENTS[keyword](self, tokens)
        elif self._entry is None:
            raise Malformed(f"{keyword[:40]!r} stands outside of every option")
        else:
            self._property(self._entry, keyword, Reader(tokens[1:]))

    # blocks

    def _push(self, block: _Block) -> None:
        if len(self._blocks) > DEPTH_LIMIT:
            raise Malformed(f"more than {DEPTH_LIMIT} blocks within each other")
        self._blocks.append(block)

    def _if(self, tokens: list[Token]) -> None:
        around = self._blocks[-1]
        try:
            condition = Reader(tokens[1:]).condition()
        except Malformed as reason:
            condition = Name(None)
            self._problem(self._open[-1], 0, str(reason))
        self._push(_Block("if", all_of(around.depends, condition), around.visible, around.choice))

    def _menu(self, tokens: list[Token]) -> None:
        around = self._blocks[-1]
        block = _Block("menu", around.depends, around.visible)
        self._push(block)
        self._entry = _Entry(None, around, block)

    def _choice(self, tokens: list[Token]) -> None:
        around = self._blocks[-1]
        name = tokens[1].text if len(tokens) > 1 else None
        number = self._named.get(name, len(self._choices)) if name else len(self._choices)
        if number == len(self._choices):
            self._choices.append(Choice())
            if name:
                self._named[name] = number
        block = _Block("choice", ChosenIn(number), around.visible, number)
        self._push(block)
        self._entry = _Entry(self._choices[number], around)

    def _end(self, tokens: list[Token]) -> None:
        kind = (tokens[0].text or "").removeprefix("end")
        if self._blocks[-1].kind != kind:
            raise Malformed(f"end{kind} without {kind}")
        self._blocks.pop()

    def _comment(self, tokens: list[Token]) -> None:
        self._entry = _Entry(None, self._blocks[-1])

    def _mainmenu(self, tokens: list[Token]) -> None:
        self._title = tokens[1].text if len(tokens) > 1 else None

    def _config(self, tokens: list[Token]) -> None:
        name = tokens[1].text if len(tokens) > 1 else None
        if name is None or not _NAME.fullmatch(name):
            raise Malformed("an option without a name")
        block = self._blocks[-1]
        option = self._option(name)
        if block.choice is not None and option.choice is None:
            option.choice = block.choice
            self._choices[block.choice].members.append(name)
        self._entry = _Entry(option, block)

    def _option(self, name: str) -> Option:
        return self._options.setdefault(name, Option(name))

    # files

    def _source(self, tokens: list[Token]) -> None:
        keyword = tokens[0].text or ""
        text = tokens[1].text if len(tokens) > 1 else None
        if text is None:
            self._unread[f"{self._open[-1]}: a file whose name a macro makes"] = None
            return
        folder = posixpath.dirname(self._open[-1]) if "rsource" in keyword else ""
        path = posixpath.normpath(posixpath.join(folder, text))
        found = [self.take(name) for name in self._matching(path)]
        if not any(found) and not keyword.startswith("o"):
            self._unread[path] = None

    def _matching(self, path: str) -> list[str]:
        if not _PATTERN.search(path):
            return [path]
        self._patterns += 1
        if self._names is None or self._patterns > PATTERNS_LIMIT:
            self._unread[path] = None
            return []
        depth = path.count("/")
        return [name for name in self._names if name.count("/") == depth and fnmatch.fnmatchcase(name, path)]

    # properties

    def _property(self, entry: _Entry, keyword: str, reader: Reader) -> None:
        if keyword in TYPES:
            self._type(entry, keyword, reader)
        elif keyword in ("select", "imply"):
            entry.selects.append((keyword, reader.name(), _condition(reader)))
        elif keyword in _PROPERTIES:
            _PROPERTIES[keyword](self, entry, reader)
        else:
            raise Malformed(f"{keyword[:40]!r} is no property of an option")

    def _type(self, entry: _Entry, keyword: str, reader: Reader) -> None:
        if entry.place is not None and entry.place.type is None:
            entry.place.type = TYPES[keyword]
        if keyword.startswith("def_"):
            self._default(entry, reader)
        elif reader.rest:
            self._prompt(entry, reader)

    def _prompt(self, entry: _Entry, reader: Reader) -> None:
        reader.name()
        entry.prompts.append(_condition(reader))

    def _default(self, entry: _Entry, reader: Reader) -> None:
        entry.defaults.append(Default(reader.condition(), _condition(reader)))

    def _depends(self, entry: _Entry, reader: Reader) -> None:
        if not reader.took("on"):
            raise Malformed("depends without on")
        entry.depends.append(reader.condition())

    def _visible(self, entry: _Entry, reader: Reader) -> None:
        entry.visible.append(_condition(reader))

    def _range(self, entry: _Entry, reader: Reader) -> None:
        entry.ranges.append(Range(reader.name(), reader.name(), _condition(reader)))

    def _optional(self, entry: _Entry, reader: Reader) -> None:
        if isinstance(entry.place, Choice):
            entry.place.is_optional = True

    def _modules_option(self, entry: _Entry, reader: Reader) -> None:
        if isinstance(entry.place, Option):
            self._modules = entry.place.name

    def _setting(self, entry: _Entry, reader: Reader) -> None:
        """`option modules`, as older trees say it; other settings do not touch values."""
        if reader.took("modules"):
            self._modules_option(entry, reader)

    def _close_entry(self) -> None:
        """Give all that an entry said to its option: dependencies may stand behind what they are for."""
        entry, self._entry = self._entry, None
        if entry is not None and entry.opens is not None:
            entry.opens.depends = all_of(entry.opens.depends, *entry.depends)
            entry.opens.visible = all_of(entry.opens.visible, *entry.visible)
        if entry is None or entry.place is None:
            return
        place = entry.place
        depends = all_of(entry.block.depends, *entry.depends)
        place.prompts += [all_of(depends, entry.block.visible, prompt) for prompt in entry.prompts]
        place.defaults += [Default(default.value, all_of(depends, default.condition)) for default in entry.defaults]
        if isinstance(place, Choice):
            return
        place.depends.append(depends)
        place.ranges += [Range(row.low, row.high, all_of(depends, row.condition)) for row in entry.ranges]
        for kind, target, condition in entry.selects:
            if target.text is not None:
                option = self._option(target.text)
                by = all_of(Name(place.name), depends, condition)
                (option.selected if kind == "select" else option.implied).append(by)


def _condition(reader: Reader) -> Expression:
    """The condition behind `if`, at the end of a property."""
    condition = reader.condition() if reader.took("if") else ALWAYS
    if reader.rest:
        raise Malformed("words behind the end of a property")
    return condition


def _without_help(text: str) -> Iterator[Line]:
    """The lines of a file without the texts of help: these end at the first line that is further left."""
    inside = False
    indentation: int | None = None
    for line in lines_of(text):
        words = line.text.split()
        if inside and (not words or indentation is None or _indentation(line.text) >= indentation):
            if words and indentation is None:
                indentation = _indentation(line.text)
                if indentation == 0:  # there is no text: something else begins
                    inside = False
                    yield line
            continue
        inside = bool(words) and words[0] in ("help", "---help---")
        indentation = None
        if words and not inside:
            yield line


def _indentation(text: str) -> int:
    expanded = text.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


_NAME = re.compile(r"[A-Za-z0-9_]+")
_PATTERN = re.compile(r"[*?\[]")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z0-9_-]+)\s*(?P<operator>:=|\+=|=)\s*(?P<text>.*)", re.DOTALL)

_STATEMENTS: Mapping[str, Callable[[_Reader, list[Token]], None]] = {
    "config": _Reader._config,
    "menuconfig": _Reader._config,
    "choice": _Reader._choice,
    "if": _Reader._if,
    "menu": _Reader._menu,
    "endchoice": _Reader._end,
    "endif": _Reader._end,
    "endmenu": _Reader._end,
    "comment": _Reader._comment,
    "mainmenu": _Reader._mainmenu,
    "source": _Reader._source,
    "rsource": _Reader._source,
    "osource": _Reader._source,
    "orsource": _Reader._source,
}

_PROPERTIES: Mapping[str, Callable[[_Reader, _Entry, Reader], None]] = {
    "prompt": _Reader._prompt,
    "default": _Reader._default,
    "depends": _Reader._depends,
    "visible": _Reader._visible,
    "range": _Reader._range,
    "optional": _Reader._optional,
    "modules": _Reader._modules_option,
    "option": _Reader._setting,
    "transitional": _Reader._optional,
}
