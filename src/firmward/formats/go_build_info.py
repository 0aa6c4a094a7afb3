"""What Go's linker writes into a program: the Go that built it, its main module, and the modules linked into it.

The place begins with a magic at a multiple of 16. From Go 1.18 on two texts follow, each with its length before it (a
base-128 number); before, there were the addresses of two Go strings, each an address and a length. The second text
stands between two marks of 16 bytes, and is lines of fields with tabs between: `mod` and `dep` have a path and a
version, `=>` replaces the dependency before it.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from firmward.formats import elf_dynamic

MAGIC = b"\xff Go buildinf:"
SIZE = 32
ALIGNED = 16
INLINE, BIG_ENDIAN = 2, 1
TEXT_LIMIT = 4 << 20
"""Bytes of the modules; those of Kubernetes have 20 KiB."""
MODULES_LIMIT = 10_000
MARK = 16
PLACES = 8
"""Magics that are tried: a program that reads others has the magic too."""

Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Module:
    """A module by its `path`, with its `version` as Go writes it, empty where it is a folder beside the program."""

    path: str
    version: str


@dataclass(frozen=True, slots=True)
class GoBuildInfo:
    """The `go` that built it, as `1.19.8`; the `main` module where the program says it, and the `modules` linked in."""

    go: str
    main: Module | None = None
    modules: tuple[Module, ...] = ()


def find(data: bytes, size: int, read: Read) -> GoBuildInfo | None:
    """In a run of a program's `data`, which begins at a multiple of 16; `read` is asked for what lies elsewhere."""
    at = -1
    for _ in range(PLACES):
        at = data.find(MAGIC, at + 1)
        if at < 0:
            return None
        found = None if at % ALIGNED else _parse(data[at : at + SIZE + TEXT_LIMIT], size, read)
        if found is not None:
            return found
    return None


def _parse(place: bytes, size: int, read: Read) -> GoBuildInfo | None:
    if len(place) < SIZE or place[14] not in (4, 8):
        return None
    if place[15] & INLINE:
        go, rest = _counted(place, SIZE)
        said, _ = _counted(place, rest)
    else:
        go, said = _pointed(place, size, read)
    if not go.startswith((b"go1", b"devel")):
        return None
    main, modules = _modules(said[MARK:-MARK]) if len(said) > 2 * MARK else (None, ())
    return GoBuildInfo(go.removeprefix(b"go").decode("utf-8", "replace")[:100], main, modules)


def _counted(place: bytes, at: int) -> tuple[bytes, int]:
    """The text whose length stands at this place, and where it ends."""
    length = shift = 0
    for byte in place[at : at + 5]:
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return place[at : at + min(length, TEXT_LIMIT)], at + length
    return b"", at


def _pointed(place: bytes, size: int, read: Read) -> tuple[bytes, bytes]:
    segments = elf_dynamic.segments_of(size, read)
    letter = ("<", ">")[place[15] & BIG_ENDIAN] + ("Q" if place[14] == 8 else "I")
    width = place[14]

    def text(address: int) -> bytes:
        header = _at(address, 2 * width)
        if len(header) < 2 * width:
            return b""
        (start,), (length,) = struct.unpack_from(letter, header), struct.unpack_from(letter, header, width)
        return _at(start, min(length, TEXT_LIMIT))

    def _at(address: int, length: int) -> bytes:
        found = elf_dynamic.offset_of(address, segments)
        return b"" if found is None else read(found[0], min(length, found[1]))

    (first,), (second,) = struct.unpack_from(letter, place, 16), struct.unpack_from(letter, place, 16 + width)
    return text(first), text(second)


def _modules(text: bytes) -> tuple[Module | None, tuple[Module, ...]]:
    main: Module | None = None
    found: list[Module] = []
    for fields in _lines(text):
        if len(found) >= MODULES_LIMIT:
            break
        if fields[0] == "mod" and main is None:
            main = Module(fields[1], _version(fields))
        elif fields[0] == "dep":
            found.append(Module(fields[1], _version(fields)))
        elif fields[0] == "=>" and found:
            found[-1] = replace(found[-1], path=fields[1], version=_version(fields))
    return main, tuple(found)


def _lines(text: bytes) -> Iterator[list[str]]:
    for line in text.decode("utf-8", "replace").split("\n"):
        fields = [field[:300] for field in line.split("\t")]
        if len(fields) >= 2 and fields[1]:
            yield fields


def _version(fields: list[str]) -> str:
    said = fields[2] if len(fields) > 2 else ""
    return "" if said == "(devel)" else said.removeprefix("v")
