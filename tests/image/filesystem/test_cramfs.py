import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from laid import lay

from firmward.formats.cramfs import EXTENDED_POINTERS
from firmward.image import carve
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.cramfs import FORMAT, CramfsTree
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable

OPTIONS = ("-N little", "-N big", "-N big -z", "-p", "-N big -p", "-b 16384", "-b 65536 -N big", "-E -e 7 -n name")
OWNERS, GROUPS = 0xFFFF, 0xFF


def opened(data: bytes) -> CramfsTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, CramfsTree)
    return tree


@pytest.fixture(scope="module")
def items(root: list[Any]) -> list[Any]:
    """What the format can hold: short names, small numbers, no times, attributes or hard links."""
    return [
        replace(
            item,
            uid=item.uid & OWNERS,
            gid=item.gid & GROUPS,
            mtime=0,
            xattrs={},
            device=item.device and (item.device[0], 3),
            hard_link=None,
        )
        for item in root
        if len(item.path) < 200
    ]


@pytest.fixture(scope="module")
def make(items: list[Any], run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    folder = tmp_path_factory.mktemp("cramfs")
    real = lay(items, folder / "root")

    def make_image(*options: str) -> bytes:
        run("mkfs.cramfs", *options, real, folder / "image")
        return (folder / "image").read_bytes()

    return make_image


@pytest.fixture(scope="module")
def plain(make: Callable[..., bytes]) -> bytes:
    return make("-N", "little")


@pytest.mark.parametrize("options", OPTIONS)
def test_what_went_in_comes_out(options: str, make: Callable[..., bytes], check: Any, items: list[Any]) -> None:
    image = make(*options.split())
    tree = opened(image)
    assert tree.problems == ()
    assert FORMAT.measure(Bytes(image + b"\xff" * 5000)) == len(image)
    check(tree, items)


def test_fsck_reads_the_same(plain: bytes, run: Callable[..., str], work: Path) -> None:
    (work / "image").write_bytes(plain)
    run("fsck.cramfs", "--extract=" + str(work / "out"), work / "image")
    tree = opened(plain)
    for entry in tree.entries():
        if entry.kind == "file":
            assert b"".join(tree.chunks(entry)) == (work / "out" / entry.path).read_bytes()


def test_boot_code_before_it_belongs_to_it(make: Callable[..., bytes]) -> None:
    image = make("-p")
    found = list(carve.carve(Bytes(b"\xff" * 4096 + image + b"\xff" * 999), Budget()))
    assert [(one.kind.name, one.offset, one.size) for one in found] == [("cramfs", 4096, len(image))]


def test_a_checksum_that_does_not_hold_is_told(plain: bytes) -> None:
    data = bytearray(plain)
    data[-1] ^= 1
    assert opened(bytes(data)).problems == ("the checksum of the image does not hold",)


def test_a_version_1_is_all_there_is(plain: bytes, check: Any, items: list[Any]) -> None:
    data = bytearray(plain)
    data[4:12] = struct.pack("<II", 65536, 0)
    assert FORMAT.measure(Bytes(bytes(data))) == len(data)
    tree = opened(bytes(data))
    assert tree.problems == ()
    check(tree, items)


@pytest.mark.parametrize("order", ["<", ">"])
def test_extended_pointers(order: str) -> None:
    """A block where it is, one elsewhere as it is, one elsewhere compressed, a hole behind it, and a short last one."""
    first, third, last = b"a" * 4096, b"c" * 4096, b"end"
    second = bytes(range(256)) * 16
    packed = [zlib.compress(first), zlib.compress(third)]
    size = 4 * 4096 + len(last)
    table = 76 + 16
    at = table + 20
    places = [at, 8192, 4096, 4096 + 2 + len(packed[1]), 12288]
    pointers = [
        at + len(packed[0]),
        1 << 31 | 1 << 30 | places[1] >> 2,
        1 << 30 | places[2] >> 2,
        places[3],
        1 << 31 | 1 << 30 | places[4] >> 2,
    ]
    image = bytearray(16384)
    image[table:at] = struct.pack(f"{order}5I", *pointers)
    image[at : at + len(packed[0])] = packed[0]
    image[8192:12288] = second
    image[4096 : places[3]] = struct.pack(f"{order}H", len(packed[1])) + packed[1]
    image[12288 : 12288 + 3] = last
    image[76:92] = _inode(order, 0o100755, size, 4, table) + b"xip\0"
    header = struct.pack(
        f"{order}IIII16sIIII16s", 0x28CD3D45, 16384, EXTENDED_POINTERS | 1, 0, b"Compressed ROMFS", 0, 0, 5, 2, b""
    )
    image[:76] = header + _inode(order, 0o040755, 16, 0, 76)
    struct.pack_into(f"{order}I", image, 32, zlib.crc32(image))
    tree = opened(bytes(image))
    assert tree.problems == ()
    assert tree.read("xip") == first + second + third + bytes(4096) + last


def _inode(order: str, mode: int, size: int, name: int, offset: int) -> bytes:
    if order == "<":
        return struct.pack("<III", mode, size, name >> 2 | offset >> 2 << 6)
    return struct.pack(">III", mode << 16, size << 8, name >> 2 << 26 | offset >> 2)


@pytest.mark.parametrize(
    ("at", "value"), [(8, b"\0\0\1\0"), (16, b"X"), (64, b"\0\0"), (4, b"\1\0\0\0"), (44, bytes(4))]
)
def test_a_superblock_that_contradicts_itself_is_none(plain: bytes, at: int, value: bytes) -> None:
    data = bytearray(plain)
    data[at : at + len(value)] = value
    assert FORMAT.measure(Bytes(bytes(data))) is None
    with pytest.raises(Damaged):
        opened(bytes(data))


def test_a_damaged_block_costs_its_file(plain: bytes) -> None:
    tree = opened(plain)
    inode = tree._references["opt/tail"]
    data = bytearray(plain)
    struct.pack_into("<I", data, inode.offset + 4, 7)
    hurt = opened(bytes(data))
    with pytest.raises(Unavailable, match="block of"):
        hurt.read("opt/tail")
    assert hurt.read("opt/exact") == tree.read("opt/exact")


def test_too_many_entries_end_it(plain: bytes) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(plain), Budget(Limits(entries=100)))


def test_every_cut_ends_in_words(plain: bytes, exercise: Callable[..., str]) -> None:
    ends = {exercise(FORMAT, plain[: len(plain) * step // 40]) for step in range(40)}
    assert ends >= {"Damaged", "partly"}


def test_mutations_end_in_words(plain: bytes, exercise: Any, mutations: Any) -> None:
    regions = [(0, 80), (76, 8000), (0, len(plain))]
    ends = [exercise(FORMAT, data) for data in mutations(plain, regions, 150)]
    assert ends.count("partly") > 50
