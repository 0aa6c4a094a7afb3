"""HAProxy's configuration files.

Rules, from the configuration manual: one keyword a line with its words, a keyword of a section begins one; `#` begins a
comment; words may stand in "..." with escapes and variables, in '...' as they are; a backslash takes the next sign as
it is. Variables `$NAME` and `${NAME}`, also with `-default`, are filled within "..." alone. `.if` to `.endif` are
conditions, whose lines are all kept here: what they ask only the device knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from firmward.model.location import Location

SECTIONS = frozenset(
    (
        *("global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "resolvers", "mailers", "cache"),
        *("program", "http-errors", "ring", "log-forward", "log-profile", "fcgi-app", "traces", "crt-store", "acme"),
    )
)
LINES_LIMIT = 50_000
WORD = re.compile(r"""(?:[^\s"'\\#]|\\.|"(?:[^"\\]|\\.)*+"?|'[^']*'?)++|\#.*""", re.DOTALL)
PIECE = re.compile(r"""\\(?P<taken>.)|"(?P<filled>(?:[^"\\]|\\.)*+)"?|'(?P<plain>[^']*)'?|(?P<bare>.)""", re.DOTALL)
DEFAULT = re.compile(r"\$\{\w+-([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """One keyword with its words."""

    words: tuple[str, ...]
    at: Location

    @property
    def name(self) -> str:
        return self.words[0]

    def begins(self, *words: str) -> bool:
        return self.words[: len(words)] == words


@dataclass(slots=True)
class Section:
    """A section, its `name` empty where it has none, and its lines; `base` names the defaults that it is told to take,
    else those before it hold."""

    kind: str
    name: str
    head: Line
    base: str | None = None
    lines: list[Line] = field(default_factory=list)

    def all(self, *words: str) -> Iterator[Line]:
        """The lines that begin so."""
        return (line for line in self.lines if line.begins(*words))


@dataclass(slots=True)
class Configuration:
    """The sections in order, over all files. `problems` says what was not understood."""

    sections: list[Section] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def parse(text: str, path: str, known: Configuration) -> None:
    """Read one file behind those that were read."""
    section: Section | None = None
    for number, row in enumerate(text.splitlines(), start=1):
        if number > LINES_LIMIT:
            known.problems.append(f"{path} has more than {LINES_LIMIT} lines")
            return
        words = tuple(_words(row))
        if not words:
            continue
        line = Line(words, Location(path, number))
        if line.name in SECTIONS:
            section = _section(line)
            known.sections.append(section)
        elif line.name.startswith("."):
            if line.name == ".if":
                known.problems.append(f"{line.at}: what this condition asks is not known")
        elif section is None:
            known.problems.append(f"{line.at}: {line.name[:40]} stands in no section")
        else:
            section.lines.append(line)


def _section(line: Line) -> Section:
    words = line.words[1:]
    base = words[words.index("from") + 1] if "from" in words[:-1] else None
    name = words[0] if words and words[0] != "from" else ""
    return Section(line.name, name, line, base)


def _words(row: str) -> Iterator[str]:
    for match in WORD.finditer(row.strip()):
        if match[0].startswith("#"):
            return
        yield "".join(map(_piece, PIECE.finditer(match[0])))


def _piece(match: re.Match[str]) -> str:
    if match["filled"] is not None:
        return DEFAULT.sub(lambda found: found[1], re.sub(r"\\(.)", r"\1", match["filled"]))
    return match["taken"] or match["plain"] or match["bare"] or ""
