"""Netgear's CHK by the layout that OpenWrt's mkchkimg writes."""

import random
from pathlib import Path

import pytest
from opened import changed, children, roots, told
from samples.chk import packed

from firmward.image.container.chk import FORMAT
from firmward.image.source import Bytes

KERNEL = random.Random(1).randbytes(50_001)


def test_kernel_and_root(system: bytes, tmp_path: Path) -> None:
    image = packed(KERNEL, system)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert children(FORMAT, image) == {"kernel": KERNEL, "rootfs": system}
    assert roots(image, tmp_path) == ["image/rootfs"]


def test_a_kernel_alone() -> None:
    assert children(FORMAT, packed(KERNEL)) == {"kernel": KERNEL}


def test_damage_is_told(system: bytes) -> None:
    image = packed(KERNEL, system)
    assert told(FORMAT, changed(image, 5000, b"?????")) == "the checksum of the data is wrong"
    assert told(FORMAT, image[:-1]).startswith("cut off")


@pytest.mark.parametrize(("at", "value"), [(7, b"\xff"), (24, bytes(4)), (45, b"?"), (36, b"?")])
def test_a_header_whose_checksum_fails_is_none(at: int, value: bytes, system: bytes) -> None:
    assert FORMAT.measure(Bytes(changed(packed(KERNEL, system), at, value))) is None
