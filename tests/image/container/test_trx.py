"""TRX images by the layout that OpenWrt's trx writes."""

import random
from pathlib import Path

import pytest
from opened import changed, children, roots, told
from samples.trx import padded, version_1, version_2

from firmward.image.container.trx import FORMAT
from firmward.image.source import Bytes

KERNEL = random.Random(1).randbytes(50_001)


def test_version_1(system: bytes) -> None:
    image = version_1(KERNEL, system)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    found = children(FORMAT, image)
    assert found["partition-0"][: len(KERNEL)] == KERNEL
    assert found["partition-1"] == padded(system, 4096)


def test_version_2_leaves_out_what_the_boot_loader_writes(system: bytes) -> None:
    image = version_2(KERNEL, system, b"three", bytes(range(64)))
    assert list(children(FORMAT, image)) == [f"partition-{number}" for number in range(4)]
    last = image.rindex(bytes(range(64)))
    assert children(FORMAT, changed(image, last + 22, b"written!"))
    assert told(FORMAT, changed(image, last + 21, b"!")) == "the checksum is wrong"


def test_the_system_is_opened(system: bytes, tmp_path: Path) -> None:
    assert roots(version_1(KERNEL, system), tmp_path) == ["image/partition-1"]


def test_damage_is_told(system: bytes) -> None:
    image = version_1(KERNEL, system)
    assert told(FORMAT, changed(image, 5000, b"?????")) == "the checksum is wrong"
    assert told(FORMAT, image[:-1]).startswith("cut off")


@pytest.mark.parametrize(
    ("at", "value"),
    [(14, b"\3"), (16, b"\1\0"), (16, b"\xff\xff\xff\xff"), (4, b"\5\0\0\0"), (16, bytes(12)), (20, b"\1\0\0\0")],
)
def test_a_header_that_contradicts_itself_is_none(at: int, value: bytes, system: bytes) -> None:
    assert FORMAT.measure(Bytes(changed(version_1(KERNEL, system), at, value))) is None
