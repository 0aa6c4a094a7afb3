"""Semantic versions (semver.org, 11): three numbers, and what came before the release behind a hyphen.

Taken loosely, since advisories write `1.2` for 1.2.0 and a `v` or `=` in front: missing numbers are zero, a fourth is
compared behind the third. What stands behind `+` does not count.
"""

import re
from functools import lru_cache

Word = tuple[int, int, str]
Key = tuple[tuple[int, ...], tuple[Word, ...]]

_VERSION = re.compile(
    r"[=v]?(\d{1,60}(?:\.\d{1,60}){0,7})(?:-([0-9A-Za-z-]{1,100}(?:\.[0-9A-Za-z-]{1,100}){0,19}))?(?:\+[0-9A-Za-z.+-]{1,100})?",
    re.ASCII,
)
_NUMBER, _TEXT = 0, 1
_RELEASE: Word = (2, 0, "")
"""Behind every word of what came before it."""


@lru_cache(maxsize=4096)
def key(version: str) -> Key | None:
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    words = tuple(_word(word) for word in found[2].split(".")) if found[2] else (_RELEASE,)
    return tuple(numbers), words


def _word(text: str) -> Word:
    return (_NUMBER, int(text), "") if text.isdigit() else (_TEXT, 0, text)
