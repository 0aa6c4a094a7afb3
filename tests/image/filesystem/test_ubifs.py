import struct
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from laid import lay

from firmward.formats import ubifs
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.ubifs import FORMAT, UbifsTree
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable

OPTIONS = (
    "-m 2048 -e 126976 -c 400 -x lzo",
    "-m 2048 -e 129024 -c 400 -x zlib",
    "-m 2048 -e 126976 -c 400 -x zstd",
    "-m 2048 -e 126976 -c 400 -x none",
    "-m 2048 -e 126976 -c 400 -x favor_lzo",
    "-m 512 -e 15360 -c 900",
    "-m 4096 -e 253952 -c 200",
    "-m 8 -e 65408 -c 400",
    "-m 2048 -e 126976 -c 400 -F -j 4MiB -f 16 -k test",
)


def opened(data: bytes) -> UbifsTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, UbifsTree)
    return tree


@pytest.fixture(scope="module")
def items(root: list[Any]) -> list[Any]:
    """Debian's mkfs.ubifs leaves extended attributes out."""
    return [replace(item, xattrs={}) for item in root]


@pytest.fixture(scope="module")
def real(root: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay(root, tmp_path_factory.mktemp("ubifs") / "root")


@pytest.fixture(scope="module")
def make(run: Callable[..., str], real: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    folder = tmp_path_factory.mktemp("image")

    def make_image(*options: str) -> bytes:
        run("mkfs.ubifs", "-r", real, "-o", folder / "image", *options)
        return (folder / "image").read_bytes()

    return make_image


@pytest.mark.parametrize("options", OPTIONS)
def test_what_went_in_comes_out(options: str, make: Callable[..., bytes], check: Any, items: list[Any]) -> None:
    image = make(*options.split())
    tree = opened(image)
    assert tree.problems == ()
    check(tree, items)
    assert FORMAT.measure(Bytes(image)) == len(image)


def node(kind: int, body: bytes, sequence: int) -> bytes:
    rest = struct.pack("<QIB3x", sequence, ubifs.HEADER_SIZE + len(body), kind) + body
    data = ubifs.MAGIC + (ubifs.zlib.crc32(rest) ^ 0xFFFFFFFF).to_bytes(4, "little") + rest
    return data + bytes(-len(data) % 8)


def inode(number: int, mode: int, size: int = 0, flags: int = 0, value: bytes = b"") -> bytes:
    head = struct.pack("<I20xQ16xQ12x6I", number, size, 5, 1, 0, 0, mode, flags, len(value))
    return head.ljust(ubifs.INODE_SIZE - ubifs.HEADER_SIZE, b"\0") + value


def name(parent: int, number: int, text: bytes) -> bytes:
    return struct.pack("<I12xQxBHI", parent, number, 0, len(text), 0) + text + b"\0"


def data(number: int, block: int, content: bytes) -> bytes:
    return struct.pack("<II8xIHH", number, 1 << 29 | block, len(content), 0, 0) + content


def superblock(block: int, blocks: int) -> bytes:
    return (bytes(8) + struct.pack("<III", 8, block, blocks)).ljust(ubifs.SUPERBLOCK_SIZE, b"\0")


def image(*nodes: bytes) -> bytes:
    block = 16384
    return node(ubifs.SUPERBLOCK, superblock(block, 2), 1).ljust(block, b"\xff") + b"".join(nodes).ljust(block, b"\xff")


FOLDER, FILE = 0o40755, 0o100644


def test_the_newest_of_all_counts_wherever_it_stands() -> None:
    tree = opened(
        image(
            node(ubifs.DATA, data(2, 0, b"new content"), 9),
            node(ubifs.INODE, inode(2, FILE, 11), 8),
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"file"), 3),
            node(ubifs.NAME, name(1, 3, b"gone"), 3),
            node(ubifs.INODE, inode(3, FILE), 3),
            node(ubifs.NAME, name(1, 0, b"gone"), 10),
            node(ubifs.INODE, inode(2, FILE, 3), 4),
            node(ubifs.DATA, data(2, 0, b"old"), 5),
        )
    )
    assert [entry.path for entry in tree.entries()] == ["file"]
    assert tree.problems == ()
    assert tree.read("file") == b"new content"


def test_nor_does_it_matter_when_the_newest_stands_last() -> None:
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"file"), 3),
            node(ubifs.INODE, inode(2, FILE, 3), 4),
            node(ubifs.DATA, data(2, 0, b"old"), 5),
            node(ubifs.DATA, data(2, 0, b"new content"), 9),
            node(ubifs.INODE, inode(2, FILE, 11), 8),
        )
    )
    assert tree.read("file") == b"new content"


def test_a_node_whose_checksum_does_not_hold_is_none() -> None:
    torn = bytearray(node(ubifs.DATA, data(2, 0, b"torn"), 9))
    torn[-6] ^= 1
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"file"), 3),
            node(ubifs.INODE, inode(2, FILE, 4), 4),
            node(ubifs.DATA, data(2, 0, b"good"), 5),
            bytes(torn),
        )
    )
    assert tree.read("file") == b"good"


def test_a_short_block_in_the_middle_goes_on_with_zeros() -> None:
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"file"), 3),
            node(ubifs.INODE, inode(2, FILE, 3 * 4096), 4),
            node(ubifs.DATA, data(2, 0, b"short"), 5),
            node(ubifs.DATA, data(2, 2, b"last"), 6),
        )
    )
    assert tree.read("file") == b"short".ljust(2 * 4096, b"\0") + b"last".ljust(4096, b"\0")


def test_what_is_kept_of_each_node_is_charged() -> None:
    made = image(*(node(ubifs.DATA, data(2, number, b"x"), number) for number in range(150)))
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(made), Budget(Limits(expanded_bytes=10_000)))


def test_what_a_file_was_cut_to_stays_cut_when_it_grows_again() -> None:
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"file"), 3),
            node(ubifs.DATA, data(2, 0, b"A" * 4096), 4),
            node(ubifs.DATA, data(2, 1, b"B" * 4096), 5),
            node(ubifs.TRUNCATION, struct.pack("<I12xQQ", 2, 8192, 4096), 6),
            node(ubifs.INODE, inode(2, FILE, 8192), 7),
        )
    )
    assert tree.read("file") == b"A" * 4096 + bytes(4096)


@pytest.mark.parametrize(
    ("cuts", "kept"),
    [
        ([(6, 4096)], "A.C"),
        ([(8, 4096)], "A.."),
        ([(6, 0), (8, 8192)], "..."),
        ([(4, 0), (6, 4096)], "A.C"),
        ([(8, 8192), (6, 4096)], "A.."),
    ],
)
def test_of_several_cuts_each_counts_for_what_is_older(cuts: list[tuple[int, int]], kept: str) -> None:
    written = ((0, b"A", 5), (1, b"B", 5), (2, b"C", 7))
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"file"), 3),
            *(node(ubifs.DATA, data(2, block, sign * 4096), sequence) for block, sign, sequence in written),
            *(node(ubifs.TRUNCATION, struct.pack("<I12xQQ", 2, 12288, size), sequence) for sequence, size in cuts),
            node(ubifs.INODE, inode(2, FILE, 12288), 9),
        )
    )
    blocks = (tree.read("file")[at : at + 1].replace(b"\0", b".") for at in (0, 4096, 8192))
    assert b"".join(blocks).decode() == kept


def test_encrypted_files_and_folders_are_told() -> None:
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"secret"), 3),
            node(ubifs.INODE, inode(2, FILE, 5, ubifs.ENCRYPTED), 4),
            node(ubifs.NAME, name(1, 3, b"vault"), 5),
            node(ubifs.INODE, inode(3, FOLDER, 0, ubifs.ENCRYPTED), 6),
            node(ubifs.NAME, name(3, 2, b"\x8a\x01"), 7),
        )
    )
    with pytest.raises(Unavailable, match="fscrypt"):
        tree.read("secret")
    assert any("vault" in problem and "fscrypt" in problem for problem in tree.problems)


def test_without_a_root_folder_it_is_damaged() -> None:
    with pytest.raises(Damaged, match="root folder"):
        opened(image(node(ubifs.INODE, inode(2, FILE), 2)))


def test_a_folder_in_itself_ends() -> None:
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"a"), 3),
            node(ubifs.INODE, inode(2, FOLDER), 4),
            node(ubifs.NAME, name(2, 1, b"up"), 5),
            node(ubifs.NAME, name(2, 2, b"self"), 6),
        )
    )
    assert [entry.path for entry in tree.entries()] == ["a"]
    assert len(tree.problems) == 2


def test_extended_attributes_are_names_with_an_inode_of_their_own() -> None:
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"ping"), 3),
            node(ubifs.INODE, inode(2, FILE), 4),
            node(ubifs.ATTRIBUTE, name(2, 3, b"security.capability"), 5),
            node(ubifs.INODE, inode(3, FILE, 3, 0x20, b"cap"), 6),
            node(ubifs.ATTRIBUTE, name(2, 4, b"user.gone"), 7),
            node(ubifs.ATTRIBUTE, name(2, 0, b"user.gone"), 8),
        )
    )
    (entry,) = tree.entries()
    assert entry.xattrs == (("security.capability", b"cap"),)


def log_of(*nodes: bytes, block: int = 1 << 20) -> bytes:
    body = b"".join(nodes)
    blocks = 1 + -(-len(body) // block)
    head = node(ubifs.SUPERBLOCK, superblock(block, blocks), 1).ljust(block, b"\xff")
    return head + body.ljust((blocks - 1) * block, b"\xff")


def test_headers_without_end_that_claim_the_rest_of_their_block_cost_no_checksum_each() -> None:
    claim = ubifs.MAGIC + struct.pack("<IQIB3x", 0, 1, 3 << 20, ubifs.DATA)
    started = time.process_time()
    with pytest.raises(Damaged, match="root folder"):
        opened(log_of(claim * (1 << 16), block=4 << 20))
    assert time.process_time() - started < 5


def test_a_file_in_many_pieces_that_was_cut_many_times_is_read_soon() -> None:
    count = 20_000
    cuts = (node(ubifs.TRUNCATION, struct.pack("<I12xQQ", 2, 1 << 40, 1 << 39), 2) for _ in range(count))
    pieces = (node(ubifs.DATA, data(2, number, b"x"), 1) for number in range(count))
    names = node(ubifs.INODE, inode(1, FOLDER), 1), node(ubifs.NAME, name(1, 2, b"file"), 1)
    started = time.process_time()
    tree = opened(log_of(*names, node(ubifs.INODE, inode(2, FILE, 4096 * count), 9), *cuts, *pieces, block=4 << 20))
    assert time.process_time() - started < 5
    assert sum(piece.count(b"x") for piece in tree.chunks(next(iter(tree.entries())))) == count


def test_many_names_of_a_file_share_its_attributes() -> None:
    count = 500
    names = (node(ubifs.NAME, name(1, 2, b"name%d" % number), 3) for number in range(count))
    attributes = (node(ubifs.ATTRIBUTE, name(2, 3, b"user.%d" % number), 3) for number in range(count))
    nodes = (node(ubifs.INODE, inode(number, mode), 2) for number, mode in ((1, FOLDER), (2, FILE), (3, FILE)))
    tree = FORMAT.open(Bytes(log_of(*nodes, *names, *attributes)), Budget(Limits(expanded_bytes=16 << 20)))
    assert isinstance(tree, UbifsTree)
    assert len({id(entry.xattrs) for entry in tree.entries()}) == 1


def test_a_torn_node_does_not_count() -> None:
    torn = bytearray(node(ubifs.DATA, data(2, 0, b"new"), 9))
    torn[-8] ^= 1
    tree = opened(
        image(
            node(ubifs.INODE, inode(1, FOLDER), 2),
            node(ubifs.NAME, name(1, 2, b"file"), 3),
            node(ubifs.INODE, inode(2, FILE, 3), 4),
            node(ubifs.DATA, data(2, 0, b"old"), 5),
            bytes(torn),
        )
    )
    assert tree.read("file") == b"old"


def test_a_superblock_whose_checksum_does_not_hold_is_none() -> None:
    made = bytearray(image(node(ubifs.INODE, inode(1, FOLDER), 2)))
    made[100] ^= 1
    assert FORMAT.measure(Bytes(bytes(made))) is None
    with pytest.raises(Damaged, match="checksum"):
        opened(bytes(made))
