import struct

import pytest
from elf_made import BASE, Made, elf

from firmward.formats import elf_data, go_build_info
from firmward.formats.go_build_info import GoBuildInfo, Module

LINES = (
    "path\texample.com/agent\nmod\texample.com/agent\t(devel)\t\n"
    "dep\tgolang.org/x/crypto\tv0.17.0\th1:abc=\ndep\texample.com/old\tv1.0.0\n=>\texample.com/fork\tv1.0.1\th1:def=\n"
    "build\tCGO_ENABLED=0\n"
)
SAID = (
    b"0w\xaf\f\x92t\b\x02A\xe1\xc1\a\xe6\xd6\x18\xe6" + LINES.encode() + b"\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2"
)
WANTED = GoBuildInfo(
    "1.21.5",
    Module("example.com/agent", ""),
    (Module("golang.org/x/crypto", "0.17.0"), Module("example.com/fork", "1.0.1")),
)


def number(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return found + bytes((value,))


def inline(go: bytes = b"go1.21.5", said: bytes = SAID) -> bytes:
    place = go_build_info.MAGIC + bytes((8, 2)) + bytes(16)
    return elf(Made(sections={".go.buildinfo": place + number(len(go)) + go + number(len(said)) + said}))


def pointed(order: str, wide: bool) -> bytes:
    """The form before Go 1.18; the texts are laid down first, so that their addresses are known."""
    letter = "Q" if wide else "I"
    width = 8 if wide else 4
    made = Made(data=b"go1.16.2" + SAID, order=order, wide=wide)
    text = BASE + elf(made).index(b"go1.16.2")
    strings = struct.pack(f"{order}4{letter}", text, 8, text + 8, len(SAID))
    first = elf(Made(data=made.data, sections={".strings": strings}, order=order, wide=wide))
    at = BASE + first.index(strings)
    place = go_build_info.MAGIC + bytes((width, order == ">")) + struct.pack(f"{order}2{letter}", at, at + 2 * width)
    place = place.ljust(go_build_info.SIZE, b"\0")
    return elf(Made(data=made.data, sections={".strings": strings, ".go.buildinfo": place}, order=order, wide=wide))


def found(data: bytes) -> GoBuildInfo | None:
    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    place = elf_data.section(b".go.buildinfo", len(data), read)
    assert place is not None
    return go_build_info.find(data[slice(*place)], len(data), read)


def test_the_texts_behind_the_place_are_read() -> None:
    assert found(inline()) == WANTED


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False])
def test_the_texts_that_it_points_to_are_read(order: str, wide: bool) -> None:
    read = found(pointed(order, wide))
    assert read is not None
    assert (read.go, read.main, read.modules) == ("1.16.2", WANTED.main, WANTED.modules)


def test_a_program_built_without_modules_has_its_go_all_the_same() -> None:
    assert found(inline(said=b"")) == GoBuildInfo("1.21.5")


@pytest.mark.parametrize("go", [b"", b"rust", b"1.21"])
def test_what_is_no_version_of_go_is_no_build_info(go: bytes) -> None:
    assert found(inline(go=go)) is None


@pytest.mark.parametrize("cut", [0, 15, 31, 33, 40])
def test_what_is_cut_off_is_no_error(cut: int) -> None:
    data = inline()
    at = data.index(go_build_info.MAGIC)
    part = data[at : at + cut]
    assert go_build_info.find(part, len(part), lambda offset, length: part[offset : offset + length]) in (
        None,
        GoBuildInfo("1.21.5"),
        GoBuildInfo("1.21."),
        GoBuildInfo("1.21"),
    )


def test_a_length_without_end_is_not_believed() -> None:
    place = go_build_info.MAGIC + bytes((8, 2)) + bytes(16) + b"\xff" * 64
    assert go_build_info.find(place, len(place), lambda offset, length: place[offset : offset + length]) is None
