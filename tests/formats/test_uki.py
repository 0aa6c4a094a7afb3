"""Unified kernel images: the sections of a PE file, profiles, addons."""

import time

import pytest
from mutated import mutated
from pe_image import HEADERS, TABLE_AT, built, reader

from firmward.formats import pe, uki
from firmward.formats.malformed import Malformed

IMAGE = {".text": b"stub", ".osrel": b"ID=x\n", ".cmdline": b"root=/dev/a\0", ".linux": b"kernel", ".initrd": b"cpio"}


def parsed(data: bytes) -> uki.Uki | None:
    return uki.parse(pe.parse(reader(data), len(data)), reader(data))


def test_the_pieces_are_sections_by_their_names() -> None:
    data = built(IMAGE)
    found = parsed(data)
    assert found is not None
    assert not found.is_addon
    pieces = {one.kind: data[one.offset : one.offset + one.size] for one in found.pieces}
    assert pieces == {name[1:]: content for name, content in IMAGE.items() if name != ".text"}
    assert uki.text(found.of("cmdline")[0], reader(data)) == "root=/dev/a"


def test_a_program_is_none() -> None:
    assert parsed(built({".text": b"x", ".sbat": b"sbat,1", ".linuxes": b"x", "linux": b"x"})) is None
    assert parsed(built(IMAGE, subsystem=3)) is None


@pytest.mark.parametrize("kind", ["cmdline", "initrd", "dtb", "dtbauto", "ucode"])
def test_without_a_kernel_it_is_an_addon(kind: str) -> None:
    found = parsed(built({".text": b"x", f".{kind}": b"content"}))
    assert found is not None
    assert found.is_addon


def test_a_profile_takes_the_place_of_the_base() -> None:
    """Names come again, so that the table is written as a list."""
    names = [".linux", ".cmdline", ".dtb", ".profile", ".cmdline", ".profile"]
    data = built({f".{number}": f"{number}".encode() for number, _ in enumerate(names)})
    for number, name in enumerate(names):
        at = TABLE_AT + 40 * number
        data = data[:at] + name.encode().ljust(8, b"\0") + data[at + 8 :]
    found = parsed(data)
    assert found is not None
    assert [[one.kind for one in profile.pieces] for profile in found.profiles] == [["profile", "cmdline"], ["profile"]]
    base, own = found.of("cmdline"), found.of("cmdline", 0)
    assert base != own
    assert found.of("cmdline", 1) == base
    assert found.of("dtb", 0) == found.of("dtb")


def test_a_profile_says_its_name() -> None:
    found = parsed(built({".linux": b"k", ".profile": b'ID=factory\nTITLE="Factory reset"\nno line\n'}))
    assert found is not None
    (profile,) = found.profiles
    assert (profile.get("ID"), profile.get("TITLE"), profile.get("VERSION")) == ("factory", "Factory reset", None)


def test_a_profile_too_long_to_be_one_is_refused() -> None:
    data = built({".linux": b"kernel", ".profile": b"x" * (uki.TEXT_LIMIT + 1)})
    with pytest.raises(Malformed, match="profile of"):
        parsed(data)


def test_damage_gives_nothing_but_reasons() -> None:
    data = built(IMAGE | {".profile": b"ID=a\n"})
    begun = time.process_time()
    for damaged in mutated(data, 3000, span=HEADERS):
        try:
            parsed(damaged)
        except Malformed:
            continue
    assert time.process_time() - begun < 20
