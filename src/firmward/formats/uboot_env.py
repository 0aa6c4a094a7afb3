"""U-Boot's environment (include/env_internal.h): a CRC-32, in the redundant form a flag, and `name=value` strings.

There is no magic and no size: the checksum covers all that was set aside for the environment, so that it tells the
size too. The strings end with an empty one. Where two copies are kept, the flag says which is the newer: a counter on
most media, 1 for the active one and 0 for the other on NOR flash.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

SIZE_STEP = 512
"""Bytes: environments are whole sectors, mostly 4 KiB to 128 KiB."""
SIZE_LIMIT = 256 << 10
HEAD = 5 + 64
"""Bytes that show whether an environment may begin."""

COMMON = (b"baudrate=", b"bootargs=", b"bootcmd=", b"bootdelay=", b"ethaddr=", b"ipaddr=")
"""Variables of which an environment that boots something has at least one."""

_NAME = rb"[A-Za-z_.][!-<>-~]{0,58}="
_HEAD = re.compile(rb"[\s\S]{4}[\s\S]?" + _NAME + rb"[^\n\0]*(\0|\Z)")


@dataclass(frozen=True, slots=True)
class Environment:
    """One copy. `flag` is None in the form without a redundant copy; `size` in bytes with checksum and padding."""

    variables: Mapping[str, str]
    size: int
    flag: int | None
    order: Literal["big", "little"]
    """Byte order of the checksum."""


def may_begin(head: bytes) -> bool:
    """Whether the first bytes may be an environment's: a name behind four or five bytes, and no end of a line soon.

    Cheap; the latter since text files are full of names with values.
    """
    return _HEAD.match(head) is not None


def parse(read: Read) -> Environment:
    """The environment that begins where `read` counts from. Raises Malformed when no checksum holds."""
    if not may_begin(read(0, HEAD)):
        raise Malformed("no name of a variable at the start")
    data = read(0, SIZE_LIMIT)
    text_end = data.find(b"\0\0", 5)
    if text_end < 0:
        raise Malformed("variables without an end")
    for start in (4, 5):
        found = _size(data, start, text_end)
        if found is not None:
            size, order = found
            flag = data[4] if start == 5 else None
            return Environment(MappingProxyType(_variables(data[start:text_end])), size, flag, order)
    raise Malformed("no checksum holds")


def active(first: Environment | None, second: Environment | None) -> Environment | None:
    """The copy that U-Boot takes of two: the only one, or the newer by its flag; a counter may have begun again."""
    if first is None or second is None:
        return first or second
    one, other = first.flag or 0, second.flag or 0
    if {one, other} == {0, 255}:
        return first if one == 0 else second
    return second if other > one else first


def _size(data: bytes, start: int, text_end: int) -> tuple[int, Literal["big", "little"]] | None:
    """The size at which the checksum of all from `start` on holds, the smallest first."""
    little, big = int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")
    end = -(-(text_end + 2) // SIZE_STEP) * SIZE_STEP
    checksum = zlib.crc32(data[start:end])
    while end <= len(data):
        if checksum == little:
            return end, "little"
        if checksum == big:
            return end, "big"
        checksum = zlib.crc32(data[end : end + SIZE_STEP], checksum)
        end += SIZE_STEP
    return None


def _variables(text: bytes) -> dict[str, str]:
    """The strings by name; U-Boot lets the last of equal names count. One without a sign of equality is left out."""
    pairs = (line.decode("utf-8", "surrogateescape").partition("=") for line in text.split(b"\0"))
    return {name: value for name, mark, value in pairs if mark}
