"""Legacy uImages as mkimage writes them."""

import lzma
import zlib
from pathlib import Path

import pytest

from firmward.image.budget import Budget, Damaged
from firmward.image.container.uimage import FORMAT
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.report import Role

KERNEL = b"\0" * 64 + b"Linux version 6.1.0 (builder@host) #1\0" + bytes(range(256)) * 400
LOADER = b"\1\2\3\4U-Boot 2023.01 (Feb 01 2023)\0" + bytes(range(256)) * 40
UNUSUAL = [{"id": lzma.FILTER_LZMA1, "lc": 1, "lp": 0, "pb": 0, "dict_size": 1 << 16}]
"""Properties that no encoder writes unasked, so that nothing but a header tells that it is LZMA."""


@pytest.fixture
def make(tmp_path: Path, tool):
    def call(kind: str, *files: bytes, system: str = "linux", compression: str = "none") -> bytes:
        for number, data in enumerate(files):
            (tmp_path / f"file{number}").write_bytes(data)
        names = ":".join(f"file{number}" for number in range(len(files)))
        options = ("-A", "arm", "-O", system, "-T", kind, "-C", compression)
        tool("mkimage", *options, "-n", "test", "-d", names, "out", cwd=tmp_path)
        return (tmp_path / "out").read_bytes()

    return call


@pytest.fixture
def parts(tmp_path: Path):
    def call(data: bytes) -> list[tuple[str, str, Role]]:
        (tmp_path / "image").write_bytes(data)
        return [(part.id, part.kind, part.role) for part in open_image(tmp_path / "image").parts]

    return call


def children(data: bytes) -> list:
    return list(FORMAT.open(Bytes(data), Budget()))


def test_a_kernel_is_a_kernel(make, parts) -> None:
    assert parts(make("kernel", KERNEL))[1] == ("image/kernel", "kernel", Role.KERNEL)


def test_firmware_of_u_boot_is_a_boot_loader_and_no_kernel(make, parts) -> None:
    assert parts(make("firmware", LOADER, system="u-boot"))[1] == ("image/firmware", "u-boot", Role.BOOT_LOADER)


def test_a_ramdisk_is_opened(make, parts, rootfs: Path, tmp_path: Path, tool) -> None:
    archive = tool("cpio", "-o", "-H", "newc", cwd=rootfs, stdin=tool("find", ".", cwd=rootfs))
    image = make("ramdisk", tool("gzip", "-nc", stdin=archive), compression="gzip")
    assert [(kind, role) for _, kind, role in parts(image)[1:]] == [
        ("gzip", Role.INITRAMFS),
        ("cpio", Role.INITRAMFS),
    ]


def test_a_multi_file_image_gives_each_file(make, parts) -> None:
    image = make("multi", KERNEL + b"odd", lzma.compress(LOADER), b"third" * 1000)
    assert parts(image)[1:] == [
        ("image/image-0", "kernel", Role.KERNEL),
        ("image/image-1", "xz", Role.OTHER),
        ("image/image-1/content", "u-boot", Role.BOOT_LOADER),
        ("image/image-2", "unknown", Role.OTHER),
    ]
    assert [child.source.read(0, 1 << 20) for child in children(image)][::2] == [KERNEL + b"odd", b"third" * 1000]


def test_a_script_is_its_text(make) -> None:
    (script,) = children(make("script", b"setenv bootargs console=ttyS0\nbootm\n"))
    assert script.source.read(0, 100) == b"setenv bootargs console=ttyS0\nbootm\n"
    assert script.kind == "script"


@pytest.mark.parametrize(
    ("kind", "role"),
    [("kernel_noload", Role.KERNEL), ("filesystem", None), ("standalone", None), ("kernel", Role.KERNEL)],
)
def test_what_the_header_says_it_is_for(kind: str, role: Role | None, make) -> None:
    (child,) = children(make(kind, bytes(range(200))))
    assert (child.kind, child.role, child.offset) == (kind, role, 64)


def test_lzma_is_opened_because_the_header_says_so(make, parts) -> None:
    packed = lzma.compress(KERNEL, lzma.FORMAT_ALONE, filters=UNUSUAL)
    assert parts(make("kernel", packed, compression="lzma"))[1][:2] == ("image/kernel", "kernel")
    (unsaid,) = children(make("kernel", packed))
    assert unsaid.source.read(0, 1 << 20) == packed


def test_what_is_said_to_be_lzma_and_is_not_says_so(make) -> None:
    (child,) = children(make("kernel", bytes(range(250)) * 10, compression="lzma"))
    assert child.problem.startswith("said to be LZMA")


def test_the_length_is_the_headers(make) -> None:
    image = make("kernel", KERNEL)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)


def test_what_the_loader_of_openwrt_carries_is_one_too(make, parts) -> None:
    data = make("kernel", lzma.compress(KERNEL, lzma.FORMAT_ALONE), compression="lzma")
    head = b"OKLI" + bytes(4) + data[8:64]
    image = head[:4] + zlib.crc32(head).to_bytes(4, "big") + head[8:] + data[64:]
    assert parts(image) == parts(data)
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)


def test_a_header_whose_checksum_fails_is_none(make) -> None:
    image = bytearray(make("kernel", KERNEL))
    image[20] ^= 1
    assert FORMAT.measure(Bytes(image)) is None


@pytest.mark.parametrize(("change", "words"), [("data", "checksum of the data"), ("cut", "cut off: .* of")])
def test_damaged_data_are_told_and_the_kernel_is_kept(change: str, words: str, make) -> None:
    image = bytearray(make("kernel", KERNEL))
    image[-1] ^= 1
    opened = FORMAT.open(Bytes(image[:-10] if change == "cut" else image), Budget())
    assert next(opened).name == "kernel"
    with pytest.raises(Damaged, match=words):
        next(opened)


def test_a_table_of_sizes_without_an_end(make) -> None:
    image = bytearray(make("multi", KERNEL))
    image[64:1000] = b"\1" * 936
    with pytest.raises(Damaged, match="no end"):
        children(bytes(image))
