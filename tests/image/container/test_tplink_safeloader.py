"""TP-Link's safeloader images by the layout that OpenWrt's tplink-safeloader writes."""

import random
from pathlib import Path

from opened import changed, children, roots, told
from samples.tplink_safeloader import packed

from firmward.image.container.tplink_safeloader import FORMAT
from firmward.image.source import Bytes

KERNEL = random.Random(1).randbytes(50_001)


def test_each_partition_by_its_name(system: bytes, tmp_path: Path) -> None:
    image = packed(os_image=KERNEL, file_system=system)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert children(FORMAT, image) == {"os-image": KERNEL, "file-system": system}
    assert roots(image, tmp_path) == ["image/file-system"]


def test_damage_is_told(system: bytes) -> None:
    image = packed(os_image=KERNEL, file_system=system)
    assert told(FORMAT, changed(image, 50_000, b"?????")) == "the checksum is wrong"
    assert told(FORMAT, image[:-1]).startswith("cut off")


def test_a_partition_that_leads_outside_is_no_image(system: bytes) -> None:
    image = packed(os_image=KERNEL, file_system=system)
    at = image.index(b"base 0x") + 7
    assert FORMAT.measure(Bytes(changed(image, at, b"fffff"))) is None
