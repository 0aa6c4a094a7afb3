"""Berkeley DB's hash tables, as rpm kept its packages in until 2020 (`Packages`).

Page 0 has the magic 0x061561 at byte 12, in the byte order of the whole file, then version (8 to 10) and size of a
page; the number of the last page at 32. Every page begins with 26 bytes: its number at 8, the next one's at 16, how
many items it has at 20, where the lowest of them begins at 22 (on an overflow page: how many bytes it holds), its type
at 25. Items are keys and values in turn, at offsets that follow the head; each reaches up to the one before it. An item
begins with its type: 1 holds its bytes itself, 3 names the first of a chain of overflow pages and a length
(dbinc/db_page.h of Berkeley DB).
"""

import struct
from collections.abc import Iterator

from firmward.formats.malformed import Malformed

MAGIC = 0x061561
VERSIONS = range(7, 11)
HASH_PAGES, OVERFLOW = (2, 13), 7
KEY_DATA, OFF_PAGE = 1, 3
HEAD = 26
ITEM_LIMIT = 64 << 20
"""Bytes of a value."""


def values(data: bytes) -> Iterator[bytes]:
    """The values of all keys. Raises Malformed when it is no such file, or a page leads out of it."""
    order, page = _order(data)
    for start in range(page, len(data) - page + 1, page):
        if data[start + 25] in HASH_PAGES:
            yield from _page(data[start : start + page], data, order, page)


def _order(data: bytes) -> tuple[str, int]:
    """The byte order, and bytes a page."""
    if len(data) < 512:
        raise Malformed("no hash table of Berkeley DB: it is too short")
    for order in "<>":
        magic, version, page = struct.unpack_from(f"{order}III", data, 12)
        if magic == MAGIC:
            if version not in VERSIONS or page not in (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536):
                raise Malformed(f"a hash table of Berkeley DB of version {version} with pages of {page} bytes")
            return order, page
    raise Malformed("no hash table of Berkeley DB")


def _page(own: bytes, data: bytes, order: str, page: int) -> Iterator[bytes]:
    (count,) = struct.unpack_from(f"{order}H", own, 20)
    if HEAD + 2 * count > len(own):
        raise Malformed("a page of a hash table has more items than room")
    offsets = struct.unpack_from(f"{order}{count}H", own, HEAD)
    for number in range(1, count, 2):
        start, end = offsets[number], offsets[number - 1]
        if not HEAD <= start < end <= len(own):
            raise Malformed("an item of a hash table lies outside of its page")
        if own[start] == KEY_DATA:
            yield own[start + 1 : end]
        elif own[start] == OFF_PAGE and end - start >= 12:
            first, length = struct.unpack_from(f"{order}II", own, start + 4)
            yield _overflowing(data, order, page, first, length)


def _overflowing(data: bytes, order: str, page: int, number: int, length: int) -> bytes:
    if length > min(ITEM_LIMIT, len(data)):
        raise Malformed(f"an item of a hash table claims {length} bytes")
    pieces: list[bytes] = []
    left = length
    while left > 0:
        start = number * page
        if not number or start + page > len(data) or data[start + 25] != OVERFLOW:
            raise Malformed("an item of a hash table goes on where there is no page for it")
        following, _, held = struct.unpack_from(f"{order}IHH", data, start + 16)
        if not 0 < held <= page - HEAD:
            raise Malformed("an overflow page of a hash table holds more than a page")
        pieces.append(data[start + HEAD : start + HEAD + min(held, left)])
        left -= held
        number = following
    return b"".join(pieces)
