"""OpenSSH's server configuration: the lines as sshd takes them, Include and Match worked out.

Rules, from sshd_config(5) and sshd's own behaviour:

- A keyword is case-insensitive; its arguments follow after blanks or one `=`; words are quoted with '' or "", and a
  backslash takes a quote, a blank or itself literally. A word that begins with # ends the line.
- Include takes patterns, relative to the configuration's folder, in sorted order, and stands for the files' lines. It
  nests at most 16 deep; sshd refuses to start beyond.
- Match opens a block that reaches to the next Match or the end of the file it stands in. A file included inside a block
  is under the block's condition, and a Match in it narrows that further.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

DEPTH_LIMIT = 16
"""Of Include, as in sshd."""
FILE_LIMIT = 64
"""Files read for one configuration; a folder that includes itself in many ways would go on."""
LINE_LIMIT = 5000
"""Lines taken of one configuration."""
LENGTH_LIMIT = 16_384
"""Characters taken of one line."""

ALIASES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "dsaauthentication": "pubkeyauthentication",
}
"""Old names that still count."""

_LINE = re.compile(r"""\s*"?([^\s="]+)"?(?:\s*=\s*|\s+)(.*)""", re.DOTALL)

Read = Callable[[str], str | None]
Expand = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Condition:
    """One Match line: criteria that must all hold, each a lower-case name and its pattern list."""

    criteria: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        words = (f"{name.capitalize()} {pattern}".strip() for name, pattern in self.criteria)
        return f"Match {' '.join(words)}"


@dataclass(frozen=True, slots=True)
class Directive:
    """One keyword, in lower case and under its present name, with where it stands and under which conditions."""

    keyword: str
    arguments: tuple[str, ...]
    path: str
    line: int
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    directives: tuple[Directive, ...]
    problems: tuple[str, ...] = ()


def parse(path: str, read: Read, expand: Expand) -> Configuration:
    """The directives of a configuration in their order. `expand` gives the sorted files that an Include names."""
    reader = _Reader(read, expand)
    reader.file(path, (), 0)
    return Configuration(tuple(reader.directives), tuple(dict.fromkeys(reader.problems)))


def directive(text: str, path: str, line: int) -> Directive | None:
    """One line, or one `-o` of the command line; None when it says nothing."""
    found = _LINE.match(text.strip())
    if found is None or found[1].startswith("#"):
        return None
    keyword = found[1].lower()
    arguments = split(found[2])
    return Directive(ALIASES.get(keyword, keyword), arguments, path, line) if arguments else None


def split(text: str) -> tuple[str, ...]:
    """The words of a line's rest. An open quote reaches to the end."""
    words = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
        elif text[position] == "#":
            break
        else:
            word, position = _word(text, position)
            words.append(word)
    return tuple(words)


def _word(text: str, position: int) -> tuple[str, int]:
    letters = []
    quote = ""
    while position < len(text):
        letter = text[position]
        if letter == "\\" and text[position + 1 : position + 2] in _escapable(quote):
            position += 1
            letters.append(text[position])
        elif letter == quote:
            quote = ""
        elif not quote and letter in "\"'":
            quote = letter
        elif not quote and letter.isspace():
            break
        else:
            letters.append(letter)
        position += 1
    return "".join(letters), position


def _escapable(quote: str) -> tuple[str, ...]:
    return ('"', "'", "\\") if quote else ('"', "'", "\\", " ")


@dataclass(slots=True)
class _Reader:
    read: Read
    expand: Expand
    directives: list[Directive] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    files: int = 0

    def file(self, path: str, outer: tuple[Condition, ...], depth: int) -> None:
        self.files += 1
        if depth > DEPTH_LIMIT or self.files > FILE_LIMIT:
            self.problems.append(f"{path}: Include nests too deeply, sshd refuses to start")
            return
        text = self.read(path)
        if text is None:
            self.problems.append(f"{path} cannot be read")
            return
        conditions = outer
        for found in self._lines(text, path):
            if found.keyword == "match":
                conditions = (*outer, Condition(tuple(_criteria(found.arguments))))
            elif found.keyword == "include":
                for pattern in found.arguments:
                    for inner in self.expand(pattern):
                        self.file(inner, conditions, depth + 1)
            else:
                self.directives.append(Directive(found.keyword, found.arguments, found.path, found.line, conditions))

    def _lines(self, text: str, path: str) -> Iterator[Directive]:
        for number, line in enumerate(text.split("\n", LINE_LIMIT)[:LINE_LIMIT], 1):
            if len(self.directives) >= LINE_LIMIT:
                self.problems.append(f"{path}: more than {LINE_LIMIT} lines")
                return
            found = directive(line[:LENGTH_LIMIT], path, number)
            if found is not None:
                yield found


def _criteria(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    words = iter(arguments)
    for word in words:
        name, equals, pattern = word.partition("=")
        if name.lower() in ("all", "canonical", "final", "invalid-user"):
            yield name.lower(), ""
        else:
            yield name.lower(), pattern if equals else next(words, "")
