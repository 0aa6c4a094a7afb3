"""Kernels as a FIT takes them, opened again by the programs that U-Boot's code goes by."""

import gzip
import os
import struct
from pathlib import Path

import pytest
from boot_pieces import kernel
from program import run_program

from firmward.build.kernel import pack
from firmward.model.errors import InputError


def zimage() -> bytes:
    return bytes(36) + struct.pack("<4I", 0x016F2818, 0, 4096, 0x04030201) + bytes(4044)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "Image"
    path.write_bytes(kernel())
    return path


def test_an_image_is_packed_and_gzip_opens_it_again(image: Path) -> None:
    out = image.with_name("packed")
    found = pack(image, out)
    assert (found.compression, found.memory) == ("gzip", len(kernel()) + 5000)
    assert out.stat().st_size < len(kernel())
    assert run_program(("gzip", "-dc"), feed=out.read_bytes()).stdout == kernel()


def test_the_same_kernel_gives_the_same_bytes_at_another_time_and_by_another_name(image: Path) -> None:
    other = image.with_name("other-name")
    other.write_bytes(kernel())
    os.utime(other, (1, 1))
    pack(image, image.with_name("1"))
    pack(other, image.with_name("2"))
    packed = image.with_name("1").read_bytes()
    assert packed == image.with_name("2").read_bytes()
    assert packed[3:8] == bytes(5)  # no name and no time, RFC 1952


def test_a_zimage_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "zImage"
    path.write_bytes(zimage())
    assert pack(path, tmp_path / "packed").compression == "none"
    assert (tmp_path / "packed").read_bytes() == zimage()


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n" * 100, gzip.compress(kernel(), mtime=0)])
def test_what_uboot_does_not_start_is_named(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "vmlinuz"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"\[build\] kernel: .*vmlinuz"):
        pack(path, tmp_path / "packed")
