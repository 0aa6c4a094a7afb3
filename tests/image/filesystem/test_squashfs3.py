import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import old_squashfs
import pytest
import squashfs4

from firmward.image import carve, catalogue
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem import squashfs
from firmward.image.filesystem.squashfs import SquashfsTree
from firmward.image.filesystem.squashfs3 import FORMAT
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind

EVERY = [(version, order) for version in (1, 2, 3) for order in ("little", "big")]
every_layout = pytest.mark.parametrize(("version", "order"), EVERY)


def opened(data: bytes) -> SquashfsTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, SquashfsTree)
    return tree


def standard(data: bytes) -> SquashfsTree:
    """By the reader of 4.0 with its own magic."""
    tree = squashfs.FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, SquashfsTree)
    return tree


@cache  # layouts hold the same contents, and packing them costs more than all else here
def _bare(data: bytes, lc: int, lp: int, pb: int) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": lc, "lp": lp, "pb": pb}]
    return lzma.compress(data, lzma.FORMAT_RAW, filters=filters)


def _alone(data: bytes) -> bytes:
    return b"\x5d" + struct.pack("<IQ", 1 << 20, len(data)) + _bare(data, 3, 0, 2)


def _mixed(data: bytes) -> bytes:
    return min(_alone(data), zlib.compress(data), key=len)


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "alone": _alone,
    "mixed": _mixed,
    "short header": lambda data: b"\x5d\0\0\x10\0" + _bare(data, 3, 0, 2),
    "four bytes and a short header": lambda data: b"size\x5d\0\0\x10\0" + _bare(data, 3, 0, 2),
    "spelled properties": lambda data: bytes((1, 2, 1, 0)) + _bare(data, 2, 1, 1),
    "agreed properties": lambda data: _bare(data, 0, 2, 2),
    "a short header with a maker's properties": lambda data: b"\x6d\0\0\0\1" + _bare(data, 1, 2, 2),
    "properties nobody has seen": lambda data: _bare(data, 2, 1, 3),
    "six bytes and properties nobody has seen": lambda data: b"\xffmaker" + _bare(data, 0, 3, 1),
}


@pytest.fixture(scope="module")
def items(root: list[Any]) -> list[Any]:
    """What the layouts can hold, with owners enough to need all of version 1's numbers, and the long forms."""
    items = [replace(item, hard_link=None, xattrs={}, device=item.device and (item.device[0], 3)) for item in root]
    items += [type(items[0])(f"many/owned-{uid}", content=b"x", uid=1000 + uid, gid=uid % 7) for uid in range(40)]
    items += [type(items[0])("opt/is-long", content=b"long form" * 9000), type(items[0])("run-long", Kind.DIRECTORY)]
    items += [type(items[0])("run-long/fifo", Kind.FIFO, uid=1039), type(items[0])("run-long/socket", Kind.SOCKET)]
    return items


@pytest.fixture(scope="module")
def top(items: list[Any]) -> Any:
    return type(items[0])("", Kind.DIRECTORY, mode=0o755)


@pytest.fixture(scope="module")
def shown(items: list[Any]) -> Callable[[int], list[Any]]:
    return lambda version: [replace(item, mtime=old_squashfs.as_shown(item, version)) for item in items]


@every_layout
def test_what_went_in_comes_out(version: int, order: str, items: list[Any], top: Any, shown: Any, check: Any) -> None:
    image = old_squashfs.image(items, top, version, order, minor=1)
    tree = opened(image)
    assert tree.problems == ()
    assert FORMAT.measure(Bytes(image + b"\xff" * 999)) == len(image)
    check(tree, shown(version))


@every_layout
def test_all_at_once_gives_the_same(version: int, order: str, items: list[Any], top: Any) -> None:
    tree = opened(old_squashfs.image(items, top, version, order))
    contents = {item.path: item.content for item in items}
    files = [entry for entry in tree.entries() if entry.kind is Kind.FILE]
    for entry, pieces in tree.read_all(files):
        assert b"".join(pieces) == contents[entry.path]


@every_layout
def test_unsquashfs_reads_the_same(
    version: int, order: str, items: list[Any], top: Any, run: Callable[..., str], work: Path
) -> None:
    (work / "image").write_bytes(old_squashfs.image(items, top, version, order))
    listed = run("unsquashfs", "-lln", "-d", "", work / "image").splitlines()
    columns = [line.split(maxsplit=5) for line in listed]
    owners = {column[-1].split(" -> ")[0].removeprefix("/"): column[1] for column in columns if len(column) == 6}
    for entry in opened((work / "image").read_bytes()).entries():
        if entry.device is None:
            assert owners[entry.path] == f"{entry.uid}/{entry.gid}"
    run("unsquashfs", "-no-progress", "-d", work / "out", work / "image")
    for item in items:
        if item.kind is Kind.FILE:
            assert (work / "out" / item.path).read_bytes() == item.content


@pytest.mark.parametrize(
    ("version", "order"),
    [each if each in EVERY[::3] else pytest.param(*each, marks=pytest.mark.proof) for each in EVERY],
)
@pytest.mark.parametrize("name", PACKS)
def test_lzma_as_vendors_framed_it(
    name: str, version: int, order: str, items: list[Any], top: Any, shown: Any, check: Any
) -> None:
    magic = b"shsq" if order == "little" else b"qshs"
    check(opened(old_squashfs.image(items, top, version, order, PACKS[name], magic)), shown(version))


@pytest.mark.parametrize("magic", [b"hsqs", b"hsqt", b"tqsh", b"sqlz", b"zlqs"])
def test_the_version_tells_the_byte_order_and_not_the_magic(magic: bytes, items: list[Any], top: Any) -> None:
    for order in ("little", "big"):
        tree = opened(old_squashfs.image(items, top, 3, order, magic=magic, is_checked=True))
        assert len(list(tree.entries())) == len(items)


def test_a_compressor_that_nobody_knows_is_told(items: list[Any], top: Any) -> None:
    image = old_squashfs.image(items, top, 3, "big", lambda data: zlib.compress(data)[::-1], minor=1)
    assert FORMAT.measure(Bytes(image)) == len(image)
    with pytest.raises(Damaged, match=r"squashfs 3\.1, big-endian: its root folder cannot be read"):
        opened(image)


def test_a_big_endian_4_is_told_with_its_size() -> None:
    image = old_squashfs.superblock_of_4("big", 50_000) + bytes(60_000)
    assert FORMAT.measure(Bytes(image)) == 50_000
    assert FORMAT.measure(Bytes(image[:30_000])) == 30_000
    with pytest.raises(Damaged, match=r"squashfs 4\.0, big-endian: not read"):
        opened(image)
    found = catalogue.identify(Bytes(image), catalogue.formats())
    assert found is not None
    assert (found[0].name, found[1]) == ("squashfs", 50_000)


def test_a_4_with_a_vendors_magic_is_read(run: Callable[..., str], archive: bytes, work: Path) -> None:
    image = work / "image"
    (work / "root").mkdir()
    (work / "root/file").write_bytes(b"vendor" * 9000)
    run("mksquashfs", work / "root", image, "-quiet", "-no-progress")
    data = image.read_bytes()
    for magic, number in ((b"shsq", 1), (b"sqlz", 2), (b"hsqt", 99)):
        tree = opened(magic + data[4:20] + struct.pack("<H", number) + data[22:])
        assert tree.read("file") == b"vendor" * 9000


@pytest.mark.parametrize(
    "compressor", [pytest.param(squashfs4.GZIP, marks=pytest.mark.proof), squashfs4.LZMA, squashfs4.XZ]
)
@pytest.mark.parametrize("name", PACKS)
def test_a_4_that_keeps_quiet_about_its_lzma_is_read(
    name: str, compressor: int, items: list[Any], top: Any, check: Any
) -> None:
    tree = standard(squashfs4.image(items, top, PACKS[name], compressor))
    assert tree.problems == ()
    check(tree, items)


@pytest.mark.parametrize("name", [name for name in PACKS if name != "mixed"])
def test_where_the_names_are_stored_the_contents_tell(name: str, items: list[Any], top: Any, check: Any) -> None:
    check(standard(squashfs4.image(items, top, PACKS[name], squashfs4.LZMA, stores_tables=True)), items)
    check(opened(old_squashfs.image(items, top, 3, "big", PACKS[name], stores_tables=True)), items)


def test_one_damaged_block_does_not_hide_the_compressor(items: list[Any], top: Any) -> None:
    pack = PACKS["short header"]
    data = bytearray(squashfs4.image(items, top, pack, squashfs4.LZMA, stores_tables=True))
    at = data.index(pack(next(item for item in items if item.path == "opt/tail").content[:32768]))
    data[at : at + 20] = b"\xff" * 20
    hurt = standard(bytes(data))
    with pytest.raises(Unavailable, match="damaged"):
        hurt.read("opt/tail")
    assert hurt.read("opt/large") == next(item for item in items if item.path == "opt/large").content


def test_a_4_that_calls_its_xz_something_else_is_read(items: list[Any], top: Any, check: Any) -> None:
    check(standard(squashfs4.image(items, top, lambda data: lzma.compress(data, check=lzma.CHECK_NONE))), items)


def test_many_files_of_makers_lzma_come_as_they_do_one_by_one(items: list[Any], top: Any) -> None:
    tree = standard(squashfs4.image(items, top, PACKS["properties nobody has seen"], squashfs4.LZMA))
    contents = {item.path: item.content for item in items}
    for entry, pieces in tree.read_all([entry for entry in tree.entries() if entry.kind is Kind.FILE]):
        assert b"".join(pieces) == contents[entry.path]


def test_a_4_whose_root_nobody_can_read_says_what_its_own_compressor_says(items: list[Any], top: Any) -> None:
    with pytest.raises(Damaged, match="squashfs: an xz or lzma block is damaged"):
        standard(squashfs4.image(items, top, lambda data: zlib.compress(data)[::-1], squashfs4.LZMA))


def test_unsquashfs_reads_what_the_writer_of_4_writes(
    items: list[Any], top: Any, run: Callable[..., str], work: Path
) -> None:
    (work / "image").write_bytes(squashfs4.image(items, top))
    kept = [item for item in items if item.kind is Kind.FILE]
    run("unsquashfs", "-no-progress", "-d", work / "out", work / "image", *(item.path for item in kept))
    for item in kept:
        assert (work / "out" / item.path).read_bytes() == item.content


def test_it_is_found_in_a_dump(items: list[Any], top: Any) -> None:
    image = old_squashfs.image(items, top, 3, "big")
    found = list(carve.carve(Bytes(b"\xff" * 70_000 + image + b"\xff" * 999), Budget()))
    assert [(one.kind.name, one.offset, one.size) for one in found] == [("squashfs", 70_000, len(image))]


@pytest.mark.parametrize(
    ("at", "value"),
    [(28, b"\0\5"), (51, bytes(4)), (34, b"\0\x30"), (63, bytes(8)), (37, b"\0"), (87, b"\xff" * 8), (4, bytes(4))],
)
def test_a_superblock_that_contradicts_itself_is_none(at: int, value: bytes, items: list[Any], top: Any) -> None:
    data = bytearray(old_squashfs.image(items[:2], top, 3, "big"))
    data[at : at + len(value)] = value
    assert FORMAT.measure(Bytes(bytes(data))) is None
    with pytest.raises(Damaged):
        opened(bytes(data))


def test_a_damaged_block_costs_its_file(items: list[Any], top: Any) -> None:
    data = bytearray(old_squashfs.image(items, top, 3, "little"))
    packed = zlib.compress(next(item for item in items if item.path == "opt/tail").content[:32768])
    at = data.index(packed)
    data[at : at + 20] = b"\xff" * 20
    hurt = opened(bytes(data))
    with pytest.raises(Unavailable, match="damaged"):
        hurt.read("opt/tail")
    assert hurt.read("etc/sshd_config") == next(one.content for one in items if one.path == "etc/sshd_config")


def test_too_many_entries_end_it(items: list[Any], top: Any) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(old_squashfs.image(items, top)), Budget(Limits(entries=100)))


@every_layout
def test_cuts_and_mutations_end_in_words(
    version: int, order: str, items: list[Any], top: Any, exercise: Any, mutations: Any
) -> None:
    image = old_squashfs.image(items, top, version, order, lambda data: data)
    ends = [exercise(FORMAT, image[: len(image) * step // 10]) for step in range(10)]
    middle = len(image) - 25_000
    regions = [(0, 119), *[(middle, middle + 15_000)] * 5]
    ends += [exercise(FORMAT, data) for data in mutations(image, regions, 30)]
    assert ends.count("partly") > 2
    assert ends.count("Damaged") > 10
