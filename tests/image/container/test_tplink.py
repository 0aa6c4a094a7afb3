"""TP-Link's images by the layouts that OpenWrt's mktplinkfw and mktplinkfw2 write."""

import random
from pathlib import Path

import pytest
from opened import changed, children, roots, told
from samples.tplink import packed, with_boot_loader

from firmward.image.container.tplink import FORMAT
from firmward.image.source import Bytes

KERNEL = random.Random(1).randbytes(50_001)


@pytest.mark.parametrize("version", [1, 2])
def test_kernel_and_root(version: int, system: bytes, tmp_path: Path) -> None:
    image = packed(version, KERNEL, system)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    found = children(FORMAT, image)
    assert found["kernel"][: len(KERNEL)] == KERNEL
    assert found["rootfs"] == system
    assert roots(image, tmp_path) == ["image/rootfs"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_root_that_was_pushed_back_by_its_kernel(version: int, system: bytes, tmp_path: Path) -> None:
    image = packed(version, KERNEL, system, said=40_000)
    assert children(FORMAT, image)["rootfs"] == system
    assert roots(image, tmp_path) == ["image/rootfs"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_boot_loader_in_front_of_a_whole_image(version: int, system: bytes, tmp_path: Path) -> None:
    image = with_boot_loader(version, b"boot" * 3000, KERNEL, system)
    assert children(FORMAT, image) == {"boot": b"boot" * 3000, "image": packed(version, KERNEL, system)}
    assert roots(image, tmp_path) == ["image/image/rootfs"]


@pytest.mark.parametrize("version", [1, 2])
def test_damage_is_told(version: int, system: bytes) -> None:
    assert told(FORMAT, changed(packed(version, KERNEL, system), 5000, b"?????")).startswith("the checksum is wrong")


@pytest.mark.parametrize(("version", "at"), [(1, 124), (1, 4), (1, 128), (2, 112), (2, 0x8C), (2, 0x90)])
def test_a_header_that_contradicts_itself_is_none(version: int, at: int, system: bytes) -> None:
    assert FORMAT.measure(Bytes(changed(packed(version, KERNEL, system), at, bytes(4)))) is None
