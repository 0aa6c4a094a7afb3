"""Canonical JSON, the form over which TUF signs: one way to write a value.

Rules (the canonical form that TUF's specification names, sections 4.2 and 4.4): keys in the order of their code points,
no white space, whole numbers only, UTF-8, and in texts nothing is escaped but the quote and the backslash.
"""

import json
import re
from typing import TypeAlias

from firmward.formats.malformed import Malformed

Json: TypeAlias = "None | bool | int | str | list[Json] | dict[str, Json]"

DEPTH_LIMIT = 64
"""Levels of lists and tables within each other; metadata of TUF has eight."""
DIGITS_LIMIT = 20
"""Of a whole number: 64 bits are never more."""


def encode(value: Json) -> bytes:
    """Raises Malformed for half a surrogate, and too many levels."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return _ESCAPED.sub(_as_it_is, text).encode()
    except UnicodeEncodeError as error:
        raise Malformed("a text has half a surrogate") from error
    except RecursionError as error:
        raise Malformed("has too many levels") from error


def parse(content: bytes) -> Json:
    """The value of a JSON text in any form. Raises Malformed: no UTF-8 or no JSON, a key twice in a table, a number
    that is not whole or has too many digits, too many levels. The caller bounds `content`."""
    _check_depth(content)
    try:
        value: Json = json.loads(
            content.decode(),
            object_pairs_hook=_table,
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_whole,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(f"is not JSON: {str(error)[:120]}") from error
    return value


def parse_canonical(content: bytes) -> Json:
    """As `parse`, and the text has to be in the canonical form. Raises Malformed."""
    value = parse(content)
    if encode(value) != content:
        raise Malformed("is not written in the canonical form")
    return value


_ESCAPED = re.compile(r'\\(["\\]|[bfnrt]|u00[01][0-9a-f])')
"""What the encoder of the standard library escapes: a backslash stands in its texts alone."""
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _as_it_is(escape: re.Match[str]) -> str:
    """Control characters stand as they are in the canonical form."""
    word = escape[1]
    if word.startswith("u"):
        return chr(int(word[1:], 16))
    return _SHORT.get(word, escape[0])


def _check_depth(content: bytes) -> None:
    """Before anything is parsed: brackets within texts count too, which no honest document has so many of in a row."""
    deepest = depth = 0
    for byte in content.translate(None, delete=_ALL_BUT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEPTH_LIMIT:
        raise Malformed(f"has more than {DEPTH_LIMIT} levels")


_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _table(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice in a table")
    return table


def _refuse(text: str) -> Json:
    raise ValueError(f"{text[:24]} is no whole number")


def _whole(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        raise ValueError("a number has too many digits")
    return int(text)
