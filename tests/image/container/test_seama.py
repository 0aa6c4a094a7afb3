"""SEAMA images by the layout that OpenWrt's seama writes."""

import random
from pathlib import Path

import pytest
from opened import changed, children, roots, told
from samples.seama import entity

from firmward.image.container.seama import FORMAT
from firmward.image.source import Bytes

KERNEL = random.Random(1).randbytes(50_001)
SEAL = entity(b"", b"signature=wrgn49")


def test_a_sealed_image(system: bytes, tmp_path: Path) -> None:
    image = SEAL + entity(KERNEL, b"dev=/dev/mtd1", b"type=kernel") + entity(system, b"type=rootfs")
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert children(FORMAT, image) == {"kernel": KERNEL, "rootfs": system}
    assert roots(image, tmp_path) == ["image/rootfs"]


def test_an_entity_without_a_type_is_named_by_its_place() -> None:
    assert children(FORMAT, entity(KERNEL, b"dev=x")) == {"entity-0": KERNEL}


def test_damage_costs_one_entity(system: bytes) -> None:
    image = entity(KERNEL, b"type=kernel") + entity(system, b"type=rootfs")
    assert told(FORMAT, changed(image, 5000, b"?????")) == "the checksum of kernel is wrong"


@pytest.mark.parametrize("image", [SEAL, entity(KERNEL), entity(KERNEL, b"no text"), entity(KERNEL, b"type=\xff")])
def test_what_says_nothing_about_itself_is_none(image: bytes) -> None:
    assert FORMAT.measure(Bytes(image)) is None
