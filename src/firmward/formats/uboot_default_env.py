"""The environment built into a U-Boot: `default_environment[]` (include/env_default.h), taken when none is stored.

It is an array of `name=value` strings with a zero behind each and one more behind the last. Nothing says where it
begins: before it may stand anything. The rules this file holds:

- It is found by a variable that every build sets, and grown in both directions as far as whole strings reach.
- It ends with an empty string; where that is missing there is no environment.
- What stands before the first string counts only up to its last byte that no text has.
- Blanks before a name are none of it, and a variable without a value is none, as U-Boot reads (himport_r,
  lib/hashtable.c).

A stored environment has the same strings behind its checksum; formats/uboot_env.py tells the two apart.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

ENVIRONMENTS = 16
"""Copies that are read; a combined binary has one in its SPL and one in U-Boot proper."""
LEAST = 2
"""Variables."""
STRING_LIMIT = 16 << 10
"""Bytes of one string; U-Boot's commands stop at 4 KiB mostly."""
SIZE_LIMIT = 256 << 10
"""Bytes of an environment."""

_ANCHOR = re.compile(rb"(?<![ -~])(?:bootcmd|bootdelay|baudrate|bootargs|boot_targets|stdin|stdout)=")
_STRING = re.compile(rb"[\t ]{0,64}[A-Za-z_.][!-<>-~]{0,62}=[\t\n\r -~\x80-\xff]{0,%d}\Z" % STRING_LIMIT)
_TAIL = re.compile(rb"[A-Za-z_.][!-<>-~]{0,62}=[\t\n\r -~]{0,%d}\Z" % STRING_LIMIT)
_FIRST = re.compile(rb"\.callbacks=|\.flags=|bootargs=|bootcmd=")
_DAYS = re.compile(rb"(?:[A-Z][a-z]{2}){7,12}(?=[a-z][!-<>-~]{0,62}=)")
"""Names of days or months, which U-Boot keeps without zeros: they may end right where the first name begins."""
_NO_TEXT = re.compile(rb"[^\t\n\r -~]")


@dataclass(frozen=True, slots=True)
class DefaultEnvironment:
    """`offset` is that of the first variable, `size` in bytes with the zero that ends all."""

    variables: Mapping[str, str]
    offset: int
    size: int


def find(data: bytes) -> tuple[DefaultEnvironment, ...]:
    """The environments in a binary, in the order in which they stand."""
    return tuple(_found(data))


def _found(data: bytes) -> Iterator[DefaultEnvironment]:
    behind = count = 0
    for match in _ANCHOR.finditer(data):
        if match.start() < behind or count >= ENVIRONMENTS:
            continue
        begin = _begin(data, match.start(), behind)
        end, whole = _end(data, match.start())
        behind = max(end, match.end())
        strings = data[begin:end].split(b"\0")[:-1]
        if whole and len(strings) >= LEAST:
            count += 1
            yield DefaultEnvironment(MappingProxyType(_variables(strings)), begin, end + 1 - begin)


def _begin(data: bytes, start: int, floor: int) -> int:
    """Where the first of the strings before a place begins; none below the floor."""
    limit = max(floor, start - SIZE_LIMIT)
    while start > limit and data[start - 1] == 0:
        before = data.rfind(b"\0", max(limit, start - 1 - STRING_LIMIT), start - 1) + 1
        before = max(before, limit, start - 1 - STRING_LIMIT)
        days = _DAYS.match(data, before, start - 1)
        if days is not None:
            return days.end()
        if _STRING.match(data, before, start - 1):
            start = before
            continue
        return _begin_within(data, before, start)
    return start


def _begin_within(data: bytes, before: int, start: int) -> int:
    """The start of a string that something else precedes without a zero between them.

    What precedes it may end like a text, so that a name which stands first in most environments goes before.
    """
    first = _FIRST.search(data, before, start - 1)
    if first is not None:
        begin = first.start()
    else:
        begin = max((match.end() for match in _NO_TEXT.finditer(data, before, start - 1)), default=start)
    return begin if _TAIL.match(data, begin, start - 1) else start


def _end(data: bytes, start: int) -> tuple[int, bool]:
    """Behind the zero of the last string, and whether an empty one follows."""
    limit = min(len(data), start + SIZE_LIMIT)
    while start < limit:
        end = data.find(b"\0", start, min(limit, start + STRING_LIMIT))
        if end == start:
            return start, True
        if end < 0 or not _STRING.match(data, start, end):
            return start, False
        start = end + 1
    return start, False


def _variables(strings: list[bytes]) -> dict[str, str]:
    pairs = (string.decode("utf-8", "replace").partition("=") for string in strings)
    return {name.lstrip(" \t"): value for name, _, value in pairs if value}
