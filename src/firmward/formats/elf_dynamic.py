"""What an ELF file says of itself to the dynamic linker (System V ABI, chapters 4 and 5): as the loader reads it.

The program headers count and not the sections, which `sstrip` and many a maker's tool take away: PT_DYNAMIC has the
tags, PT_LOAD tells where in the file an address lies, PT_INTERP names the loader, PT_NOTE has the build id. An object
file has none of them, and still a machine and a type.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MAGIC = b"\x7fELF"
HEADERS_LIMIT = 512
"""Program headers; programs have a dozen."""
TAGS_LIMIT = 4096
STRINGS_LIMIT = 16 << 20
"""Bytes of the table of names; that of a browser has 2 MiB."""
NAME_LIMIT = 1024
NOTES_LIMIT = 64 << 10
LOAD, DYNAMIC, INTERPRETER, NOTE = 1, 2, 3, 4
NEEDED, STRINGS, STRINGS_SIZE, SONAME, RPATH, RUNPATH = 1, 5, 10, 14, 15, 29
BUILD_ID = 3

Read = Callable[[int, int], bytes]
"""The bytes at an offset, of a length; fewer where the file ends."""

MACHINES = {
    2: "sparc", 3: "x86", 4: "m68k", 8: "mips", 15: "parisc", 20: "powerpc", 21: "powerpc64", 22: "s390", 40: "arm",
    42: "superh", 43: "sparc64", 62: "x86-64", 93: "arc", 94: "xtensa", 113: "nios2", 164: "hexagon", 183: "aarch64",
    189: "microblaze", 195: "arc-v2", 243: "riscv", 247: "bpf", 252: "csky", 258: "loongarch",
}  # fmt: skip
"""By the number of e_machine; others are told by it."""


class Kind(StrEnum):
    OBJECT = "object"
    """Not linked yet, as kernel modules are."""
    PROGRAM = "program"
    """At a fixed address."""
    SHARED = "shared"
    """A library, or a program that runs anywhere (PIE)."""
    OTHER = "other"


KINDS = {1: Kind.OBJECT, 2: Kind.PROGRAM, 3: Kind.SHARED}


@dataclass(frozen=True, slots=True)
class Elf:
    """`bits` is 32 or 64, `is_big_endian` its byte order, `machine` its processor, `kind` what it is for.

    `interpreter` is the dynamic loader that it asks for, `soname` the name that others need it by, `needed` what it
    needs itself, in its order; `rpath` and `runpath` are where that is looked for first. `build_id` is in hexadecimal.
    All are empty where it does not say.
    """

    bits: int
    is_big_endian: bool
    machine: str
    kind: Kind
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""
    build_id: str = ""


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    length: int


class _Form(NamedTuple):
    """How this file writes its numbers."""

    order: str
    wide: bool


def parse(size: int, read: Read) -> Elf | None:
    """Of a file of `size` bytes; None where its header is none of ELF's. What is cut off or makes no sense is left
    out."""
    head = read(0, 64)
    if not head.startswith(MAGIC) or len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    form = _Form("<" if head[5] == 1 else ">", head[4] == 2)
    kind, machine = struct.unpack_from(f"{form.order}HH", head, 16)
    segments = tuple(_segments(head, size, read, form))
    tags = tuple(_tags(segments, read, form))
    names = _names(tags, segments, read)

    def text(tag: int) -> str:
        return next((names(value) for found, value in tags if found == tag), "")

    return Elf(
        64 if form.wide else 32,
        form.order == ">",
        MACHINES.get(machine, str(machine)),
        KINDS.get(kind, Kind.OTHER),
        _interpreter(segments, read),
        text(SONAME),
        tuple(dict.fromkeys(name for tag, value in tags if tag == NEEDED and (name := names(value)))),
        text(RPATH),
        text(RUNPATH),
        _build_id(segments, read, form),
    )


def ranges(size: int, read: Read) -> tuple[tuple[int, int], ...]:
    """Start and end of each run that `parse` reads."""
    touched: list[tuple[int, int]] = []

    def noted(offset: int, length: int) -> bytes:
        touched.append((min(offset, size), min(offset + length, size)))
        return read(offset, length)

    parse(size, noted)
    return tuple(touched)


def _segments(head: bytes, size: int, read: Read, form: _Form) -> Iterator[_Segment]:
    if form.wide:
        if len(head) < 64:
            return
        (table,) = struct.unpack_from(f"{form.order}Q", head, 32)
        length, count = struct.unpack_from(f"{form.order}HH", head, 54)
    else:
        (table,) = struct.unpack_from(f"{form.order}I", head, 28)
        length, count = struct.unpack_from(f"{form.order}HH", head, 42)
    if length != (56 if form.wide else 32) or not table or table >= size:
        return
    rows = read(table, length * min(count, HEADERS_LIMIT))
    for at in range(0, len(rows) - length + 1, length):
        if form.wide:
            kind, _, offset, address, _, held = struct.unpack_from(f"{form.order}IIQQQQ", rows, at)
        else:
            kind, offset, address, _, held = struct.unpack_from(f"{form.order}IIIII", rows, at)
        if offset < size:
            yield _Segment(kind, offset, address, min(held, size - offset))


def _tags(segments: tuple[_Segment, ...], read: Read, form: _Form) -> Iterator[tuple[int, int]]:
    width = 16 if form.wide else 8
    for one in segments:
        if one.kind != DYNAMIC:
            continue
        table = read(one.offset, min(one.length, TAGS_LIMIT * width))
        for at in range(0, len(table) - width + 1, width):
            tag, value = struct.unpack_from(f"{form.order}{'QQ' if form.wide else 'II'}", table, at)
            if not tag:
                return
            yield tag, value
        return


def offset_of(address: int, segments: tuple[_Segment, ...]) -> tuple[int, int] | None:
    """Where in the file an address lies, and how many bytes of its segment follow."""
    for one in segments:
        if one.kind == LOAD and one.address <= address < one.address + one.length:
            inside = address - one.address
            return one.offset + inside, one.length - inside
    return None


def _names(tags: tuple[tuple[int, int], ...], segments: tuple[_Segment, ...], read: Read) -> Callable[[int], str]:
    known = dict(reversed(tags))
    place = offset_of(known[STRINGS], segments) if STRINGS in known else None
    if place is None:
        return lambda _: ""
    start, room = place
    wanted = [value for tag, value in tags if tag in (NEEDED, SONAME, RPATH, RUNPATH)]
    length = min(known.get(STRINGS_SIZE, room), room, STRINGS_LIMIT, max(wanted, default=0) + NAME_LIMIT)
    table = read(start, length)

    def name(at: int) -> str:
        end = table.find(b"\0", at, at + NAME_LIMIT) if at < len(table) else -1
        return table[at:end].decode("utf-8", "replace") if end > 0 else ""

    return name


def _interpreter(segments: tuple[_Segment, ...], read: Read) -> str:
    for one in segments:
        if one.kind == INTERPRETER:
            return read(one.offset, min(one.length, NAME_LIMIT)).split(b"\0", 1)[0].decode("utf-8", "replace")
    return ""


def _build_id(segments: tuple[_Segment, ...], read: Read, form: _Form) -> str:
    """The first GNU note of that type; names and contents are padded to four bytes."""
    for one in segments:
        if one.kind != NOTE:
            continue
        notes = read(one.offset, min(one.length, NOTES_LIMIT))
        at = 0
        while at + 12 <= len(notes):
            named, held, kind = struct.unpack_from(f"{form.order}III", notes, at)
            start = at + 12 + (named + 3 & ~3)
            if kind == BUILD_ID and notes[at + 12 : at + 16] == b"GNU\0" and 0 < held <= 64:
                return notes[start : start + held].hex()
            at = start + (held + 3 & ~3)
    return ""


def segments_of(size: int, read: Read) -> tuple[_Segment, ...]:
    """The segments of an ELF file, for what has addresses of its own; none where its header makes no sense."""
    head = read(0, 64)
    if not head.startswith(MAGIC) or len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return ()
    return tuple(_segments(head, size, read, _Form("<" if head[5] == 1 else ">", head[4] == 2)))
