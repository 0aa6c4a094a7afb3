"""ELF programs and libraries made by hand: of either width and byte order, with what the dynamic linker reads."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmward.formats.elf_dynamic import BUILD_ID, NEEDED, RPATH, RUNPATH, SONAME, STRINGS, STRINGS_SIZE

BASE = 0x10000
"""Address that the file's first byte is loaded at."""


@dataclass(frozen=True)
class Made:
    """`data` is put into `.rodata`, each of `sections` into one of that name; without `has_sections` there is no
    table of them."""

    data: bytes = b""
    needed: Sequence[str] = ()
    soname: str = ""
    rpath: str = ""
    runpath: str = ""
    interpreter: str = ""
    build_id: bytes = b""
    sections: dict[str, bytes] = field(default_factory=dict)
    wide: bool = True
    order: str = "<"
    machine: int = 62
    kind: int = 3
    has_sections: bool = True
    has_symbols: bool = False


class _Writer:
    def __init__(self, made: Made) -> None:
        self.made = made
        self.content = bytearray(4096)
        """The first page is for the header and the segments."""

    def put(self, data: bytes) -> tuple[int, int]:
        self.content += bytes(-len(self.content) % 16)
        start = len(self.content)
        self.content += data
        return start, len(data)

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.made.order + form, *values)

    def words(self, *values: int) -> bytes:
        return self.pack(f"{len(values)}{'Q' if self.made.wide else 'I'}", *values)


def elf(made: Made) -> bytes:
    out = _Writer(made)
    segments = [(4, *out.put(out.pack("III", 4, len(made.build_id), BUILD_ID) + b"GNU\0" + made.build_id))]
    if made.interpreter:
        segments.append((3, *out.put(made.interpreter.encode() + b"\0")))
    segments.append((2, *_dynamic(out)))
    rodata = out.put(made.data + bytes(64))
    extra = {name: out.put(data) for name, data in made.sections.items()}
    table, count = _sections(out, {".rodata": rodata, **extra}) if made.has_sections else (0, 0)
    segments.append((1, 0, len(out.content)))
    rows = b"".join(_segment(out, *one) for one in segments)
    header = _header(out, len(segments), table, count)
    out.content[: len(header) + len(rows)] = header + rows
    return bytes(out.content)


def _dynamic(out: _Writer) -> tuple[int, int]:
    made = out.made
    strings = bytearray(b"\0")
    tags = []
    named = [(NEEDED, name) for name in made.needed]
    named += [(SONAME, made.soname), (RPATH, made.rpath), (RUNPATH, made.runpath)]
    for tag, text in named:
        if text:
            tags += [tag, len(strings)]
            strings += text.encode() + b"\0"
    start, length = out.put(bytes(strings))
    return out.put(out.words(*tags, STRINGS, BASE + start, STRINGS_SIZE, length, 0, 0))


def _segment(out: _Writer, kind: int, start: int, length: int) -> bytes:
    if out.made.wide:
        return out.pack("IIQQQQQQ", kind, 4, start, BASE + start, BASE + start, length, length, 16)
    return out.pack("IIIIIIII", kind, start, BASE + start, BASE + start, length, length, 4, 16)


def _sections(out: _Writer, places: dict[str, tuple[int, int]]) -> tuple[int, int]:
    kinds = dict.fromkeys(places, (1, 2))
    names = bytearray(b"\0")
    offsets = {}
    for name in (*places, ".symtab", ".shstrtab"):
        offsets[name] = len(names)
        names += name.encode() + b"\0"
    rows = [(0, 0, 0, 0, 0)] + [(offsets[name], *kinds[name], *place) for name, place in places.items()]
    if out.made.has_symbols:
        rows.append((offsets[".symtab"], 2, 0, *out.put(bytes(48))))
    rows.append((offsets[".shstrtab"], 3, 0, *out.put(bytes(names))))
    table, _ = out.put(b"".join(_row(out, *row) for row in rows))
    return table, len(rows)


def _row(out: _Writer, name: int, kind: int, flags: int, start: int, length: int) -> bytes:
    return out.pack("II", name, kind) + out.words(flags, 0, start, length) + out.pack("II", 0, 0) + out.words(1, 0)


def _header(out: _Writer, segments: int, table: int, sections: int) -> bytes:
    made = out.made
    size, row, section = (64, 56, 64) if made.wide else (52, 32, 40)
    marks = b"\x7fELF" + bytes((2 if made.wide else 1, 1 if made.order == "<" else 2, 1)) + bytes(9)
    begin = out.pack("HHI", made.kind, made.machine, 1) + out.words(0, size, table)
    end = out.pack("IHHHHHH", 0, size, row, segments, section, sections, max(0, sections - 1))
    return marks + begin + end
