"""Kernels as a FIT takes them, opened again by the programs that U-Boot's code goes by."""

import gzip
import struct
from pathlib import Path

import pytest
from boot_pieces import kernel
from program import find_program, run_program

from firmward.build.kernel import pack
from firmward.model.errors import InputError


def zimage() -> bytes:
    return bytes(36) + struct.pack("<4I", 0x016F2818, 0, 4096, 0x04030201) + bytes(4044)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "Image"
    path.write_bytes(kernel())
    return path


@pytest.mark.parametrize(
    ("word", "compression"), [("xz", "gzip"), ("gzip", "gzip"), ("lz4", "lz4"), ("zstd", "zstd"), ("none", "none")]
)
def test_an_image_is_packed_by_what_uboot_opens(word: str, compression: str, image: Path) -> None:
    out = image.with_name("packed")
    found = pack(image, word, out)
    assert (found.compression, found.memory) == (compression, len(kernel()) + 5000)
    if compression == "none":
        assert out.read_bytes() == kernel()
    elif find_program(compression):
        assert out.stat().st_size < len(kernel())
        assert run_program((compression, "-dc"), feed=out.read_bytes()).stdout == kernel()


@pytest.mark.parametrize("word", ["gzip", "lz4", "zstd"])
def test_the_same_kernel_gives_the_same_bytes_at_another_time_and_by_another_name(word: str, image: Path) -> None:
    other = image.with_name("other-name")
    other.write_bytes(kernel())
    pack(image, word, image.with_name("1"))
    pack(other, word, image.with_name("2"))
    assert image.with_name("1").read_bytes() == image.with_name("2").read_bytes()


def test_no_block_of_lz4_leans_on_another(image: Path) -> None:
    """U-Boot opens no other frames: bit 5 of the flags."""
    pack(image, "lz4", image.with_name("packed"))
    assert image.with_name("packed").read_bytes()[4] & 0x20


def test_a_zimage_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "zImage"
    path.write_bytes(zimage())
    assert pack(path, "gzip", tmp_path / "packed").compression == "none"
    assert (tmp_path / "packed").read_bytes() == zimage()


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n" * 100, gzip.compress(kernel())])
def test_what_uboot_does_not_start_is_named(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "vmlinuz"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"\[build\] kernel: .*vmlinuz"):
        pack(path, "gzip", tmp_path / "packed")
