"""Ubiquiti's images by the layout that OpenWrt's mkfwimage writes."""

import random
from pathlib import Path

import pytest
from opened import changed, children, roots, told
from samples.ubnt import packed

from firmward.image.container.ubnt import FORMAT
from firmward.image.source import Bytes

KERNEL = random.Random(1).randbytes(50_001)


@pytest.mark.parametrize("magic", [b"UBNT", b"OPEN"])
def test_each_part_by_its_name(magic: bytes, system: bytes, tmp_path: Path) -> None:
    image = packed(b"XM.v5", magic, kernel=KERNEL, rootfs=system)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert children(FORMAT, image) == {"kernel": KERNEL, "rootfs": system}
    assert roots(image, tmp_path) == ["image/rootfs"]


def test_damage_costs_one_part(system: bytes) -> None:
    image = packed(b"XM.v5", kernel=KERNEL, rootfs=system)
    assert told(FORMAT, changed(image, 5000, b"?????")) == "the checksum of kernel is wrong"
    assert told(FORMAT, image[:-13]) == "ends without a signature"


def test_a_header_whose_checksum_fails_is_none() -> None:
    assert FORMAT.measure(Bytes(changed(packed(b"XM.v5", kernel=KERNEL), 9, b"?"))) is None
