"""libconfig: settings in groups, lists and arrays, as SWUpdate's `sw-description` is written.

Pure: text to plain values. The grammar is that of the libconfig manual ("Configuration Files"): `name = value;` or
`name : value`, with `{}` for groups, `()` for lists and `[]` for arrays; adjacent strings are one; comments are of the
shell's, C's and C++'s form. Files that are included are not there to be read. Nothing is read by recursion.
"""

import re
from collections.abc import Iterator

from firmward.formats.malformed import Malformed

DEPTH_LIMIT = 64
"""Groups within lists within groups."""

Value = bool | int | float | str | list["Value"] | dict[str, "Value"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/|@include[^\n]*)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<number>[-+]?(?:0[xX][0-9A-Fa-f]{1,16}L{0,2}|\d{1,20}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,3})?L{0,2}))
    |(?P<name>[A-Za-z*][-A-Za-z0-9_*.]*)
    |(?P<sign>[=:;,{}()\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "b": "\b"}
_CLOSING = {"{": "}", "(": ")", "[": "]"}

Token = tuple[str, str]


def parse(text: str) -> dict[str, Value]:
    """The settings of the outermost group. Raises Malformed."""
    reader = _Reader()
    for kind, word in _tokens(text):
        reader.take(kind, word)
    return reader.finish()


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise Malformed(f"no setting can be read at line {text.count(chr(10), 0, position) + 1}")
        position = found.end()
        if found.lastgroup and found.lastgroup != "space":
            yield found.lastgroup, found.group()


class _Reader:
    """The open groups and lists, the innermost last, each with the sign that closes it."""

    def __init__(self) -> None:
        self._top: dict[str, Value] = {}
        self._open: list[tuple[dict[str, Value] | list[Value], str]] = [(self._top, "")]
        self._name: str | None = None
        self._assigned = False
        self._strings: list[str] = []

    def take(self, kind: str, word: str) -> None:
        if kind == "string":
            self._strings.append(_unquoted(word))
            return
        self._end_string()
        if kind == "sign":
            self._sign(word)
        elif kind == "name" and isinstance(self._open[-1][0], dict) and not self._assigned:
            self._name = word
        else:
            self._put(_scalar(kind, word))

    def finish(self) -> dict[str, Value]:
        self._end_string()
        if len(self._open) > 1 or self._assigned:
            raise Malformed("ends inside a setting")
        return self._top

    def _sign(self, sign: str) -> None:
        if sign in "=:":
            if self._name is None or self._assigned:
                raise Malformed("a value without a name")
            self._assigned = True
        elif sign in _CLOSING:
            self._begin(sign)
        elif sign not in ";,":
            if sign != self._open[-1][1] or self._assigned:
                raise Malformed(f"{sign} closes nothing")
            self._open.pop()

    def _begin(self, sign: str) -> None:
        if len(self._open) > DEPTH_LIMIT:
            raise Malformed("nested too deep")
        value: dict[str, Value] | list[Value] = {} if sign == "{" else []
        self._put(value)
        self._open.append((value, _CLOSING[sign]))

    def _end_string(self) -> None:
        if self._strings:
            text = "".join(self._strings)
            self._strings.clear()
            self._put(text)

    def _put(self, value: Value) -> None:
        holder = self._open[-1][0]
        if isinstance(holder, list):
            holder.append(value)
            return
        if self._name is None or not self._assigned:
            raise Malformed("a value without a name")
        holder[self._name] = value
        self._name, self._assigned = None, False


def _scalar(kind: str, word: str) -> Value:
    if kind == "name":
        if word.lower() not in ("true", "false"):
            raise Malformed(f"{word[:40]} is no value")
        return word.lower() == "true"
    digits = word.rstrip("L")
    if digits.lower().lstrip("+-").startswith("0x"):
        return int(digits, 16)
    return float(digits) if any(sign in digits for sign in ".eE") else int(digits)


def _unquoted(word: str) -> str:
    return _ESCAPE.sub(lambda found: _unescaped(found[1]), word[1:-1])


def _unescaped(code: str) -> str:
    return chr(int(code[1:], 16)) if len(code) == 3 else _ESCAPES.get(code, code)
