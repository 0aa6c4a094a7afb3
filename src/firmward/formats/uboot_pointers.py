"""Where the pointers of a raw binary lead, when nobody says at which address the binary runs.

A base is the address at which the first of the bytes would stand. Pointers that lead to texts tell it: it is the one
number that lays all of them over texts of the file. It may be below zero, since a container lies before a binary that
is linked to a low address.

Position-independent code (ELF gABI, relocations with addends) may keep its pointers in RELA entries instead of where
they belong; U-Boot for arm64 has them put in place when it is built, others do it when they start. The entries are

    offset, kind, addend: 64 bits each

with one kind for "base and addend".
"""

import re
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Literal

Order = Literal["little", "big"]
ORDERS: tuple[Order, ...] = ("little", "big")

REACH = 4 << 20
"""Bytes before and behind a table in which its texts lie; builds have one to two megabytes."""
TEXTS = 1 << 16
"""Texts of which a base is looked for; a binary of a megabyte has about 10,000."""
SAMPLE = 16
"""Pointers that are laid over the texts; some lead into a text, since linkers let one be the end of another."""
LEAST_SHARE = 0.4
"""Share of them that must lead to the start of a text."""
BASES = 4
"""Bases that are worth trying: on few pointers chance agrees too."""

_START = re.compile(rb"\0(?=[\t\n -~]{4})")

KINDS = (23, 8, 3)
"""Kinds of relocations that are small numbers: for ARM, for both x86, for RISC-V (R_..._RELATIVE)."""
_RELATIVE = (1027, 8, 3)
"""R_AARCH64_RELATIVE, R_X86_64_RELATIVE, R_RISCV_RELATIVE."""
_ENTRY = struct.Struct("<QQQ")
_LEAST = 64
"""Entries of a table; the smallest builds have some thousands."""


def words(data: bytes, order: Order) -> "array[int]":
    """All words of 32 bits."""
    found = array("I")
    found.frombytes(data[: len(data) // 4 * 4])
    if order != sys.byteorder:
        found.byteswap()
    return found


def bases(data: bytes, targets: Sequence[int], place: int, share: float = LEAST_SHARE) -> list[int]:
    """The bases at which the most targets lead to the start of a text within reach of a place, the best first."""
    begin = max(0, place - REACH)
    found = [match.end() for match in islice(_START.finditer(data, begin, place + REACH), TEXTS)]
    votes: Counter[int] = Counter()
    sample = _sample(targets)
    for target in sample:
        votes.update(map(target.__sub__, found))
    return [base for base, times in votes.most_common(BASES) if times >= share * len(sample)]


def leads_to_text(data: bytes, place: int) -> bool:
    """Whether a text of some letters starts at a place, behind the end of another."""
    return 0 < place < len(data) and _START.match(data, place - 1) is not None


def _sample(targets: Sequence[int]) -> list[int]:
    distinct = list(dict.fromkeys(targets))
    return distinct[:: max(1, len(distinct) // SAMPLE)][:SAMPLE]


def relocated(data: bytes) -> bytes | None:
    """The bytes with the addends of their RELA entries in place; None when there are no entries, or no base is told."""
    for kind in _RELATIVE:
        place, entries = _entries(data, kind)
        if len(entries) < _LEAST:
            continue
        base = _base(data, entries, place)
        if base is None:
            return None
        whole = bytearray(data)
        for address, addend in entries.items():
            if 0 <= address - base <= len(data) - 8:
                whole[address - base : address - base + 8] = addend.to_bytes(8, "little")
        return bytes(whole)
    return None


def _entries(data: bytes, kind: int) -> tuple[int, dict[int, int]]:
    """Where the longest row of entries of a kind stands, and address to addend."""
    mark = kind.to_bytes(8, "little")
    start, size, place = 0, 0, data.find(mark, 8)
    while place >= 0:
        end = place
        while data[end : end + 8] == mark:
            end += _ENTRY.size
        if end - place > size:
            start, size = place - 8, end - place
        place = data.find(mark, max(end - 16, place + 1))
    whole = data[start : start + size]
    rows = _ENTRY.iter_unpack(whole[: len(whole) // _ENTRY.size * _ENTRY.size])
    return start, {address: addend for address, _, addend in rows}


def _base(data: bytes, entries: dict[int, int], place: int) -> int | None:
    """The base that most of the addends agree on: at least a fifth of them must lead to texts."""
    addends = list(entries.values())
    for base in bases(data, addends, place, share=0.2):
        lead = addends[:: max(1, len(addends) // 256)]
        if 5 * sum(leads_to_text(data, addend - base) for addend in lead) >= len(lead):
            return base
    return None
