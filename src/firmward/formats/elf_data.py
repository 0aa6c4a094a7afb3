"""Where an ELF file (System V ABI) keeps its data: the sections that are no code, and what stands behind the last.

A quarter of most programs; where the section table is missing or makes no sense, the whole file counts.
"""

import struct
from collections.abc import Iterator

MAGIC = b"\x7fELF"
PROGBITS, NOTE, SYMBOLS, STRINGS, EMPTY, EXECUTABLE = 1, 7, 2, 3, 8, 0x4
SECTIONS_LIMIT = 4096
TOOLS = (b".debug", b".zdebug", b".eh_frame", b".gcc_except", b".gopclntab", b".BTF", b".gnu_debug", b".ARM.ex")
"""Tables for debuggers and for unwinding the stack."""


def ranges(data: bytes) -> tuple[tuple[int, int], ...]:
    """Start and end of each run of data."""
    whole = ((0, len(data)),)
    try:
        sections = tuple(_sections(data))
    except (struct.error, IndexError):
        return whole
    if not sections:
        return whole
    kept = [(start, end) for start, end, is_data in sections if is_data]
    last = max(end for _, end, _ in sections)
    return (*kept, (last, len(data))) if last < len(data) else tuple(kept)


def _sections(data: bytes) -> Iterator[tuple[int, int, bool]]:
    order = "<" if data[5] == 1 else ">"
    wide = data[4] == 2
    (table,) = struct.unpack_from(f"{order}Q" if wide else f"{order}I", data, 0x28 if wide else 0x20)
    size, count, names = struct.unpack_from(f"{order}HHH", data, 0x3A if wide else 0x2E)
    if not table or not 0 < count <= SECTIONS_LIMIT or table + size * count > len(data):
        return
    yield table, table + size * count, False
    headers = [_header(data, table + size * number, order, wide) for number in range(count)]
    text = headers[names][3] if names < count else 0
    for name, kind, flags, start, length in headers:
        if kind == EMPTY or not length or start + length > len(data):
            continue
        label = data[text + name : text + name + 16]
        is_data = kind == PROGBITS and not flags & EXECUTABLE and not label.startswith(TOOLS)
        yield start, start + length, is_data


def _header(data: bytes, at: int, order: str, wide: bool) -> tuple[int, int, int, int, int]:
    if wide:
        name, kind, flags, _, start, length = struct.unpack_from(f"{order}IIQQQQ", data, at)
    else:
        name, kind, flags, _, start, length = struct.unpack_from(f"{order}IIIIII", data, at)
    return name, kind, flags, start, length
