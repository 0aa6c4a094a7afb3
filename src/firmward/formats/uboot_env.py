"""U-Boot's environment (include/env_internal.h): a CRC-32, in the redundant form a flag, and `name=value` strings.

There is no magic and no size: the checksum covers all that was set aside for the environment, so that it tells the
size too. The strings end with an empty one. Where two copies are kept, the flag says which is the newer: a counter on
most media, 1 for the active one and 0 for the other on NOR flash. The checksum stands in the byte order of the CPU.

Of the strings U-Boot takes what `himport_r` (lib/hashtable.c) does: any bytes but NUL and `=` are a name, blanks before
it and whatever begins with `#` are passed over, and a name without a value removes the variable that came before.

As text an environment is what `fw_printenv` prints, what `mkenvimage` takes, or what `env import -t` reads (uEnv.txt):
these differ in what a backslash does.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from types import MappingProxyType
from typing import Literal

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

Order = Literal["big", "little"]

SIZE_STEP = 512
"""Bytes: environments are whole sectors, mostly 4 KiB to 128 KiB."""
FINE_LIMIT = 256 << 10
"""Bytes up to which every whole number of sectors is tried."""
COARSE_STEP = 64 << 10
"""Bytes: what is larger is made of the erase blocks of flash."""
SIZE_LIMIT = 16 << 20
TEXT_LIMIT = 1 << 20
"""Bytes of the strings, and of a text."""
HEAD = 5 + 64
"""Bytes that show whether an environment may begin."""

COMMON = (b"baudrate=", b"bootargs=", b"bootcmd=", b"bootdelay=", b"ethaddr=", b"ipaddr=")
"""Variables of which an environment that boots something has at least one."""

_NAME = rb"[A-Za-z_.][!-<>-~]{0,58}="
_HEAD = re.compile(rb"[\s\S]{4}[\s\S]?" + _NAME + rb"[^\n\0]*(\0|\Z)")
_ERASED = re.compile(rb"\0*\Z|\xff*\Z")


@dataclass(frozen=True, slots=True)
class Environment:
    """One copy. `flag` is None in the form without a redundant copy; `size` in bytes with checksum and padding."""

    variables: Mapping[str, str]
    size: int
    flag: int | None
    order: Order
    """Byte order of the checksum."""

    @property
    def imported(self) -> Mapping[str, str]:
        """The variables as U-Boot has them once it took them in: a backslash is left out, the sign behind it stays."""
        return {name: unescaped(value) for name, value in self.variables.items() if value}


class Flags(Enum):
    """What the flags of two copies mean, which depends on the medium."""

    COUNTER = "counter"
    """A number that grows with each copy written, and begins again at 0 after 255: MMC, SPI NOR, NAND, UBI, FAT."""
    ACTIVE = "active"
    """1 for the copy in use, 0 for the one before: parallel NOR flash, whose bits can be cleared without erasing."""


@dataclass(frozen=True, slots=True)
class Found:
    """A copy and the offset at which it begins, in bytes."""

    offset: int
    environment: Environment


def may_begin(head: bytes) -> bool:
    """Whether the first bytes may be an environment's: with any bytes as a name, all but what was erased.

    What `parse` reads decides, by names that have a meaning before it looks at checksums.
    """
    return len(head) > 5 and _ERASED.match(head) is None


def parse(read: Read, limit: int = SIZE_LIMIT) -> Environment:
    """The environment that begins where `read` counts from, of at most `limit` bytes.

    Raises Malformed when no checksum holds.
    """
    head = read(0, HEAD)
    if not may_begin(head):
        raise Malformed("no name of a variable at the start")
    limit = min(limit, SIZE_LIMIT)
    data = read(0, min(FINE_LIMIT, limit))
    text_end = data.find(b"\0\0", 5)
    if text_end < 0 and len(data) == FINE_LIMIT < limit:
        data = read(0, min(TEXT_LIMIT, limit))
        text_end = data.find(b"\0\0", 5)
    if text_end < 0:
        raise Malformed("variables without an end")
    if not _is_named(head) and _COMMON.search(data, 4, text_end) is None:
        raise Malformed("no name of a variable")
    for start in (4, 5):
        found = _size(read, data, start, text_end, limit)
        if found is not None:
            size, order = found
            flag = data[4] if start == 5 else None
            return Environment(MappingProxyType(_variables(data[start:text_end])), size, flag, order)
    raise Malformed("no checksum holds")


def _is_named(head: bytes) -> bool:
    """Whether a name as people give them stands behind four or five bytes, and no end of a line soon: texts are full of
    names with values. Other names count where one of the common ones stands beside them."""
    return _HEAD.match(head) is not None


def active(first: Environment | None, second: Environment | None, flags: Flags = Flags.COUNTER) -> Environment | None:
    """The copy that U-Boot takes of two: the only one, or the newer by its flag; the first where flags are equal.

    Both meanings of flags agree on 1 beside 0.
    """
    if first is None or second is None:
        return first or second
    one, other = first.flag or 0, second.flag or 0
    if flags is Flags.ACTIVE:
        is_second = (one, other) == (0, 1) or (one not in (other, 255) and other == 255)
        return second if is_second else first
    if {one, other} == {0, 255}:
        return first if one == 0 else second
    return second if other > one else first


RUNS = 32
"""Rows of strings in a search that are tried as an environment."""
HITS = 4096
"""Common variables looked at in a search."""
BACK = 64 << 10
"""Bytes before a common variable in which its environment begins."""
EITHER = 4
"""Signs of equality, from the start and from the end of a string, before which the first name may stand."""
WINDOW = 1 << 20


def find(read: Read, size: int) -> Iterator[Found]:
    """The copies in `size` bytes, wherever they begin, in order; those that have one of the common variables.

    One of more than 256 KiB is found at the start of a sector alone.
    """
    at = end = 0
    tried: set[int] = set()
    for place in islice(_commons(read, size), HITS):
        if len(tried) >= RUNS:
            return
        if place < at:
            continue
        at = place + 1
        low = max(end, place - BACK)
        before = read(low, place + HEAD - low)
        run = low + _first_string(before, place - low)
        if run == low > 0 and place - low == BACK:
            continue  # no string is that long
        found = None if run in tried else next(_beginning(read, low, before, run, size), None)
        tried.add(run)
        if found is not None:
            at = end = max(at, found.offset + found.environment.size)
            yield found


def _commons(read: Read, size: int) -> Iterator[int]:
    """Where common variables stand."""
    for offset in range(0, size, WINDOW):
        for match in _COMMON.finditer(read(offset, min(WINDOW + 16, size - offset))):
            yield offset + match.start()


def _first_string(data: bytes, place: int) -> int:
    """Where the first of the strings before `place` begins, which has the checksum before its name."""
    start = data.rfind(b"\0", 0, place) + 1
    while start:
        before = data.rfind(b"\0", 0, start - 1) + 1
        if start < place and not _STRING.match(data, start, place):
            break
        start = before
    return start


def _beginning(read: Read, low: int, before: bytes, run: int, size: int) -> Iterator[Found]:
    """The environments that may begin with a string; bytes of a checksum may look like a name's, or end a string."""
    end = before.find(b"\0", run - low)
    following = before.find(b"\0", end + 1)
    places = [
        match.start() for match in _NAMED.finditer(before, run - low, following if following > 0 else len(before))
    ]
    names = [name + more for name in (*places[:EITHER], *places[-EITHER:]) for more in range(6)]
    for start in dict.fromkeys(low + name - back for name in names for back in (4, 5)):
        if start >= 0:
            limit = SIZE_LIMIT if start % SIZE_STEP == 0 else FINE_LIMIT
            try:
                yield Found(start, parse(_behind(read, start), min(limit, size - start)))
            except Malformed:
                continue


def _behind(read: Read, start: int) -> Read:
    return lambda offset, length: read(start + offset, length)


_COMMON = re.compile(b"|".join(COMMON))
_NAMED = re.compile(rb"[!-<>-~]{1,60}=")
_STRING = re.compile(rb"[!-<>-~]{1,60}=[^\0-\x08\x0e-\x1f]*\0")


def _size(read: Read, data: bytes, start: int, text_end: int, limit: int) -> tuple[int, Order] | None:
    """The size at which the checksum of all from `start` on holds, the smallest first."""
    orders: dict[int, Order] = {int.from_bytes(data[:4], "big"): "big", int.from_bytes(data[:4], "little"): "little"}
    end = -(-(text_end + 2) // SIZE_STEP) * SIZE_STEP
    checksum = zlib.crc32(data[start:end])
    while end <= limit:
        if checksum in orders:
            return end, orders[checksum]
        if end + SIZE_STEP > len(data):
            more = read(len(data), min(WINDOW, limit - len(data)))
            if not more:
                return None
            data += more
        step = SIZE_STEP if end < FINE_LIMIT else COARSE_STEP - end % COARSE_STEP
        piece = data[end : end + step]
        if len(piece) < step:
            return None
        checksum = zlib.crc32(piece, checksum)
        end += step
    return None


def _variables(text: bytes) -> dict[str, str]:
    """The strings by name, as U-Boot takes them in: the last of equal names counts, unless it was removed."""
    found: dict[str, str] = {}
    for line in text.split(b"\0"):
        name, sign, value = line.lstrip(b" \t").decode("utf-8", "surrogateescape").partition("=")
        if name.startswith("#"):
            continue
        if not sign:
            found.pop(name, None)
        elif name:
            found[name] = value
    return found


class Form(Enum):
    """Who wrote, or will read, an environment as text."""

    PRINTED = "printed"
    """What fw_printenv and printenv print: nothing is escaped, so that a value's second line is a line of its own."""
    MADE = "made"
    """What mkenvimage takes: a backslash at a line's end puts the end into the value, `#` begins a comment."""
    IMPORTED = "imported"
    """What `env import -t` takes: a backslash is left out and the sign behind it stays, the end of a line too."""


def parse_text(text: str, form: Form) -> Mapping[str, str]:
    """The variables of a text. Raises Malformed for one that is too long.

    In the imported form a name without a value removes the variable, as it does in U-Boot.
    """
    if len(text) > TEXT_LIMIT:
        raise Malformed(f"an environment of {len(text)} characters")
    found: dict[str, str] = {}
    for line in _LINES[form].findall(text.replace("\r\n", "\n")):
        whole = line.lstrip(" \t") if form is Form.IMPORTED else line
        if form is not Form.PRINTED and whole.startswith("#"):
            continue
        name, sign, value = whole.partition("=")
        if form is Form.IMPORTED and not value:
            found.pop(name, None)
        elif sign and name:
            found[name] = _READ[form](value)
    return MappingProxyType(found)


def of_text(data: bytes) -> Mapping[str, str]:
    """The variables of a text in whichever form. Raises Malformed for bytes that are no such text: its first line that
    is no comment must set a variable."""
    if len(data) > TEXT_LIMIT or b"\0" in data:
        raise Malformed("no environment as text")
    text = data.decode("utf-8", "surrogateescape")
    lines = (line.strip() for line in text.split("\n"))
    first = next((line for line in lines if line and not line.startswith(("#", "=>"))), "")
    if _SETS.match(first) is None:
        raise Malformed("a text whose first line sets no variable")
    # only who prints an environment has no comments
    return parse_text(text, Form.MADE if _COMMENT.search(text) else Form.PRINTED)


def unescaped(value: str) -> str:
    return _ESCAPED.sub(r"\1", value)


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SETS = re.compile(r"[A-Za-z_.][!-<>-~]{0,58}=")
_COMMENT = re.compile(r"^#", re.MULTILINE)
_LINES = {
    Form.PRINTED: re.compile(r"[^\n]+"),
    Form.MADE: re.compile(r"#[^\n]*|(?:[^\n\\]|\\\n?)+"),
    Form.IMPORTED: re.compile(r"[ \t]*#[^\n]*|(?:[^\n\\]|\\[\s\S]?)+"),
}
_READ: Mapping[Form, Callable[[str], str]] = {
    Form.PRINTED: lambda value: value,
    Form.MADE: lambda value: value.replace("\\\n", "\n"),
    Form.IMPORTED: unescaped,
}
