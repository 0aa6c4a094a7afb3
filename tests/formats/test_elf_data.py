import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.formats import elf_data

PROGRAM = 'const char secret[] = "%s"; int main(void) { return secret[0]; }\n'
WORD = "a-word-that-is-nowhere-else-in-it"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real program, with tables for debuggers."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("elf")
    (folder / "main.c").write_text(PROGRAM % WORD)
    subprocess.run(["gcc", "-g", "-o", folder / "main", folder / "main.c"], check=True)
    return (folder / "main").read_bytes()


def runs(data: bytes) -> tuple[tuple[int, int], ...]:
    return elf_data.ranges(len(data), lambda offset, length: data[offset : offset + length])


def sections(data: bytes, folder: Path) -> dict[str, tuple[int, int]]:
    """Name, start and end of each section, as readelf says."""
    (folder / "program").write_bytes(data)
    listing = subprocess.run(["readelf", "-SW", folder / "program"], capture_output=True, text=True, check=True)
    rows = (line.partition("]")[2].split() for line in listing.stdout.splitlines() if "] ." in line)
    return {row[0]: (int(row[3], 16), int(row[3], 16) + int(row[4], 16)) for row in rows}


def test_data_are_kept_and_code_and_tables_left_out(program: bytes, tmp_path: Path) -> None:
    kept = runs(program)
    known = sections(program, tmp_path)
    assert {known[".rodata"], known[".data"], known[".comment"]} <= set(kept)
    for name in (".text", ".dynsym", ".dynstr", ".eh_frame", ".debug_info", ".symtab"):
        start, end = known[name]
        assert not any(begin < end and until > start for begin, until in kept), name
    assert WORD.encode() in b"".join(program[start:end] for start, end in kept)


def test_what_stands_behind_the_last_section_is_data(program: bytes) -> None:
    assert runs(program + b"appended")[-1] == (len(program), len(program) + 8)


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (0x28, bytes(8)),  # no table
        (0x28, b"\xff" * 8),  # a table behind the end
        (0x3A, b"\x41\0"),  # rows of an unknown size
        (0x3C, b"\xff\xff"),  # too many of them
        (0x3C, bytes(2)),  # none
    ],
)
def test_a_table_that_makes_no_sense_leaves_the_whole_file(program: bytes, at: int, written: bytes) -> None:
    broken = program[:at] + written + program[at + len(written) :] + bytes(8192)
    assert runs(broken) == ((0, len(broken)),)


@pytest.mark.parametrize("length", [4, 5, 40, 63])
def test_a_file_that_ends_in_its_header_is_all_data(program: bytes, length: int) -> None:
    assert runs(program[:length]) == ((0, length),)
