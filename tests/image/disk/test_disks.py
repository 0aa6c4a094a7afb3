"""Partition tables as sgdisk and sfdisk write them, and what lies between partitions."""

from pathlib import Path

import pytest

from firmward.image.opening import Image, open_image
from firmward.model.report import Part, Role

MIB = 1 << 20


def part(image: Image, name: str) -> Part:
    return next(one for one in image.parts if one.id == f"image/{name}")


def write(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def make(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.fixture
def archive(rootfs: Path, tmp_path: Path, tool) -> bytes:
    tool("tar", "-cf", tmp_path / "root.tar", "-C", rootfs, ".")
    return (tmp_path / "root.tar").read_bytes()


@pytest.fixture
def disk(tmp_path: Path, tool, archive: bytes) -> Path:
    """Two slots with the same system, a boot loader before them."""
    path = make(tmp_path / "disk.img", 16 * MIB)
    tool("sgdisk", "-n1:2048:+4M", "-c1:rootfs_a", "-n2:0:+4M", "-c2:rootfs_b", path)
    write(path, 1 * MIB, archive)
    write(path, 5 * MIB, archive)
    write(path, 64 * 512, b"\x01\x02\x03\x04U-Boot 2023.01 (Feb 01 2023)\0")
    return path


def test_partitions_have_their_names_and_places(disk: Path) -> None:
    image = open_image(disk)
    assert image.parts[0].kind == "gpt"
    assert image.parts[0].problem is None
    assert (part(image, "rootfs_a").offset, part(image, "rootfs_a").size) == (MIB, 4 * MIB)
    assert (part(image, "rootfs_b").offset, part(image, "rootfs_b").size) == (5 * MIB, 4 * MIB)


def test_equal_slots_are_audited_once(disk: Path) -> None:
    image = open_image(disk)
    assert [root.part.id for root in image.roots] == ["image/rootfs_a"]
    assert part(image, "rootfs_b").same_as == "image/rootfs_a"


def test_a_boot_loader_between_partitions_is_a_part(disk: Path) -> None:
    found = part(open_image(disk), "gap-0x8000")
    assert (found.kind, found.role, found.offset) == ("u-boot", Role.BOOT_LOADER, 0x8000)


def test_the_backup_is_used_when_the_first_table_is_damaged(disk: Path) -> None:
    write(disk, 512 + 20, b"\xff")
    image = open_image(disk)
    assert part(image, "rootfs_a").role is Role.ROOT
    assert "the backup was used" in (image.parts[0].problem or "")


def test_the_backup_is_used_when_the_entries_of_the_first_table_are_damaged(disk: Path) -> None:
    write(disk, 1024 + 56, b"X")
    image = open_image(disk)
    assert part(image, "rootfs_a").role is Role.ROOT
    assert "the backup was used" in (image.parts[0].problem or "")


def test_entries_that_are_damaged_in_both_tables_are_told(disk: Path) -> None:
    write(disk, 1024 + 56, b"X")
    write(disk, 16 * MIB - 33 * 512 + 56, b"X")
    image = open_image(disk)
    assert part(image, "Xootfs_a").role is Role.ROOT
    assert image.parts[0].problem == "the checksum of the partition table is wrong"


def test_the_backup_is_used_when_the_first_header_is_gone(disk: Path) -> None:
    write(disk, 512, bytes(512))
    image = open_image(disk)
    assert image.parts[0].kind == "gpt"
    assert part(image, "rootfs_a").role is Role.ROOT


def test_a_cut_disk_tells_which_partition_is_short(disk: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.img"
    cut.write_bytes(disk.read_bytes()[: 5 * MIB + 1000])
    image = open_image(cut)
    assert part(image, "rootfs_a").problem is None
    assert "cut off" in (part(image, "rootfs_b").problem or "")
    cut.write_bytes(disk.read_bytes()[: 4 * MIB])
    assert "past the end" in (part(open_image(cut), "rootfs_b").problem or "")


def test_sectors_of_4096_bytes(tmp_path: Path, archive: bytes) -> None:
    path = make(tmp_path / "disk.img", 16 * MIB)
    write(path, 0, gpt_of_large_sectors(16 * MIB // 4096, [("rootfs", 256, 1279)]))
    write(path, MIB, archive)
    image = open_image(path)
    assert (image.parts[0].kind, part(image, "rootfs").role) == ("gpt", Role.ROOT)


def gpt_of_large_sectors(sectors: int, partitions: list[tuple[str, int, int]]) -> bytes:
    """The first six sectors of a disk, written by hand since the tools ask the device for its sector size."""
    import struct
    import uuid
    import zlib

    linux = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
    table = b"".join(
        struct.pack(
            "<16s16sQQQ72s",
            linux,
            uuid.uuid5(uuid.NAMESPACE_DNS, name).bytes_le,
            first,
            last,
            0,
            name.encode("utf-16-le"),
        )
        for name, first, last in partitions
    ).ljust(16384, b"\0")
    fields = (b"EFI PART", b"\0\0\1\0", 92, 0, 0, 1, sectors - 1, 6, sectors - 6, bytes(16), 2, 128, 128)
    header = struct.pack("<8s4sIIIQQQQ16sQII", *fields) + struct.pack("<I", zlib.crc32(table))
    header = header[:16] + struct.pack("<I", zlib.crc32(header)) + header[20:]
    protective = bytearray(4096)
    protective[446:462] = struct.pack("<B3sB3sII", 0, bytes(3), 0xEE, bytes(3), 1, sectors - 1)
    protective[510:512] = b"\x55\xaa"
    return bytes(protective) + header.ljust(4096, b"\0") + table


def test_primary_and_logical_partitions(tmp_path: Path, tool, archive: bytes) -> None:
    path = make(tmp_path / "disk.img", 32 * MIB)
    script = "label: dos\nstart=2048, size=8192, type=83\nstart=10240, type=5\nstart=12288, size=8192, type=83\n"
    tool("sfdisk", path, stdin=(script + "start=22528, size=8192, type=83\n").encode())
    for sector in (2048, 12288, 22528):
        write(path, sector * 512, archive)
    image = open_image(path)
    assert image.parts[0].kind == "mbr"
    assert {name: part(image, name).offset for name in ("p1", "p5", "p6")} == {
        "p1": 2048 * 512,
        "p5": 12288 * 512,
        "p6": 22528 * 512,
    }
    assert [root.part.id for root in image.roots] == ["image/p1"]


def test_a_loop_of_extended_records_ends(tmp_path: Path) -> None:
    path = make(tmp_path / "disk.img", 4 * MIB)
    record = bytearray(512)
    record[510:512] = b"\x55\xaa"
    record[446 + 4], record[446 + 8], record[446 + 12] = 0x05, 100, 200
    write(path, 0, bytes(record))
    looping = bytearray(record)
    looping[446 + 8] = 0
    write(path, 100 * 512, bytes(looping))
    assert open_image(path).parts[0].kind == "mbr"


def test_overlapping_partitions_are_told_and_opened(tmp_path: Path, tool, archive: bytes) -> None:
    path = make(tmp_path / "disk.img", 16 * MIB)
    script = "label: dos\nstart=2048, size=8192, type=83\nstart=10240, size=8192, type=83\n"
    tool("sfdisk", path, stdin=script.encode())
    write(path, 446 + 16 + 8, (4096).to_bytes(4, "little"))
    write(path, MIB, archive)
    image = open_image(path)
    assert part(image, "p1").role is Role.ROOT
    assert part(image, "p2").problem == "overlaps p1"
