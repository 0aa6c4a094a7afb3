"""What programs say of themselves: to the dynamic linker, and of what they were built of."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from elf_made import Made, elf

from firmward.formats import cargo_auditable, elf_dynamic, go_build_info
from parsers import Parser, reader, refused, told

MADE = Made(
    needed=("libssl.so.3", "libc.so.6"), soname="libhome.so.1", interpreter="/lib/ld.so.1", build_id=bytes(range(20))
)
GO = b"\x08go1.21.5" + b"\x38" + bytes(16) + b"mod\ta.b/c\tv1\ndep\td.e/f\tv2\n" + bytes(12)
CRATES = {"packages": [{"name": "adler", "version": "0.2.3", "source": "crates.io", "kind": "runtime"}]}


def programs(_: Path) -> Iterator[bytes]:
    yield elf(MADE)
    yield elf(Made(wide=False, order=">", needed=("libc.so.0",)))


def ask_program(data: bytes) -> None:
    found = elf_dynamic.parse(len(data), reader(data))
    elf_dynamic.ranges(len(data), reader(data))
    segments = elf_dynamic.segments_of(len(data), reader(data))
    elf_dynamic.offset_of(0x11000, segments)
    if found is not None:
        told(found)


def go_programs(_: Path) -> Iterator[bytes]:
    place = go_build_info.MAGIC + bytes((8, 2)) + bytes(16)
    yield elf(Made(sections={".go.buildinfo": place + GO}))
    yield elf(Made(sections={".go.buildinfo": go_build_info.MAGIC + bytes((8, 0)) + bytes(16)}))


def ask_go(data: bytes) -> None:
    found = go_build_info.find(data, len(data), reader(data))
    if found is not None:
        told(found)


def crates(_: Path) -> Iterator[bytes]:
    yield zlib.compress(json.dumps(CRATES).encode())


def ask_crates(data: bytes) -> None:
    refused(lambda: [told(one) for one in cargo_auditable.parse(data)])


PARSERS = (
    Parser("elf_dynamic", ("elf_dynamic",), programs, ask_program),
    Parser("go_build_info", ("go_build_info",), go_programs, ask_go),
    Parser("cargo_auditable", ("cargo_auditable",), crates, ask_crates),
)
