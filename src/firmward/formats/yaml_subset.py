"""The part of YAML that configuration files are written in.

Rules, from YAML 1.2: block mappings and sequences by indentation, flow ones in brackets, plain and quoted scalars over
several lines, literal and folded blocks, comments, anchors, aliases and merge keys (`<<`). Every scalar is text here,
an empty one and `null` are None. Tags, `?` keys, tabs as indentation and a second document are refused. Reading is
bounded in size, depth and nodes; an alias is the same node again, not a copy.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

SIZE_LIMIT = 512 << 10
DEPTH_LIMIT = 40
NODES_LIMIT = 50_000

Value = str | None | tuple["Node", ...] | Mapping[str, "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line where it begins."""

    value: Value
    line: int

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    @property
    def items(self) -> tuple["Node", ...]:
        """The members of a sequence."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def entries(self) -> Mapping[str, "Node"]:
        """The members of a mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    def get(self, *path: str) -> "Node | None":
        """The node below these keys."""
        node: Node | None = self
        for key in path:
            node = None if node is None else node.entries.get(key)
        return node


def parse(text: str) -> Node:
    """The first document. Raises Malformed."""
    if len(text) > SIZE_LIMIT:
        raise Malformed(f"more than {SIZE_LIMIT} characters of YAML")
    reader = _Reader(text.removeprefix("\ufeff"))
    node = reader.block(0, 0)
    reader.end()
    return node


_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"\s*|'(?:[^']|'')*'\s*|(?:[^\s\-?:,\[\]{}#&*!|>'"%@`]|[-?:](?=\S))[^:\n]*(?::(?=\S)[^:\n]*)*)"""
    r""":(?=\s|$)"""
)
_BLOCK_SCALAR = re.compile(r"([|>])([+-]?[1-9]?[+-]?)\s*(?:#.*)?$")
_ANCHOR = re.compile(r"&([^\s,\[\]{}]+)(?:\s+|$)")
_ALIAS = re.compile(r"\*([^\s,\[\]{}]+)\s*(?:#.*)?$")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "\\": "\\", "/": "/", " ": " ", "e": "\x1b"}


def _key(content: str) -> re.Match[str] | None:
    """The key that a line begins with; one that holds a comment is none."""
    match = _KEY.match(content)
    return None if match is None or (" #" in match.group() and content[0] not in "\"'") else match


def _uncommented(text: str) -> str:
    """Without the comment at its end, which begins behind a blank."""
    position = text.find("#")
    while position > 0 and not text[position - 1].isspace():
        position = text.find("#", position + 1)
    return (text if position < 0 else text[:position]).strip()


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.row = 0
        self.nodes = 0
        self.anchors: dict[str, Node] = {}
        self._begin()

    def _begin(self) -> None:
        while self.row < len(self.lines) and (self._is_idle(self.row) or self.lines[self.row].startswith("%")):
            self.row += 1
        if self.row < len(self.lines) and re.fullmatch(r"---\s*(?:#.*)?", self.lines[self.row]):
            self.row += 1

    def end(self) -> None:
        self._skip()
        if self.row < len(self.lines) and self.lines[self.row].rstrip() != "...":
            raise Malformed(f"line {self.row + 1} belongs to nothing before it")

    # lines

    def _is_idle(self, row: int) -> bool:
        stripped = self.lines[row].strip()
        return not stripped or stripped.startswith("#")

    def _skip(self) -> None:
        while self.row < len(self.lines) and self._is_idle(self.row):
            self.row += 1

    def _ahead(self) -> tuple[int, str] | None:
        """Indentation and content of the next line that says something; None at the end of the document."""
        self._skip()
        if self.row >= len(self.lines) or self.lines[self.row].startswith(("---", "...")):
            return None
        line = self.lines[self.row]
        content = line.lstrip(" ")
        if content.startswith("\t"):
            raise Malformed(f"line {self.row + 1} is indented with a tab")
        return len(line) - len(content), content

    def _node(self, value: Value, line: int) -> Node:
        self.nodes += 1
        if self.nodes > NODES_LIMIT:
            raise Malformed(f"more than {NODES_LIMIT} values")
        return Node(value, line)

    # blocks

    def block(self, least: int, depth: int) -> Node:
        """What stands in the next lines, indented by `least` at least; None where nothing does."""
        ahead = self._ahead()
        line = self.row + 1
        if depth > DEPTH_LIMIT:
            raise Malformed(f"line {line} is nested deeper than {DEPTH_LIMIT}")
        if ahead is None or ahead[0] < least:
            return self._node(None, line)
        indent, content = ahead
        if content == "-" or content.startswith("- "):
            return self._sequence(indent, depth)
        if _key(content):
            return self._mapping(indent, depth)
        self.row += 1
        return self.inline(content, least - 1, line, depth)

    def _sequence(self, indent: int, depth: int) -> Node:
        line = self.row + 1
        items = []
        while (ahead := self._ahead()) is not None and ahead[0] == indent:
            content = ahead[1]
            if content != "-" and not content.startswith("- "):
                break
            # what follows the dash is a block of its own, which begins where its first word stands
            self.lines[self.row] = " " * (indent + 1) + content[1:]
            if self._is_idle(self.row):
                self.row += 1
                items.append(self.block(indent + 1, depth + 1))
            else:
                items.append(self._after_dash(indent, depth))
        if ahead is not None and ahead[0] > indent:
            raise Malformed(f"line {self.row + 1} is indented deeper than its list")
        return self._node(tuple(items), line)

    def _after_dash(self, indent: int, depth: int) -> Node:
        content = self.lines[self.row].lstrip(" ")
        if content.startswith("- ") or _key(content):
            return self.block(indent + 1, depth + 1)
        line, self.row = self.row + 1, self.row + 1
        return self.inline(content, indent, line, depth)

    def _mapping(self, indent: int, depth: int) -> Node:
        line = self.row + 1
        found: dict[str, Node] = {}
        merged: list[Node] = []
        while (ahead := self._ahead()) is not None and ahead[0] == indent:
            match = _key(ahead[1])
            if match is None:
                raise Malformed(f"line {self.row + 1} is no key with a value")
            key = _unquoted(match.group(1))
            rest = ahead[1][match.end() :].strip()
            at, self.row = self.row + 1, self.row + 1
            value = self._value(rest, indent, at, depth)
            if key == "<<":
                merged.append(value)
            else:
                found[key] = value
        if ahead is not None and ahead[0] > indent:
            raise Malformed(f"line {self.row + 1} is indented deeper than its mapping")
        return self._node(self._merged(found, merged), line)

    def _merged(self, found: dict[str, Node], merged: list[Node]) -> dict[str, Node]:
        for node in merged:
            for source in node.items or (node,):
                if not isinstance(source.value, Mapping):
                    raise Malformed(f"line {source.line}: what is merged is no mapping")
                self.nodes += len(source.value)
                if self.nodes > NODES_LIMIT:
                    raise Malformed(f"more than {NODES_LIMIT} values")
                for key, value in source.value.items():
                    found.setdefault(key, value)
        return found

    def _value(self, rest: str, indent: int, line: int, depth: int) -> Node:
        """What stands behind a key: on its line, or in the lines below, where a list may stand as far left as it."""
        anchor = _ANCHOR.match(rest)
        if anchor is not None:
            node = self._value(rest[anchor.end() :], indent, line, depth)
            self.anchors[anchor.group(1)] = node
            return node
        if rest and not rest.startswith("#"):
            return self.inline(rest, indent, line, depth)
        ahead = self._ahead()
        is_list = ahead is not None and ahead[0] == indent and (ahead[1] == "-" or ahead[1].startswith("- "))
        node = self.block(indent if is_list else indent + 1, depth + 1)
        return Node(node.value, line)

    # values on a line

    def inline(self, content: str, indent: int, line: int, depth: int) -> Node:
        """A value that begins on this line; lines indented deeper than `indent` may go on with it."""
        anchor = _ANCHOR.match(content)
        if anchor is not None:
            return self._value(content, indent, line, depth)
        alias = _ALIAS.match(content)
        if alias is not None:
            if alias.group(1) not in self.anchors:
                raise Malformed(f"line {line}: nothing is called {alias.group(1)[:40]}")
            return self.anchors[alias.group(1)]
        scalar = _BLOCK_SCALAR.match(content)
        if scalar is not None:
            return self._node(self._block_scalar(indent, scalar.group(1)), line)
        if content[0] in "{[":
            return self._flow(content, line, depth)
        if content[0] in "\"'":
            return self._node(self._quoted(content, line), line)
        if content[0] in "!?%@`&*|>":
            raise Malformed(f"line {line}: {content[:20]!r} is not understood")
        return self._node(self._plain(content, indent), line)

    def _plain(self, content: str, indent: int) -> str | None:
        parts = [_uncommented(content)]
        while (ahead := self._ahead()) is not None and ahead[0] > indent:
            part = _uncommented(ahead[1])
            if ": " in part or part.endswith(":"):
                raise Malformed(f"line {self.row + 1}: a key inside a text")
            parts.append(part)
            self.row += 1
        text = " ".join(parts)
        return None if text in _NULL else text

    def _quoted(self, content: str, line: int) -> str:
        sign = content[0]
        pattern = re.compile(r'"((?:[^"\\]|\\.)*)"' if sign == '"' else r"'((?:[^']|'')*)'", re.DOTALL)
        whole = content
        while (match := pattern.match(whole)) is None:
            if self.row >= len(self.lines) or len(whole) > SIZE_LIMIT or self.row - line > 200:
                raise Malformed(f"line {line}: a quote is not closed")
            whole += " " + self.lines[self.row].strip()
            self.row += 1
        rest = whole[match.end() :].strip()
        if rest and not rest.startswith("#"):
            raise Malformed(f"line {line}: text behind a quote")
        return _unquoted(match.group())

    def _block_scalar(self, indent: int, style: str) -> str:
        rows: list[str] = []
        while self.row < len(self.lines):
            line = self.lines[self.row]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            rows.append(line.strip() if style == ">" else line)
            self.row += 1
        if style == ">":
            return " ".join(row for row in rows if row)
        filled = [row for row in rows if row.strip()]
        margin = min((len(row) - len(row.lstrip(" ")) for row in filled), default=0)
        return "\n".join(row[margin:] for row in rows).strip("\n")

    def _flow(self, content: str, line: int, depth: int) -> Node:
        whole = content
        limit = self.row + 200
        while not _is_closed(whole):
            if self.row >= min(len(self.lines), limit):
                raise Malformed(f"line {line}: a bracket is not closed")
            whole += " " + _uncommented(self.lines[self.row])
            self.row += 1
        flow = _Flow(self, whole, line)
        node = flow.value(depth)
        rest = whole[flow.position :].strip()
        if rest and not rest.startswith("#"):
            raise Malformed(f"line {line}: text behind a bracket")
        return node


_FLOW_TOKEN = re.compile(
    r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[\[\]{},]|:(?=[\s,\[\]{}]|$)"""
    r"""|(?:[^\s,\[\]{}:]|:(?=[^\s,\[\]{}])|[ ]+(?=[^\s,\[\]{}:#]))+)"""
)


def _is_closed(text: str) -> bool:
    """Whether as many brackets are closed as opened, those in quotes aside."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'', "", text)
    opened = sum(bare.count(sign) for sign in "[{")
    return opened <= sum(bare.count(sign) for sign in "]}")


class _Flow:
    """A value in brackets."""

    def __init__(self, reader: _Reader, text: str, line: int) -> None:
        self.reader = reader
        self.text = text
        self.line = line
        self.position = 0

    def _peek(self) -> str:
        match = _FLOW_TOKEN.match(self.text, self.position)
        return match.group(1).strip() if match else ""

    def _next(self) -> str:
        match = _FLOW_TOKEN.match(self.text, self.position)
        if match is None:
            raise Malformed(f"line {self.line}: not understood within brackets")
        self.position = match.end()
        return match.group(1).strip()

    def value(self, depth: int) -> Node:
        if depth > DEPTH_LIMIT:
            raise Malformed(f"line {self.line} is nested deeper than {DEPTH_LIMIT}")
        word = self._next()
        if word == "[":
            return self._list(depth)
        if word == "{":
            return self._map(depth)
        if word in ("]", "}", ",", ":") or word[0] in "&!":
            raise Malformed(f"line {self.line}: {word[:20]!r} within brackets")
        if word[0] == "*":
            if word[1:] not in self.reader.anchors:
                raise Malformed(f"line {self.line}: nothing is called {word[1:41]}")
            return self.reader.anchors[word[1:]]
        text = _unquoted(word)
        return self.reader._node(None if word in _NULL else text, self.line)

    def _list(self, depth: int) -> Node:
        items = []
        while self._peek() != "]":
            items.append(self.value(depth + 1))
            if self._peek() != "]" and self._next() != ",":
                raise Malformed(f"line {self.line}: a comma is missing within brackets")
        self._next()
        return self.reader._node(tuple(items), self.line)

    def _map(self, depth: int) -> Node:
        found: dict[str, Node] = {}
        while self._peek() != "}":
            key = _unquoted(self._next())
            if self._next() != ":":
                raise Malformed(f"line {self.line}: a key without a value within brackets")
            is_empty = self._peek() in (",", "}")
            found[key] = self.reader._node(None, self.line) if is_empty else self.value(depth + 1)
            if self._peek() != "}" and self._next() != ",":
                raise Malformed(f"line {self.line}: a comma is missing within brackets")
        self._next()
        return self.reader._node(found, self.line)


def _unquoted(word: str) -> str:
    if len(word) > 1 and word[0] == word[-1] == "'":
        return word[1:-1].replace("''", "'")
    if len(word) > 1 and word[0] == word[-1] == '"':
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group()), word[1:-1], flags=re.DOTALL)
    return word.strip()
