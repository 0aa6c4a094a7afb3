"""Android's boot images as mkbootimg writes them, and by AOSP's layout where it does not."""

import struct
from pathlib import Path

import pytest
from samples.android_boot import version_1, version_4

from firmward.image.budget import Budget
from firmward.image.container.android_boot import FORMAT
from firmward.image.format import Child
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.report import Role

KERNEL = b"\0" * 64 + b"Linux version 5.10.0 (builder@host) #1\0" + bytes(range(256)) * 99
LINE = "console=ttyMSM0 androidboot.hardware=board"


@pytest.fixture
def make(tmp_path: Path, tool):
    def call(version: int, *options: str, line: str = LINE, **files: bytes) -> bytes:
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        words = [word for name in files for word in (f"--{name}", name)]
        arguments = (*words, "--header_version", version, "--cmdline", line, *options, "-o", "out")
        tool("mkbootimg", *arguments, cwd=tmp_path)
        return (tmp_path / "out").read_bytes()

    return call


@pytest.fixture
def ramdisk(rootfs: Path, tool) -> bytes:
    return tool("gzip", "-nc", stdin=tool("cpio", "-o", "-H", "newc", cwd=rootfs, stdin=tool("find", ".", cwd=rootfs)))


def opened(image: bytes) -> dict[str, Child]:
    return {child.name: child for child in FORMAT.open(Bytes(image), Budget())}


def contents(image: bytes) -> dict[str, bytes]:
    return {name: child.source.read(0, 1 << 24) for name, child in opened(image).items() if child.source}


@pytest.mark.parametrize("page", [2048, 4096, 16384])
@pytest.mark.parametrize(
    ("version", "more"), [(0, ("second",)), (1, ("second",)), (2, ("second", "dtb")), (2, ("dtb",))]
)
def test_each_section_begins_at_its_page(version: int, more: tuple[str, ...], page: int, make) -> None:
    files = {"kernel": KERNEL, "ramdisk": b"r" * 5000} | {name: name.encode() * 700 for name in more}
    image = make(version, "--pagesize", str(page), **files)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert contents(image) == {"cmdline": LINE.encode()} | files


def test_version_3_has_pages_of_4_kib(make) -> None:
    image = make(3, kernel=KERNEL, ramdisk=b"r" * 5000)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert contents(image) == {"cmdline": LINE.encode(), "kernel": KERNEL, "ramdisk": b"r" * 5000}


def test_version_1_has_overlays_for_recovery() -> None:
    image = version_1(KERNEL, b"r" * 5000, b"o" * 3000)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert contents(image)["recovery_dtbo"] == b"o" * 3000


def test_version_4_has_a_signature_and_may_have_no_kernel() -> None:
    image = version_4(b"", b"r" * 5000, b"s" * 4000)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert contents(image) == {"cmdline": b"console=ttyS0", "ramdisk": b"r" * 5000, "signature": b"s" * 4000}


def test_the_table_of_device_trees_of_old_boot_loaders(make) -> None:
    image = bytearray(make(0, kernel=KERNEL, ramdisk=b"r" * 2048))
    image[40:44] = struct.pack("<I", 4096)
    assert contents(bytes(image) + b"QCDT" * 1024)["dt"] == b"QCDT" * 1024


def test_the_command_line_may_go_on_elsewhere(make) -> None:
    line = " ".join(f"option{number}=value" for number in range(80))
    found = [
        child for child in FORMAT.open(Bytes(make(0, line=line, kernel=KERNEL)), Budget()) if child.name == "cmdline"
    ]
    assert b"".join(child.source.read(0, 2048) for child in found if child.source) == line.encode()


def test_the_parts_have_their_roles(make, ramdisk: bytes, tmp_path: Path) -> None:
    make(2, kernel=KERNEL, ramdisk=ramdisk, dtb=b"d" * 5000)
    found = {part.id: (part.kind, part.role) for part in open_image(tmp_path / "out").parts}
    assert found == {
        "image": ("android-boot", Role.OTHER),
        "image/cmdline": ("kernel-command-line", Role.OTHER),
        "image/kernel": ("kernel", Role.KERNEL),
        "image/ramdisk": ("gzip", Role.INITRAMFS),
        "image/ramdisk/content": ("cpio", Role.INITRAMFS),
        "image/dtb": ("dtb", Role.DEVICE_TREE),
    }


def test_what_was_cut_off_says_so(make) -> None:
    found = opened(make(0, kernel=KERNEL, ramdisk=b"r" * 90_000)[:-60_000])
    assert found["kernel"].problem is None
    assert "cut off" in (found["ramdisk"].problem or "")


@pytest.mark.parametrize(("at", "value"), [(36, 3000), (40, 5), (8, 0), (64, 0xFFFFFFFF), (620, 0x01020304)])
def test_a_header_that_contradicts_itself_is_none(at: int, value: int, make) -> None:
    image = bytearray(make(0, kernel=KERNEL))
    image[at : at + 4] = struct.pack("<I", value)
    if at == 620:
        image[608:624] = b"x\0" + bytes(10) + b"text"
    assert FORMAT.measure(Bytes(image)) is None
