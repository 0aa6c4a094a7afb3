import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from elf_made import Made, elf
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.formats import elf_dynamic
from firmward.formats.elf_dynamic import Elf, Kind

MADE = Made(
    needed=("libssl.so.3", "libc.so.6"),
    soname="libhome.so.1",
    rpath="/opt/lib",
    runpath="$ORIGIN",
    interpreter="/lib/ld-musl-armhf.so.1",
    build_id=bytes(range(20)),
)
FORMS = [
    pytest.param(made, id=f"{'64' if made.wide else '32'}{'le' if made.order == '<' else 'be'}")
    for made in (replace(MADE, wide=wide, order=order) for wide in (True, False) for order in "<>")
]


def parsed(data: bytes) -> Elf | None:
    return elf_dynamic.parse(len(data), lambda offset, length: data[offset : offset + length])


@pytest.mark.parametrize("made", FORMS)
def test_what_a_library_says_of_itself_is_read_in_every_form(made: Made) -> None:
    found = parsed(elf(made))
    assert found == Elf(
        64 if made.wide else 32,
        made.order == ">",
        "x86-64",
        Kind.SHARED,
        "/lib/ld-musl-armhf.so.1",
        "libhome.so.1",
        ("libssl.so.3", "libc.so.6"),
        "/opt/lib",
        "$ORIGIN",
        bytes(range(20)).hex(),
    )


def test_the_table_of_sections_is_not_needed() -> None:
    assert parsed(elf(replace(MADE, has_sections=False))) == parsed(elf(MADE))


def test_a_machine_without_a_name_is_told_by_its_number() -> None:
    found = parsed(elf(Made(machine=9999, kind=2)))
    assert found is not None
    assert (found.machine, found.kind, found.needed, found.build_id) == ("9999", Kind.PROGRAM, (), "")


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF" + bytes(60), b"MZ" + bytes(80)])
def test_what_has_no_header_of_elf_is_none(data: bytes) -> None:
    assert parsed(data) is None


def test_the_ranges_are_all_that_is_read() -> None:
    data = elf(replace(MADE, data=b"x" * 5000))
    kept = bytearray(len(data))
    for start, end in elf_dynamic.ranges(len(data), lambda offset, length: data[offset : offset + length]):
        kept[start:end] = data[start:end]
    assert parsed(bytes(kept)) == parsed(data)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4600), st.integers(0, 255)), max_size=12), st.integers(0, 4600))
def test_damage_never_ends_it(changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(elf(MADE))
    for at, value in changes:
        if at < len(data):
            data[at] = value
    parsed(bytes(data))
    parsed(bytes(data[:end]))


@pytest.mark.parametrize("name", ["bash", "python3", "openssl", "apt"])
def test_readelf_says_the_same_of_real_programs(name: str) -> None:
    place = shutil.which(name)
    if place is None or shutil.which("readelf") is None:
        pytest.skip(f"{name} or readelf is not installed")
    path = Path(place).resolve()
    data = path.read_bytes()
    if not data.startswith(elf_dynamic.MAGIC):
        pytest.skip(f"{path} is a script")
    told = subprocess.run(["readelf", "-Wdn", path], capture_output=True, text=True, check=True).stdout
    found = parsed(data)
    assert found is not None
    assert list(found.needed) == re.findall(r"\(NEEDED\)\s+Shared library: \[([^]]+)\]", told)
    assert found.build_id == "".join(re.findall(r"Build ID: (\w+)", told)[:1])
