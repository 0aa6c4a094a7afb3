"""Android's vendor boot images: version 3 as mkbootimg writes it, version 4 by AOSP's layout."""

from pathlib import Path

import pytest
from samples.vendor_boot import version_4

from firmward.image.budget import Budget, Damaged
from firmward.image.container.vendor_boot import FORMAT
from firmward.image.format import Child
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.report import Role

RAMDISKS = {"platform": b"p" * 5000, "recovery": b"r" * 77, "": b"unnamed" * 100}


def contents(image: bytes) -> dict[str, bytes]:
    found: list[Child] = list(FORMAT.open(Bytes(image), Budget()))
    assert all(child.problem is None for child in found)
    return {child.name: child.source.read(0, 1 << 24) for child in found if child.source}


def test_version_3_has_one_ramdisk(tmp_path: Path, tool) -> None:
    (tmp_path / "ramdisk").write_bytes(b"r" * 9000)
    (tmp_path / "dtb").write_bytes(b"d" * 5000)
    options = ("--vendor_ramdisk", "ramdisk", "--dtb", "dtb", "--vendor_cmdline", "quiet", "--pagesize", "2048")
    tool("mkbootimg", *options, "--header_version", "3", "--vendor_boot", "out", cwd=tmp_path)
    image = (tmp_path / "out").read_bytes()
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert contents(image) == {"cmdline": b"quiet", "ramdisk": b"r" * 9000, "dtb": b"d" * 5000}


def test_version_4_names_its_ramdisks() -> None:
    image = version_4(RAMDISKS, b"d" * 5000, b"androidboot.x=1\n")
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert contents(image) == {
        "cmdline": b"console=ttyS0",
        "ramdisk-platform": b"p" * 5000,
        "ramdisk-recovery": b"r" * 77,
        "ramdisk-2": b"unnamed" * 100,
        "dtb": b"d" * 5000,
        "bootconfig": b"androidboot.x=1\n",
    }


def test_a_ramdisk_is_an_initramfs(rootfs: Path, tmp_path: Path, tool) -> None:
    archive = tool("cpio", "-o", "-H", "newc", cwd=rootfs, stdin=tool("find", ".", cwd=rootfs))
    (tmp_path / "image").write_bytes(version_4({"platform": archive, "more": archive}, b"", b""))
    image = open_image(tmp_path / "image")
    assert [part.role for part in image.parts if part.kind == "cpio"] == [Role.INITRAMFS, Role.INITRAMFS]
    assert image.parts[-1].same_as == "image/ramdisk-platform"


def test_a_table_that_leads_outside_costs_one_ramdisk() -> None:
    image = bytearray(version_4(RAMDISKS, b"d" * 5000, b""))
    at = image.index(b"recovery") - 12
    image[at : at + 4] = b"\xff\xff\xff\x7f"
    found = {child.name: child.problem for child in FORMAT.open(Bytes(image), Budget())}
    assert found["ramdisk-recovery"] == "lies outside the ramdisks"
    assert found["ramdisk-platform"] is None


def test_a_table_that_was_cut_off() -> None:
    image = version_4(RAMDISKS, b"d" * 5000, b"")
    with pytest.raises(Damaged, match="cut off"):
        list(FORMAT.open(Bytes(image[: image.index(b"platform")]), Budget()))


@pytest.mark.parametrize(("at", "value"), [(8, 5), (12, 4000), (2096, 2129), (2120, 9)])
def test_a_header_that_contradicts_itself_is_none(at: int, value: int) -> None:
    image = bytearray(version_4(RAMDISKS, b"d" * 5000, b""))
    image[at : at + 4] = value.to_bytes(4, "little")
    assert FORMAT.measure(Bytes(image)) is None
