"""JSON that is read piece by piece: a feed may have gigabytes, one record of it a few kilobytes.

A reader stands before a value. `entries` and `elements` go through a table or list; for each the caller takes the value
by `value`, goes into it, or passes over it by taking nothing. A value that is not JSON, or larger than its limit,
raises Malformed and is passed over by its brackets, so that what follows is read all the same. Where the text around
the values breaks, Damaged ends the reading.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from firmward.formats.malformed import Malformed

PIECE = 1 << 18
"""Bytes read at a time."""
KEY_LIMIT = 4096
GOES_ON = 2
"""Characters behind a number with which it may go on in the next piece: `e+`."""
CUT = 16
"""Characters at the end of what is read that an error may come from because more follow."""
_SPACE = re.compile(r"[ \t\r\n]*")
_MARK = re.compile(r'["\[\]{}]')
_QUOTE = re.compile(r'["\\]')
_END = re.compile(r"[,\]}\s]")


class Damaged(Exception):  # noqa: N818 - says what is wrong with the text
    """The text around the values is no JSON: nothing after it can be told."""


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_constant)


def parse(content: bytes) -> object:
    """One whole value. Raises Malformed."""
    try:
        content = content.removeprefix(codecs.BOM_UTF8)
        return json.loads(content, parse_constant=_constant)
    except RecursionError:
        raise Malformed("is nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"is not JSON: {error}"[:200]) from None


class Reader:
    """Reads one document from a stream, whose values may have `limit` characters each."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._text = ""
        self._at = 0
        self._ended = False
        self._taken = True
        """Whether the caller took the value that a key or element stood before."""

    def entries(self) -> Iterator[str]:
        """The key of each entry of the table that comes next. Raises Damaged."""
        self._take("{")
        if self._next() == "}":
            self._at += 1
            return
        while True:
            yield self._key()
            self._pass_rest()
            if self._separator("}"):
                return

    def elements(self) -> Iterator[int]:
        """The number of each element of the list that comes next. Raises Damaged."""
        self._take("[")
        if self._next() == "]":
            self._at += 1
            return
        number = 0
        while True:
            self._next()
            self._taken = False
            yield number
            self._pass_rest()
            if self._separator("]"):
                return
            number += 1

    def value(self) -> object:
        """The value that comes next. Raises Malformed, and stands behind it then too."""
        self._taken = True
        self._next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                return self._refuse("is nested too deeply")
            except ValueError as error:
                if self._ended or self._is_wrong(error):
                    return self._refuse(str(error).partition(": line")[0])
            else:
                if end + GOES_ON < len(self._text) or self._ended:
                    return self._given(value, end)
            if len(self._text) - self._at > self._limit:
                return self._refuse("")
            self._fill(max(PIECE, len(self._text) - self._at))

    def is_table(self) -> bool:
        return self._next() == "{"

    def is_list(self) -> bool:
        return self._next() == "["

    def _is_wrong(self, error: ValueError) -> bool:
        """Whether more text would not mend it: a value that the end of what is there cuts is only not whole yet."""
        if not isinstance(error, json.JSONDecodeError):  # a number of too many digits, NaN
            return True
        return error.pos < len(self._text) - CUT and not error.msg.startswith("Unterminated string")

    def _given(self, value: object, end: int) -> object:
        if end - self._at > self._limit:
            self._at = end
            raise Malformed(f"has more than {self._limit} characters")
        self._at = end
        return value

    def _refuse(self, reason: str) -> object:
        long = len(self._text) - self._at > self._limit
        self._pass()
        raise Malformed(f"has more than {self._limit} characters" if long else f"is not JSON: {reason}"[:200])

    def _pass_rest(self) -> None:
        """Pass over a value of which the caller took nothing."""
        if not self._taken:
            self._taken = True
            self._pass()

    def _pass(self) -> None:
        """Go behind the value that comes next, by its brackets and quotes alone."""
        first = self._next()
        if first == '"':
            self._at += 1
            self._pass_text()
        elif first in "[{":
            self._pass_brackets()
        else:
            while (end := self._find(_END)) is None:
                if self._ended:
                    self._at = len(self._text)
                    return
            self._at = end

    def _pass_brackets(self) -> None:
        depth = 0
        while True:
            mark = self._find(_MARK)
            if mark is None:
                if self._ended:
                    raise Damaged("the text is cut off within a value")
                continue
            sign = self._text[mark]
            self._at = mark + 1
            if sign == '"':
                self._pass_text()
            else:
                depth += 1 if sign in "[{" else -1
                if not depth:
                    return

    def _pass_text(self) -> None:
        """Behind the quote that ends a text."""
        while True:
            mark = self._find(_QUOTE)
            if mark is None:
                if self._ended:
                    raise Damaged("the text is cut off within quotes")
                continue
            self._at = mark + 1
            if self._text[mark] == '"':
                return
            if self._at == len(self._text):
                self._fill()
            self._at += 1

    def _find(self, pattern: re.Pattern[str]) -> int | None:
        """Where it stands next; None, with more text read, where it is not in what is there."""
        found = pattern.search(self._text, self._at)
        if found is None:
            self._at = len(self._text)
            self._fill()
            return None
        return found.start()

    def _key(self) -> str:
        if self._next() != '"':
            raise Damaged("a table has no key where one should stand")
        while True:
            try:
                key, end = _DECODER.raw_decode(self._text, self._at)
                break
            except ValueError:
                if self._ended or len(self._text) - self._at > max(KEY_LIMIT, PIECE):
                    raise Damaged("a table has a key that is none") from None
                self._fill()
        if not isinstance(key, str) or len(key) > KEY_LIMIT:
            raise Damaged("a table has a key that is none")
        self._at = end
        self._take(":")
        self._taken = False
        return key

    def _separator(self, end: str) -> bool:
        """Whether a table or list ends here; else the reader stands behind the comma."""
        sign = self._next()
        if sign not in (",", end):
            raise Damaged(f"{sign or 'the end'!r} stands where a comma or {end!r} should")
        self._at += 1
        return sign == end

    def _take(self, sign: str) -> None:
        found = self._next()
        if found != sign:
            raise Damaged(f"{found or 'the end'!r} stands where {sign!r} should")
        self._at += 1
        self._taken = True

    def _next(self) -> str:
        """The character that comes next, spaces passed; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._fill()

    def _fill(self, size: int = PIECE) -> None:
        piece = self._stream.read(size)
        self._ended = not piece
        self._text = self._text[self._at :] + self._decoder.decode(piece, final=not piece)
        self._at = 0
