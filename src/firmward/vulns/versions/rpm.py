"""Versions of RPM's packages (rpm-version(7)): `[epoch:]version[-release]`.

A part falls into numbers and words; whatever else stands between only separates. A number is higher than a word, and
what goes on is higher than what ends, except that `~` sorts before the end and `^` right after it.
"""

import re
from functools import lru_cache

Token = tuple[int, int, str]
Key = tuple[int, tuple[Token, ...], tuple[Token, ...]]

_VERSION = re.compile(r"(?:(\d{1,9}):)?([^\s:-]{1,200})(?:-([^\s:-]{1,200}))?")
_PIECES = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_BEFORE, _END, _AFTER, _WORD, _NUMBER = range(5)
DIGITS = 60


@lru_cache(maxsize=4096)
def key(version: str) -> Key | None:
    """A version without a release is compared as if its release were empty."""
    found = _VERSION.fullmatch(version.strip())
    if found is None or re.search(rf"\d{{{DIGITS + 1}}}", version):
        return None
    return int(found[1] or 0), _part(found[2]), _part(found[3] or "")


def upstream(version: str) -> str:
    """The version that was packed, without epoch and release."""
    found = _VERSION.fullmatch(version.strip())
    return version if found is None else found[2]


def _part(text: str) -> tuple[Token, ...]:
    return (*(_token(piece) for piece in _PIECES.findall(text)), (_END, 0, ""))


def _token(piece: str) -> Token:
    if piece == "~":
        return _BEFORE, 0, ""
    if piece == "^":
        return _AFTER, 0, ""
    return (_NUMBER, int(piece), "") if piece.isdigit() else (_WORD, 0, piece)
