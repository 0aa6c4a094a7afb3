"""A U-Boot that is packed for the loader before it: the opener gives the bytes that tell its commands."""

import gzip
import lzma
import random
import struct
import subprocess
from pathlib import Path

import pytest
import zstandard
from uboot_made import COMMANDS, SHAPES, made

from firmward.formats import uboot_binary
from firmward.formats.uboot_commands import Commands
from firmward.image.budget import Budget
from firmward.image.carve import carve
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.report import Role

BINARY = made(SHAPES["arm"])


def told(path: Path) -> list[frozenset[str]]:
    """The commands of every part that is a U-Boot with some."""
    found = []
    for source in open_image(path).sources.values():
        data = source.read(0, 1 << 22)
        parsed = uboot_binary.parse(data) if uboot_binary.may_be(data) else None
        if parsed is not None and isinstance(parsed.commands, Commands):
            found.append(parsed.commands.main.names)
    return found


@pytest.mark.parametrize("compression", ["none", "gzip", "lzma"])
def test_commands_within_a_legacy_image(compression: str, tmp_path: Path) -> None:
    packed = {"none": BINARY, "gzip": gzip.compress(BINARY), "lzma": lzma.compress(BINARY, lzma.FORMAT_ALONE)}
    (tmp_path / "data").write_bytes(packed[compression])
    command = ["mkimage", "-A", "arm", "-O", "u-boot", "-T", "firmware", "-C", compression, "-n", "loader"]
    subprocess.run([*command, "-d", "data", "image"], cwd=tmp_path, check=True, capture_output=True)
    assert frozenset(COMMANDS) in told(tmp_path / "image")


def test_commands_within_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(gzip.compress(BINARY))
    assert told(tmp_path / "image") == [frozenset(COMMANDS)]


ZSTD = b"\x28\xb5\x2f\xfd"


def raw(begins: bytes) -> list[str]:
    """What is found in raw bytes among which these stand."""
    noise = random.Random(0).randbytes(4096)
    return [one.kind.name for one in carve(Bytes(noise + begins + noise), Budget())]


@pytest.mark.parametrize("head", [b"\0\x2a", b"\x50\x2a\x4d\x18", b"\x60\x4d\x18"], ids=["plain", "code", "single"])
@pytest.mark.parametrize("last", [3, 9], ids=["whole", "broken"])
def test_the_magic_of_zstd_among_the_constants_of_code_begins_no_part(head: bytes, last: int) -> None:
    blocks = [((2000 + number) << 3 | 4 | (number == last)).to_bytes(3, "little") for number in range(4)]
    rows = b"".join(
        block + 200 * b"\x38\xb5\x05\x46\0\xf5\xc0\x40\x48\x30" + bytes(number) for number, block in enumerate(blocks)
    )
    assert raw(ZSTD + head + rows) == []


def test_a_stream_of_zstd_in_raw_bytes_is_found() -> None:
    content = b"".join(b"%d" % number for number in range(20_000))
    assert raw(zstandard.compress(content)) == ["zstd"]


def test_a_stream_of_zstd_that_breaks_later_is_found() -> None:
    content = random.Random(2).randbytes(1 << 19)
    packed = bytearray(zstandard.compress(content))
    packed[-1000:] = bytes(1000)
    assert raw(bytes(packed)) == ["zstd"]


def test_a_stream_of_zstd_whose_dictionary_is_elsewhere_is_found() -> None:
    words = zstandard.train_dictionary(2000, [b"a word and %d" % number * 9 for number in range(2000)])
    packed = zstandard.ZstdCompressor(dict_data=words).compress(random.Random(3).randbytes(5000))
    assert raw(packed) == ["zstd"]


def with_header(body: bytes) -> bytes:
    """Behind the header that arm64's kernels have."""
    head = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0x80000, 64 + len(body) + 4096, 0xA, 0, 0, 0, b"ARM\x64", 0)
    return head + body


def kinds(image: bytes, folder: Path) -> list[tuple[str, Role]]:
    (folder / "image").write_bytes(image)
    return [(part.kind, part.role) for part in open_image(folder / "image").parts]


def test_a_boot_loader_with_the_header_of_a_kernel_is_no_kernel(tmp_path: Path) -> None:
    image = with_header(made(SHAPES["arm64"]))
    assert kinds(image, tmp_path) == [("u-boot", Role.BOOT_LOADER)]
    assert told(tmp_path / "image") == [frozenset(COMMANDS)]


def test_a_kernel_that_speaks_of_a_boot_loader_is_one(tmp_path: Path) -> None:
    body = b"Linux version 6.1.55 (me@here) (gcc) #1 SMP\0 U-Boot 2023.01 \0" + bytes(8192)
    assert kinds(with_header(body), tmp_path)[0] == ("arm64-image", Role.KERNEL)
    assert kinds(with_header(bytes(8192)), tmp_path)[0] == ("arm64-image", Role.KERNEL)
