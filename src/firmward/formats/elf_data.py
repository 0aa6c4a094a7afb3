"""Where an ELF file (System V ABI) keeps its data: the sections that are no code, and what stands behind the last.

A quarter of most programs; where the section table is missing or makes no sense, the whole file counts.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

MAGIC = b"\x7fELF"
PROGBITS, NOTE, SYMBOLS, STRINGS, EMPTY, EXECUTABLE = 1, 7, 2, 3, 8, 0x4
HEADER_SIZE = 64
SECTIONS_LIMIT = 4096
NAMES_LIMIT = 1 << 18
"""Bytes of the sections' names."""
TOOLS = (b".debug", b".zdebug", b".eh_frame", b".gcc_except", b".gopclntab", b".BTF", b".gnu_debug", b".ARM.ex")
"""Tables for debuggers and for unwinding the stack."""


Read = Callable[[int, int], bytes]
"""The bytes at an offset, of a length; fewer where the file ends."""


def ranges(size: int, read: Read) -> tuple[tuple[int, int], ...]:
    """Start and end of each run of data in a file of `size` bytes; read are its header, its table, and their names."""
    whole = ((0, size),)
    try:
        sections = tuple(_sections(size, read))
    except (struct.error, IndexError):
        return whole
    if not sections:
        return whole
    kept = [(start, end) for start, end, is_data in sections if is_data]
    last = max(end for _, end, _ in sections)
    return (*kept, (last, size)) if last < size else tuple(kept)


def section(name: bytes, size: int, read: Read) -> tuple[int, int] | None:
    """Start and end of the first section of this name; None where there is none, or no table that makes sense."""
    try:
        found = _table(size, read)
    except (struct.error, IndexError):
        return None
    wanted = name + b"\0"
    for header in () if found is None else found.headers:
        is_there = header.kind != EMPTY and header.start + header.length <= size
        if is_there and found is not None and found.labels.startswith(wanted, header.name):
            return header.start, header.start + header.length
    return None


def has_symbols(size: int, read: Read) -> bool:
    """Whether the file has the table of symbols that `strip` takes away."""
    try:
        found = _table(size, read)
    except (struct.error, IndexError):
        return False
    return found is not None and any(header.kind == SYMBOLS for header in found.headers)


def table_ranges(size: int, read: Read) -> tuple[tuple[int, int], ...]:
    """Start and end of the table of sections and of their names."""
    touched: list[tuple[int, int]] = []

    def noted(offset: int, length: int) -> bytes:
        touched.append((min(offset, size), min(offset + length, size)))
        return read(offset, length)

    try:
        _table(size, noted)
    except (struct.error, IndexError):
        return ()
    return tuple(touched)


def _sections(size: int, read: Read) -> Iterator[tuple[int, int, bool]]:
    found = _table(size, read)
    if found is None:
        return
    yield found.start, found.end, False
    labels = found.labels
    for header in found.headers:
        if header.kind == EMPTY or not header.length or header.start + header.length > size:
            continue
        label = labels[header.name : header.name + 16]
        is_data = header.kind == PROGBITS and not header.flags & EXECUTABLE and not label.startswith(TOOLS)
        yield header.start, header.start + header.length, is_data


def _table(size: int, read: Read) -> "_Table | None":
    head = read(0, HEADER_SIZE)
    order = "<" if head[5] == 1 else ">"
    wide = head[4] == 2
    (table,) = struct.unpack_from(f"{order}Q" if wide else f"{order}I", head, 0x28 if wide else 0x20)
    length, count, names = struct.unpack_from(f"{order}HHH", head, 0x3A if wide else 0x2E)
    if length != (64 if wide else 40) or not table or not 0 < count <= SECTIONS_LIMIT or table + length * count > size:
        return None
    rows = read(table, length * count)
    headers = [_header(rows, length * number, order, wide) for number in range(count)]
    labels = read(headers[names].start, min(headers[names].length, NAMES_LIMIT)) if names < count else b""
    return _Table(table, table + length * count, headers, labels)


class _Header(NamedTuple):
    name: int
    kind: int
    flags: int
    start: int
    length: int


class _Table(NamedTuple):
    """Where the table stands, its rows, and the names of the sections one behind the other."""

    start: int
    end: int
    headers: list[_Header]
    labels: bytes


def _header(rows: bytes, at: int, order: str, wide: bool) -> _Header:
    name, kind, flags, _, start, length = struct.unpack_from(f"{order}IIQQQQ" if wide else f"{order}6I", rows, at)
    return _Header(name, kind, flags, start, length)
