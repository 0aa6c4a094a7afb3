"""Versions of Alpine's packages (apk-package(5)): `1.2.3a_rc1-r4`: numbers, one letter, suffixes, a revision.

Suffixes are ordered, four of them before the release itself and five after it. A number behind a dot that begins with
zeros is a fraction: 1.05 comes before 1.1. More numbers, or a letter, are higher than fewer.
"""

import re
from functools import lru_cache

Token = tuple[int, int, str]
Key = tuple[Token, ...]

_VERSION = re.compile(
    r"(\d{1,60}(?:\.\d{1,60}){0,30})([a-z]?)((?:_[a-z]{1,5}\d{0,18}){0,10})(?:~[0-9a-f]{1,64})?(?:-r(\d{1,18}))?",
    re.ASCII,
)
_SUFFIX = re.compile(r"_([a-z]+)(\d*)", re.ASCII)
BEFORE = ("alpha", "beta", "pre", "rc")
AFTER = ("cvs", "svn", "git", "hg", "p")
_FIRST_AFTER, _END, _SUFFIX_AFTER, _LETTER, _FRACTION, _NUMBER = -1, 0, 1, 2, 3, 4


@lru_cache(maxsize=4096)
def key(version: str) -> Key | None:
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        return None
    suffixes = [_suffix(name, number) for name, number in _SUFFIX.findall(found[3])]
    if None in suffixes:
        return None
    first, *others = found[1].split(".")
    numbers = [(_NUMBER, int(first), ""), *(_number(number) for number in others)]
    letter = [(_LETTER, 0, found[2])] if found[2] else []
    told = [suffix for suffix in suffixes if suffix is not None]
    return (*numbers, *letter, *told, (_END, int(found[4]) if found[4] else -1, ""))


def upstream(version: str) -> str:
    """The version that was packed, without the revision."""
    return re.sub(r"-r\d+$", "", version.strip())


def _number(digits: str) -> Token:
    return (_FRACTION, 0, digits) if digits[0] == "0" else (_NUMBER, int(digits), "")


def _suffix(name: str, number: str) -> Token | None:
    if name in BEFORE:
        return _FIRST_AFTER, BEFORE.index(name), number.zfill(18)
    return (_SUFFIX_AFTER, AFTER.index(name), number.zfill(18)) if name in AFTER else None
