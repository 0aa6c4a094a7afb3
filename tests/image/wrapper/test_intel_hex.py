"""Intel HEX as objcopy and srec_cat write it."""

import random
from pathlib import Path

import pytest

from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.image.wrapper.intel_hex import FORMAT

BINARY = random.Random(1).randbytes(70_001)


def runs(text: bytes) -> dict[str, bytes]:
    return {child.name: child.source.read(0, 1 << 24) for child in FORMAT.open(Bytes(text), Budget()) if child.source}


def record(data: bytes) -> bytes:
    return b":" + (data + bytes([-sum(data) & 0xFF])).hex().upper().encode() + b"\r\n"


END = b":00000001FF\n"


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    (tmp_path / "binary").write_bytes(BINARY)
    return tmp_path / "binary"


@pytest.mark.parametrize("address", [0, 0xFFF0, 0x8000000])
def test_objcopy(address: int, binary: Path, tmp_path: Path, tool) -> None:
    out = tmp_path / "text"
    tool("objcopy", "-I", "binary", "-O", "ihex", f"--change-addresses={address}", binary, out)
    assert runs(out.read_bytes()) == {f"{address:#x}": BINARY}
    assert FORMAT.measure(Bytes(out.read_bytes())) == out.stat().st_size


@pytest.mark.parametrize("size", [2, 3, 4])
def test_srec_cat_with_gaps(size: int, binary: Path, tmp_path: Path, tool) -> None:
    holes = ("--crop", "0", "0x4000", "--exclude", "0x100", "0x200", "0x2001", "0x2002", "--offset", "0x1000")
    form = ("-Intel", f"-address-length={size}")
    tool("srec_cat", binary, "-Binary", *holes, "-o", tmp_path / "text", *form)
    assert runs((tmp_path / "text").read_bytes()) == {
        "0x1000": BINARY[:0x100],
        "0x1200": BINARY[0x200:0x2001],
        "0x3002": BINARY[0x2002:0x4000],
    }


def test_what_is_in_it_is_opened(rootfs: Path, tmp_path: Path, tool) -> None:
    tool("mksquashfs", rootfs, tmp_path / "root", "-quiet", "-no-progress")
    tool("objcopy", "-I", "binary", "-O", "ihex", tmp_path / "root", tmp_path / "text.hex")
    image = open_image(tmp_path / "text.hex")
    assert [(part.id, part.kind) for part in image.parts] == [("image", "intel-hex"), ("image/0x0", "squashfs")]
    assert len(image.roots) == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (record(b"\1\0\1\0x")[:-4] + b"00\n", "line 2: the checksum"),
        (b":zz\n", "line 2: digits"),
        (record(b"\5\0\1\0x"), "line 2: a record that is not as long"),
        (record(b"\0\0\0\7"), "line 2: a record of type 7"),
        (b"x" * 5000 + b"\n", "line 2: no record"),
        (record(b"\1\0\0\0x"), "given twice"),
    ],
)
def test_a_record_that_does_not_hold_costs_itself(line: bytes, words: str) -> None:
    text = record(b"\4\0\0\0abcd") + line + record(b"\4\0\4\0efgh") + END
    found = FORMAT.open(Bytes(text), Budget())
    children = [next(found)]
    with pytest.raises(Damaged, match=words):
        children.extend(found)
    joined = b"".join(child.source.read(0, 99) for child in children if child.source)
    assert joined.replace(b"x", b"") == b"abcdefgh"


def test_a_text_that_was_cut_off_says_so() -> None:
    found = FORMAT.open(Bytes(record(b"\4\0\0\0abcd")), Budget())
    next(found)
    with pytest.raises(Damaged, match="ends after line 1"):
        next(found)


def test_text_that_begins_with_a_colon_is_none() -> None:
    assert FORMAT.measure(Bytes(b": not this\n" * 100)) is None
    assert FORMAT.measure(Bytes(record(b"\4\0\0\0abcd") * 3 + b"and words\n")) is None


def test_too_many_runs_end_it() -> None:
    text = b"".join(record(b"\1" + (2 * number).to_bytes(2, "big") + b"\0x") for number in range(2000))
    with pytest.raises(BudgetExceeded, match="runs"):
        list(FORMAT.open(Bytes(text), Budget()))


def test_what_it_expands_to_is_charged() -> None:
    text = b"".join(record(b"\x10" + (16 * number).to_bytes(2, "big") + bytes(17)) for number in range(4000))
    with pytest.raises(BudgetExceeded, match="expands"):
        list(FORMAT.open(Bytes(text), Budget(Limits(expanded_bytes=1000))))
