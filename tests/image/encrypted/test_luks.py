"""LUKS as cryptsetup makes it: recognised, told, and never taken for anything else."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import mending
import pytest

from firmward.image.budget import Budget, Encrypted
from firmward.image.encrypted.luks import FORMAT
from firmward.image.opening import open_image
from firmward.image.source import Bytes

FAST = ("-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
NOISE = random.Random(1).randbytes(500_000)
HEADS = {"luks1": 2 << 20, "luks2": 16 << 20}

Make = Callable[..., bytes]


@pytest.fixture
def make(tool: Callable[..., bytes], tmp_path: Path) -> Make:
    def make_container(version: str, *options: str) -> bytes:
        image = tmp_path / "container"
        image.write_bytes(bytes(HEADS[version]) + NOISE)
        tool("cryptsetup", "luksFormat", *FAST, "--type", version, *options, image, stdin=b"correct horse")
        return image.read_bytes()

    return make_container


def words(data: bytes) -> str:
    with pytest.raises(Encrypted) as told:
        FORMAT.open(Bytes(data), Budget())
    return str(told.value)


@pytest.mark.parametrize("version", HEADS)
@pytest.mark.parametrize(
    ("options", "cipher"),
    [((), "aes-xts-plain64"), (("--cipher", "aes-cbc-essiv:sha256", "--key-size", "256"), "aes-cbc-essiv:sha256")],
)
def test_the_cipher_is_told(make: Make, version: str, options: tuple[str, ...], cipher: str) -> None:
    data = make(version, *options)
    assert FORMAT.measure(Bytes(data)) == len(data)
    assert words(data) == f"LUKS{version[-1]}, {cipher}: encrypted, not readable without its key"


def test_a_part_says_why_it_is_not_read(make: Make, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(make("luks2"))
    (part,) = open_image(tmp_path / "image").parts
    assert (part.kind, part.problem) == ("luks", "LUKS2, aes-xts-plain64: encrypted, not readable without its key")


def test_in_a_dump_it_ends_where_nothing_looks_encrypted(make: Make) -> None:
    data = make("luks1")
    text = b"PermitRootLogin no # as the manual says\n" * 20_000
    assert FORMAT.end is not None
    end = FORMAT.end(Bytes(data + text), Budget())
    assert len(data) - (64 << 10) < end <= len(data) + (64 << 10)


def test_a_damaged_second_header_is_told(make: Make) -> None:
    data = bytearray(make("luks2"))
    data[5000] ^= 1
    assert words(bytes(data)) == "LUKS2, its header's checksum does not hold: encrypted, not readable"


@pytest.mark.parametrize(
    ("key", "value"),
    [("offset", "1e999"), ("offset", '"-4096"'), ("size", '"-1"'), ("size", "Infinity"), ("offset", "9" * 5000)],
)
def test_a_second_header_whose_segment_is_nowhere_is_told(make: Make, key: str, value: str) -> None:
    data = rewritten(make("luks2"), rf'("{key}": ?)("[^"]*")', lambda found: found[1] + value)
    assert words(data).startswith("LUKS2, its header ")
    size = FORMAT.measure(Bytes(data))
    assert size is not None
    assert 0 <= size <= len(data)


def test_a_cipher_is_told_as_a_terminal_shows_it(make: Make) -> None:
    data = rewritten(make("luks2"), r'("encryption": ?)("[^"]*")', lambda found: found[1] + r'"\u001b[2Jaes"')
    assert words(data) == r"LUKS2, '\x1b[2Jaes': encrypted, not readable without its key"


def rewritten(data: bytes, pattern: str, change: Callable[[re.Match[str]], str]) -> bytes:
    """The segments of a header's JSON changed, its digest mended."""
    size = int.from_bytes(data[8:16], "big")
    before, mark, text = data[4096:size].partition(b"\0")[0].decode().partition('"segments"')
    changed = (before + mark + re.sub(pattern, change, text, count=1)).encode()
    copy = bytearray(data)
    copy[4096:size] = changed.ljust(size - 4096, b"\0")
    mend = mending.find("luks")
    assert mend is not None
    mend(copy)
    return bytes(copy)


@pytest.mark.parametrize("at", [6, 8, 104, 108, 168, 208])
def test_a_first_header_that_contradicts_itself_is_none(make: Make, at: int) -> None:
    data = bytearray(make("luks1"))
    data[at : at + 4] = b"\xff\xfe\xfd\xfc" if at != 104 else b"\xff" * 4
    assert FORMAT.measure(Bytes(bytes(data))) is None or at == 104


def test_the_magic_alone_is_none() -> None:
    assert FORMAT.measure(Bytes(b"LUKS\xba\xbe\0\x01" + bytes(8000))) is None
    assert FORMAT.measure(Bytes(b"LUKS\xba\xbe\0\x02" + bytes(8000))) is None
