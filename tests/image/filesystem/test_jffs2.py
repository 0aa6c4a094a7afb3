import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mending
import pytest
from laid import lay

from firmward.formats.jffs2 import DIRENT, GAP, INODE, XATTR, XREF, crc
from firmward.image import carve
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.jffs2 import FORMAT, Jffs2Tree
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind

OPTIONS = (
    "-l -e 64KiB",
    "-b -e 64KiB",
    "-l -e 128KiB -n",
    "-b -e 16KiB -p",
    "-l -e 256KiB -p1500000 -s 8192",
    "-l -m none",
    "-l -m size -X lzo",
    "-b -x zlib -x lzo",
    "-l -x zlib -x rtime",
    "-l -X lzo -y 90:lzo -c 20",
)


def opened(data: bytes) -> Jffs2Tree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, Jffs2Tree)
    return tree


@pytest.fixture(scope="module")
def items(root: list[Any]) -> list[Any]:
    """mkfs.jffs2 writes owners of 16 bits, devices of 8 and 8, and cuts long links off."""
    return [
        replace(
            item,
            uid=item.uid & 0xFFFF,
            gid=item.gid & 0xFFFF,
            device=item.device and (item.device[0], 3),
            target=item.target and item.target[:250],
        )
        for item in root
    ]


@pytest.fixture(scope="module")
def real(items: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay(items, tmp_path_factory.mktemp("jffs2") / "root")


@pytest.fixture(scope="module")
def make(run: Callable[..., str], real: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    folder = tmp_path_factory.mktemp("image")

    def make_image(*options: str) -> bytes:
        run("mkfs.jffs2", "-r", real, "-o", folder / "image", "--with-xattr", *options)
        return (folder / "image").read_bytes()

    return make_image


@pytest.mark.parametrize("options", OPTIONS)
def test_what_went_in_comes_out(options: str, make: Callable[..., bytes], check: Any, items: list[Any]) -> None:
    tree = opened(make(*options.split()))
    assert tree.problems == ()
    check(tree, items)


@pytest.mark.parametrize("order", ["-l", "-b"])
def test_summaries_are_passed_over(
    order: str, make: Callable[..., bytes], run: Callable[..., str], check: Any, items: list[Any], work: Path
) -> None:
    (work / "in").write_bytes(make(order, "-e", "64KiB"))
    run("sumtool", order, "-e", "64KiB", "-i", work / "in", "-o", work / "out", "-p")
    tree = opened((work / "out").read_bytes())
    assert tree.problems == ()
    check(tree, items)


def test_a_device_table_makes_devices_and_owners(run: Callable[..., str], work: Path) -> None:
    (work / "root/dev").mkdir(parents=True)
    (work / "root/tool").write_bytes(b"#!/bin/sh\n")
    table = "/dev/ttyS c 620 3 5 4 64 0 1 3\n/tool f 4755 7 8 - - - - -\n/run d 1777 9 9 - - - - -\n"
    (work / "table").write_text(table)
    run("mkfs.jffs2", "-l", "-r", work / "root", "-D", work / "table", "-f", "-o", work / "image")
    tree = opened((work / "image").read_bytes())
    assert tree.lstat("dev/ttyS2") == Entry("dev/ttyS2", Kind.CHARACTER, 0o620, 3, 5, device=(4, 66))
    assert tree.lstat("tool") == Entry("tool", Kind.FILE, 0o4755, 7, 8, 10)
    assert tree.lstat("run") == Entry("run", Kind.DIRECTORY, 0o1777, 9, 9)


class Log:
    """Nodes as a device writes them."""

    def __init__(self, order: str = "<") -> None:
        self.order = order
        self.data = b""

    def _node(self, kind: int, fields: bytes, content: bytes, *, is_obsolete: bool = False) -> None:
        size = 12 + len(fields) + len(content)
        head = struct.pack(f"{self.order}HHI", 0x1985, kind, size)
        whole = head + struct.pack(f"{self.order}I", crc(head)) + fields
        if is_obsolete:
            whole = struct.pack(f"{self.order}HH", 0x1985, kind & ~0x2000) + whole[4:]
        self.data += whole + content + b"\xff" * (-size % 4)

    def name(self, parent: int, name: bytes, ino: int, version: int) -> "Log":
        start = struct.pack(f"{self.order}IIIIBBxx", parent, version, ino, 5, len(name), 8)
        head = struct.pack(f"{self.order}HHI", 0x1985, DIRENT, 40 + len(name))
        own = crc(head + struct.pack(f"{self.order}I", crc(head)) + start)
        self._node(DIRENT, start + struct.pack(f"{self.order}II", own, crc(name)), name)
        return self

    def inode(
        self,
        ino: int,
        version: int,
        *,
        mode: int = 0o100644,
        size: int = 0,
        offset: int = 0,
        content: bytes = b"",
        length: int | None = None,
        compressor: int = 0,
        is_obsolete: bool = False,
    ) -> "Log":
        length = len(content) if length is None else length
        fields = (ino, version, mode, 1, 2, size, 7, 8, 9, offset, len(content), length, compressor, 0, 0)
        start = struct.pack(f"{self.order}IIIHHIIIIIIIBBH", *fields)
        head = struct.pack(f"{self.order}HHI", 0x1985, INODE, 68 + len(content))
        own = crc(head + struct.pack(f"{self.order}I", crc(head)) + start)
        end = struct.pack(f"{self.order}II", crc(content), own)
        self._node(INODE, start + end, content, is_obsolete=is_obsolete)
        return self

    def xattr(self, number: int, version: int, prefix: int, name: bytes, value: bytes) -> "Log":
        content = name + b"\0" + value
        start = struct.pack(f"{self.order}IIBBHI", number, version, prefix, len(name), len(value), crc(content))
        head = struct.pack(f"{self.order}HHI", 0x1985, XATTR, 32 + len(content))
        own = crc(head + struct.pack(f"{self.order}I", crc(head)) + start)
        self._node(XATTR, start + struct.pack(f"{self.order}I", own), content)
        return self

    def xref(self, ino: int, number: int, sequence: int) -> "Log":
        start = struct.pack(f"{self.order}III", ino, number, sequence)
        head = struct.pack(f"{self.order}HHI", 0x1985, XREF, 28)
        own = crc(head + struct.pack(f"{self.order}I", crc(head)) + start)
        self._node(XREF, start + struct.pack(f"{self.order}I", own), b"")
        return self

    def erased(self, length: int) -> "Log":
        self.data += b"\xff" * length
        return self


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_newest_versions_count_in_whatever_order_they_lie(order: str) -> None:
    log = Log(order)
    log.name(1, b"new", 3, 4).inode(3, 2, size=6, offset=3, content=b"DEF").inode(2, 1, size=4, content=b"gone")
    log.name(1, b"old", 2, 1).name(1, b"old", 0, 3).inode(3, 1, size=6, content=b"abcdef", mode=0o100600)
    log.name(1, b"moved", 3, 2).name(1, b"moved", 0, 5)
    tree = opened(log.data)
    assert [entry.path for entry in tree.entries()] == ["new"]
    assert tree.read("new") == b"abcDEF"
    assert tree.lstat("new") == Entry("new", Kind.FILE, 0o644, 1, 2, 6, 8)


def test_a_file_written_over_in_the_middle_cut_and_grown() -> None:
    log = Log().name(1, b"file", 2, 1)
    log.inode(2, 1, size=9000, content=b"a" * 4096).inode(2, 2, size=9000, offset=4096, content=b"b" * 4096)
    log.inode(2, 3, size=9000, offset=1000, content=b"c" * 10).inode(2, 4, size=5000)
    log.inode(2, 5, size=20000, offset=5000, length=9000, compressor=1).inode(
        2, 6, size=20000, offset=19990, content=b"e" * 10
    )
    expected = b"a" * 1000 + b"c" * 10 + b"a" * 3086 + b"b" * 904 + bytes(14990) + b"e" * 10
    assert opened(log.data).read("file") == expected


def test_runs_agree_with_writing_in_order_of_version() -> None:
    import random

    chance = random.Random(4)
    for _ in range(60):
        log = Log().name(1, b"file", 2, 1)
        expected = bytearray(300)
        writes = []
        for version in range(1, chance.randrange(2, 25)):
            offset, content = chance.randrange(280), bytes([version]) * chance.randrange(20)
            expected[offset : offset + len(content)] = content
            writes.append((version, offset, content))
        chance.shuffle(writes)
        for version, offset, content in writes:
            log.inode(2, version, size=300, offset=offset, content=content)
        assert opened(log.data).read("file") == expected[:300]


def test_what_was_given_up_does_not_count() -> None:
    log = Log().name(1, b"file", 2, 1).inode(2, 1, size=3, content=b"old")
    log.inode(2, 2, size=3, content=b"new", is_obsolete=True)
    tree = opened(log.data)
    assert tree.read("file") == b"old"
    assert tree.problems == ()


def test_lzma_as_openwrt_writes_it() -> None:
    import lzma

    text = b"PermitRootLogin no\n" * 200
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 0x2000, "lc": 0, "lp": 0, "pb": 0}]
    packed = lzma.compress(text, lzma.FORMAT_RAW, filters=filters)
    log = Log().name(1, b"file", 2, 1).inode(2, 1, size=3800, content=packed, length=3800, compressor=8)
    assert opened(log.data).read("file") == text


@pytest.mark.parametrize(("number", "name"), [(3, "rubin"), (5, "dynrubin"), (77, "number 77")])
def test_a_compressor_that_is_not_read_is_told(number: int, name: str) -> None:
    log = Log().name(1, b"file", 2, 1).inode(2, 1, size=9, content=b"what", length=9, compressor=number)
    with pytest.raises(Unavailable, match=f"compressor {name} is not read"):
        opened(log.data).read("file")


def test_attributes_change_and_go() -> None:
    log = Log().name(1, b"file", 2, 1).inode(2, 1)
    log.xattr(1, 1, 2, b"capability", b"old").xattr(1, 2, 2, b"capability", b"new").xref(2, 1, 2)
    log.xattr(2, 1, 1, b"gone", b"x").xref(2, 2, 4).xref(2, 2, 5)
    log.xattr(3, 1, 3, b"", struct.pack("<IHHHHI", 1, 1, 6, 2, 4, 1000)).xref(2, 3, 6)
    entry = opened(log.data).lstat("file")
    assert entry is not None
    acl = struct.pack("<IHHIHHI", 2, 1, 6, 0xFFFFFFFF, 2, 4, 1000)
    assert entry.xattrs == (("security.capability", b"new"), ("system.posix_acl_access", acl))


def test_a_torn_node_and_dirty_flash_cost_only_themselves() -> None:
    torn = Log().inode(2, 9, size=4, content=b"torn").data
    log = Log().name(1, b"file", 2, 1).inode(2, 1, size=4, content=b"good")
    log.data += torn[:40] + b"\xff" * 32 + torn[:8] + b"dirt" * 7
    log.name(1, b"other", 3, 2).inode(3, 1, size=2, content=b"ok").erased(4096)
    tree = opened(log.data)
    assert (tree.read("file"), tree.read("other")) == (b"good", b"ok")
    assert tree.problems == ("1 nodes were left out since their checksums do not hold",)


def test_a_damaged_node_is_counted_and_damaged_data_are_unreadable() -> None:
    log = Log().name(1, b"a", 2, 1).inode(2, 1, size=4, content=b"good").name(1, b"b", 3, 2).inode(3, 1)
    data = bytearray(log.data)
    data[data.index(b"good")] ^= 1
    data[-10] ^= 1
    tree = opened(bytes(data))
    assert tree.problems == (
        "b cannot be read: inode 3 is described nowhere",
        "1 nodes were left out since their checksums do not hold",
    )
    with pytest.raises(Unavailable, match="checksum"):
        tree.read("a")


def test_a_node_that_claims_more_than_lies_in_it_is_none() -> None:
    log = Log().name(1, b"file", 2, 1).inode(2, 1, size=4, content=b"good")
    log.xattr(1, 1, 1, b"large", bytes(1000)).xref(2, 1, 2).inode(2, 2, size=900, content=bytes(900))
    data = bytearray(log.data)
    for kind, least in ((INODE, 500), (XATTR, 500)):  # the same nodes, each cut short by its header
        at = next(at for at in range(0, len(data), 4) if _is_long(data, at, kind, least))
        data[at + 4 : at + 8] = (100).to_bytes(4, "little")
    mend = mending.find("jffs2")
    assert mend is not None
    mend(data)
    tree = opened(bytes(data))
    entry = tree.lstat("file")
    assert entry is not None
    assert (tree.read("file"), entry.xattrs) == (b"good", ())
    assert any("2 nodes were left out" in problem for problem in tree.problems)


def _is_long(data: bytearray, at: int, kind: int, least: int) -> bool:
    magic, found, length = struct.unpack_from("<HHI", data.ljust(at + 8, b"\0"), at)
    return (magic, found) == (0x1985, kind) and length > least


def test_a_folder_in_itself_is_listed_once() -> None:
    log = Log().name(1, b"a", 2, 1).inode(2, 1, mode=0o040755).name(2, b"b", 2, 1).name(2, b"c", 1, 2)
    tree = opened(log.data)
    assert [entry.path for entry in tree.entries()] == ["a"]
    assert len(tree.problems) == 2


def _system(name: bytes) -> bytes:
    return Log().name(1, name, 2, 1).inode(2, 1, size=2000, content=b"x" * 2000).data


@pytest.mark.parametrize(
    ("behind", "more"),
    [(b"\xff" * (GAP + 8), b""), (b"\xff" * 4096, _system(b"second")), (b"\xff" * 100 + b"hsqs" * 1000, b"")],
)
def test_it_ends_before_what_is_another(behind: bytes, more: bytes) -> None:
    first = _system(b"first")
    data = first + behind + more
    found = list(carve.carve(Bytes(b"\0" * 4096 + data), Budget()))
    size = len(first) if not more else len(first) + 4096
    assert (found[0].kind.name, found[0].offset, found[0].size) == ("jffs2", 4096, size)
    assert len(found) == (2 if more else 1)
    tree = opened(data)
    assert [entry.path for entry in tree.entries()] == ["first"]
    assert bool(tree.problems) == (more != b"" or b"hsqs" in behind)


def test_erased_blocks_in_between_do_not_end_it(check: Callable[..., None]) -> None:
    log = Log().name(1, b"a", 2, 1).inode(2, 1).erased(300_000).name(1, b"b", 3, 2).inode(3, 1).erased(500_000)
    assert FORMAT.end is not None
    assert FORMAT.end(Bytes(log.data), Budget()) == len(log.data) - 500_000
    assert len(list(opened(log.data).entries())) == 2


def test_no_node_at_the_start_is_none() -> None:
    assert FORMAT.measure(Bytes(b"\x85\x19\x03\x20\x0c\0\0\0\0\0\0\0" + bytes(5000))) is None
    with pytest.raises(Damaged):
        opened(b"\x85\x19\x03\x20" + bytes(5000))


def test_too_many_entries_end_it(make: Callable[..., bytes]) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(make("-l")), Budget(Limits(entries=100)))


def test_every_cut_ends_in_words(make: Callable[..., bytes], exercise: Callable[..., str]) -> None:
    image = make("-l")
    ends = {exercise(FORMAT, image[: len(image) * step // 40]) for step in range(40)}
    assert ends >= {"Damaged", "partly"}


def test_mutations_end_in_words(make: Callable[..., bytes], exercise: Any, mutations: Any) -> None:
    image = make("-l", "-e", "16KiB")
    regions: Iterable[tuple[int, int]] = [(0, 64), (0, 5000), (len(image) - 20000, len(image)), (0, len(image))]
    ends = [exercise(FORMAT, data) for data in mutations(image, regions, 100)]
    assert ends.count("partly") > 20
