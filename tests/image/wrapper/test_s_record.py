"""Motorola S-records as objcopy and srec_cat write them."""

import random
from pathlib import Path

import pytest

from firmward.image.budget import Budget, Damaged
from firmward.image.source import Bytes
from firmward.image.wrapper.s_record import FORMAT

BINARY = random.Random(1).randbytes(40_001)


def runs(text: bytes) -> dict[str, bytes]:
    return {child.name: child.source.read(0, 1 << 24) for child in FORMAT.open(Bytes(text), Budget()) if child.source}


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    (tmp_path / "binary").write_bytes(BINARY)
    return tmp_path / "binary"


@pytest.mark.parametrize("address", [0, 0x9000, 0x123456, 0x80000000])
def test_objcopy(address: int, binary: Path, tmp_path: Path, tool) -> None:
    out = tmp_path / "text"
    tool("objcopy", "-I", "binary", "-O", "srec", f"--change-addresses={address}", binary, out)
    assert runs(out.read_bytes()) == {f"{address:#x}": BINARY}
    assert FORMAT.measure(Bytes(out.read_bytes())) == out.stat().st_size


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("more", [(), ("-Disable=Header", "-Disable=Data_Count")])
def test_srec_cat_with_gaps(size: int, more: tuple[str, ...], binary: Path, tmp_path: Path, tool) -> None:
    holes = ("--exclude", "0x100", "0x200", "0x2001", "0x2002", "--offset", "0x1000")
    form = ("-Motorola", f"-address-length={size}")
    tool("srec_cat", binary, "-Binary", *holes, *more, "-o", tmp_path / "text", *form)
    assert runs((tmp_path / "text").read_bytes()) == {
        "0x1000": BINARY[:0x100],
        "0x1200": BINARY[0x200:0x2001],
        "0x3002": BINARY[0x2002:],
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"S1047000FF8D\n", "line 2: the checksum"),
        (b"S4047000FF8C\n", "line 2: a record that is not as long"),
        (b"S1057000FF8B\n", "line 2: a record that is not as long"),
        (b"S1zz\n", "line 2: digits"),
        (b"Sx\n", "line 2: no record"),
    ],
)
def test_a_record_that_does_not_hold_costs_itself(line: bytes, words: str) -> None:
    found = FORMAT.open(Bytes(b"S10500004142" + b"77\n" + line + b"S10500024344" + b"71\n" + b"S9030000FC\n"), Budget())
    child = next(found)
    assert child.source is not None
    assert child.source.read(0, 9) == b"ABCD"
    with pytest.raises(Damaged, match=words):
        next(found)


def test_words_that_begin_with_s1_are_none() -> None:
    assert FORMAT.measure(Bytes(b"S1 is a station of the line\n" * 50)) is None
