"""Dumps of whole flash chips: each part is listed where it is, by what it is, and nothing else."""

import random
from pathlib import Path

import pytest

from firmward.image.opening import Image, open_image
from firmward.model.report import Role

KIB, MIB = 1 << 10, 1 << 20
LOADER = (
    random.Random(3).randbytes(120_000)
    + b"U-Boot 2023.01 (Feb 01 2023 - 12:00:00 +0000)\0bootcmd=run boot\0bootdelay=2\0\0"
    + random.Random(4).randbytes(90_000)
)
KERNEL = b"\0" * 64 + b"Linux version 6.1.0 (builder@host) #1\0" + random.Random(5).randbytes(700_000)


@pytest.fixture
def pieces(rootfs: Path, tmp_path: Path, tool) -> dict[str, bytes]:
    """What the tools of a build write: environment in two copies, uImage, FIT with external data, two systems."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "env.txt").write_text("arch=arm\nbootcmd=run boot\nbootdelay=0\n")
    tool("mkenvimage", "-r", "-s", "0x10000", "-o", "env", "env.txt", cwd=work)
    (work / "kernel").write_bytes(KERNEL)
    (work / "kernel.lzma").write_bytes(tool("lzma", "-c", stdin=KERNEL))
    options = ("-A", "arm", "-O", "linux", "-T", "kernel", "-C", "lzma", "-d", "kernel.lzma")
    tool("mkimage", *options, "uimage", cwd=work)
    (work / "board.dtb").write_bytes(tool("dtc", "-I", "dts", "-O", "dtb", stdin=b'/dts-v1/; / { model = "board"; };'))
    (work / "image.its").write_text(
        '/dts-v1/; / { description = "x"; #address-cells = <1>; images { kernel-1 { data = /incbin/("kernel");'
        ' type = "kernel"; arch = "arm"; os = "linux"; compression = "none"; load = <0>; entry = <0>; };'
        ' fdt-1 { data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm"; compression = "none"; }; };'
        ' configurations { default = "c"; c { kernel = "kernel-1"; fdt = "fdt-1"; }; }; };'
    )
    tool("mkimage", "-E", "-f", "image.its", "fit", cwd=work)
    tool("mksquashfs", rootfs, "one", "-quiet", "-no-progress", cwd=work)
    (rootfs / "etc/hostname").write_text("second\n")
    tool("mksquashfs", rootfs, "two", "-quiet", "-no-progress", cwd=work)
    return {name: (work / name).read_bytes() for name in ("env", "uimage", "fit", "one", "two")}


def dump(size: int, places: dict[int, bytes], fill: bytes = b"\xff") -> bytes:
    chip = bytearray(fill * size)
    for offset, data in places.items():
        chip[offset : offset + len(data)] = data
    return bytes(chip)


def listed(image: Image) -> dict[str, tuple[str, int | None, Role]]:
    return {part.id: (part.kind, part.offset, part.role) for part in image.parts}


def test_a_chip_with_two_systems(pieces: dict[str, bytes], only) -> None:
    other = bytearray(pieces["env"])
    other[4] = 0  # the flag is not covered by the checksum
    image = only(
        dump(
            8 * MIB,
            {
                0: LOADER,
                512 * KIB: pieces["env"],
                576 * KIB: bytes(other),
                1 * MIB: pieces["uimage"],
                2 * MIB: pieces["one"],
                5 * MIB: pieces["fit"],
                6 * MIB: pieces["two"],
            },
        )
    )
    assert listed(image) == {
        "image": ("raw", None, Role.OTHER),
        "image/u-boot-0x0": ("u-boot", 0, Role.BOOT_LOADER),
        "image/u-boot-env-0x80000": ("u-boot-env", 0x80000, Role.OTHER),
        "image/u-boot-env-0x90000": ("u-boot-env", 0x90000, Role.OTHER),
        "image/uimage-0x100000": ("uimage", 0x100000, Role.OTHER),
        "image/uimage-0x100000/kernel": ("lzma", 64, Role.KERNEL),
        "image/uimage-0x100000/kernel/content": ("kernel", None, Role.KERNEL),
        "image/squashfs-0x200000": ("squashfs", 0x200000, Role.ROOT),
        "image/fit-0x500000": ("fit", 0x500000, Role.OTHER),
        "image/fit-0x500000/kernel-1": ("kernel", part_offset(image, "kernel-1"), Role.KERNEL),
        "image/fit-0x500000/fdt-1": ("device-tree", part_offset(image, "fdt-1"), Role.DEVICE_TREE),
        "image/squashfs-0x600000": ("squashfs", 0x600000, Role.ROOT),
    }
    assert len(image.roots) == 2
    assert all(part.problem is None for part in image.parts)


def part_offset(image: Image, name: str) -> int | None:
    return next(part.offset for part in image.parts if part.id.endswith(f"/{name}"))


def test_the_environment_between_partitions_of_a_disk(pieces: dict[str, bytes], tmp_path: Path, tool) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(8 * MIB))
    tool("sfdisk", "--quiet", path, stdin=b"start=8192, type=83\n")
    data = bytearray(path.read_bytes())
    for offset, piece in ((1 * KIB, LOADER), (768 * KIB, pieces["env"]), (4 * MIB, pieces["one"])):
        data[offset : offset + len(piece)] = piece
    path.write_bytes(data)
    assert [(kind, role) for kind, _, role in listed(open_image(path)).values()] == [
        ("mbr", Role.OTHER),
        ("squashfs", Role.ROOT),
        ("raw", Role.OTHER),
        ("u-boot", Role.BOOT_LOADER),
        ("u-boot-env", Role.OTHER),
    ]


def test_the_environment_as_a_file_of_its_own(pieces: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "uboot.env").write_bytes(pieces["env"])
    assert listed(open_image(tmp_path / "uboot.env")) == {"image": ("u-boot-env", None, Role.OTHER)}


def test_the_environment_on_a_boot_partition(pieces: dict[str, bytes], tmp_path: Path, tool) -> None:
    (tmp_path / "uboot.env").write_bytes(pieces["env"])
    tool("mkfs.fat", "-C", tmp_path / "fat", "2048")
    tool("mcopy", "-i", tmp_path / "fat", tmp_path / "uboot.env", "::/")
    assert listed(open_image(tmp_path / "fat"))["image/uboot.env"] == ("u-boot-env", None, Role.OTHER)


def test_a_sysupgrade_archive_with_its_metadata(pieces: dict[str, bytes], tmp_path: Path, tool) -> None:
    from samples.fwtool import signed

    board = tmp_path / "sysupgrade-vendor_board"
    board.mkdir()
    (board / "CONTROL").write_text("BOARD=vendor_board\n")
    (board / "kernel").write_bytes(pieces["uimage"])
    (board / "root").write_bytes(pieces["one"])
    tool("tar", "-cf", tmp_path / "out.tar", "-C", tmp_path, board.name)
    archive = (tmp_path / "out.tar").read_bytes()
    path = tmp_path / "sysupgrade.bin"
    path.write_bytes(archive + signed(archive))
    found = listed(open_image(path))
    folder = f"image/{board.name}"
    assert found[f"{folder}/kernel"][0] == "uimage"
    assert found[f"{folder}/kernel/kernel"][2] is Role.KERNEL
    assert found[f"{folder}/root"][::2] == ("squashfs", Role.ROOT)
    trailer = next(id_ for id_, (kind, _, _) in found.items() if kind == "fwtool")
    assert {id_ for id_ in found if id_.startswith(trailer)} == {trailer, f"{trailer}/metadata", f"{trailer}/signature"}
    assert len(found) == 8


@pytest.mark.parametrize("odd", [0, 4, 10])
def test_metadata_behind_a_kernel_and_a_system(odd: int, pieces: dict[str, bytes], only) -> None:
    from samples.fwtool import signed

    body = pieces["uimage"] + b"\xff" * odd
    body += b"\xff" * (-len(body) % 4096) + pieces["one"]
    body += b"\xff" * (-len(body) % 65536) + b"\xde\xad\xc0\xde" + b"\xff" * odd
    found = listed(only(body + signed(body)))
    kinds = [kind for kind, _, _ in found.values()]
    assert [kind for kind in kinds if kind not in ("metadata", "signature")] == [
        "uimage",
        "lzma",
        "kernel",
        "squashfs",
        "raw",
        "fwtool",
    ]
