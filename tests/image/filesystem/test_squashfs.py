import io
import random
import struct
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmward.formats.squashfs import parse_superblock
from firmward.image.block_codecs import CODECS, lzo_length
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.squashfs import FORMAT, SquashfsTree
from firmward.image.source import Bytes, Source
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, ReadAt

COMPRESSORS = ("gzip", "lzma", "lzo", "xz", "lz4", "zstd")

OPTIONS = (
    "-b 4K",
    "-b 64K -no-fragments",
    "-b 1M -comp zstd",
    "-b 1M -comp lzo",
    "-noI -noD -noF -noX",
    "-noD",
    "-no-duplicates -always-use-fragments",
    "-tailends",
    "-no-sparse",
    "-exports -reproducible -comp lz4 -Xhc",
    "-comp xz -Xbcj x86",
    "-comp gzip -Xcompression-level 1 -Xwindow-size 8 -Xstrategy default,huffman_only",
)

Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def make(run: Callable[..., str], archive: bytes, tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("squashfs")

    def make_image(*options: str, tar: bytes = archive) -> bytes:
        image = folder / "image"
        for _ in range(5):
            image.unlink(missing_ok=True)
            with suppress(subprocess.CalledProcessError):  # mksquashfs 4.5.1 has a race in -tar
                run("mksquashfs", "-", image, "-tar", "-quiet", "-no-progress", *options, feed=tar)
                return image.read_bytes()
        pytest.fail("mksquashfs died five times")

    return make_image


@pytest.fixture(scope="module")
def plain(make: Make) -> bytes:
    """Nothing compressed but data: a changed byte in the tables reaches the parser."""
    return make("-noI", "-noF", "-noX", "-b", "64K")


def opened(data: bytes | Source) -> SquashfsTree:
    tree = FORMAT.open(data if isinstance(data, Source) else Bytes(data), Budget())
    assert isinstance(tree, SquashfsTree)
    return tree


@pytest.mark.parametrize("options", [f"-comp {name}" for name in COMPRESSORS] + list(OPTIONS))
def test_what_went_in_comes_out(options: str, make: Make, check: Callable[..., None], root: list[object]) -> None:
    tree = opened(make(*options.split()))
    assert tree.problems == ()
    check(tree, root)


def test_it_is_read_where_it_lies(make: Make, check: Callable[..., None], root: list[object]) -> None:
    image = make()
    dump = Bytes(b"\xff" * 12345 + image + b"\xff" * 777)
    inside = dump.slice(12345)
    length = FORMAT.measure(inside)
    assert length is not None
    assert len(image) - 4096 < length <= len(image)
    check(opened(dump.slice(12345, length)), root)


def test_names_that_are_not_utf8(run: Callable[..., str], work: Path) -> None:
    folder = work / "root"
    folder.mkdir()
    (folder / "caf\udce9").write_bytes(b"latin-1")
    run("mksquashfs", folder, work / "image", "-quiet", "-no-progress")
    (entry,) = opened((work / "image").read_bytes()).entries()
    assert entry.path == "caf\udce9"


def test_unsquashfs_lists_the_same(make: Make, run: Callable[..., str], work: Path) -> None:
    image = work / "image"
    image.write_bytes(make())
    letters = {
        "d": Kind.DIRECTORY,
        "-": Kind.FILE,
        "l": Kind.SYMLINK,
        "c": Kind.CHARACTER,
        "b": Kind.BLOCK,
        "p": Kind.FIFO,
    }
    listed = {}
    for line in run("unsquashfs", "-lln", "-d", "", image).splitlines():
        if line[:1] in letters and " /" in line:
            listed[line[line.index(" /") + 2 :].split(" -> ")[0]] = letters[line[0]], line.split()[1]
    listed.pop("", None)
    ours = {entry.path: (entry.kind, f"{entry.uid}/{entry.gid}") for entry in opened(image.read_bytes()).entries()}
    assert ours == listed


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_many_files_at_once_are_the_same_as_one_by_one(make: Make, jobs: int) -> None:
    tree = opened(make("-b", "16K"))
    files = [entry for entry in tree.entries() if entry.kind is Kind.FILE]
    together = [(entry.path, b"".join(pieces)) for entry, pieces in tree.read_all(files, jobs)]
    assert together == [(entry.path, b"".join(tree.chunks(entry))) for entry in files]


def test_a_file_may_be_passed_over_and_the_rest_left(make: Make) -> None:
    tree = opened(make("-b", "4K"))
    files = [entry for entry in tree.entries() if entry.kind is Kind.FILE]
    started = [(entry.path, next(pieces, b"")) for entry, pieces in tree.read_all(files, 2)]
    assert started == [(entry.path, next(tree.chunks(entry), b"")) for entry in files]
    for _entry, pieces in tree.read_all(files, 2):
        next(pieces)
        break


@pytest.mark.parametrize("fragments", ["-always-use-fragments", "-no-fragments"])
def test_what_is_needed_of_a_file_comes_and_the_rest_may_be_zeros(make: Make, fragments: str) -> None:
    tree = opened(make("-b", "4K", fragments))
    asked = {}

    def needed(size: int, read: ReadAt) -> list[tuple[int, int]]:
        chance = random.Random(size)
        looks = [(chance.randrange(size), chance.randrange(1, 9000)) for _ in range(3)]
        asked[size] = [(offset, read(offset, length)) for offset, length in looks]
        return [(start, min(start + chance.randrange(20_000), size + 5000)) for start, _ in looks]

    for entry, pieces in tree.read_all(_files(tree), needed=needed):
        got, whole = b"".join(pieces), b"".join(tree.chunks(entry))
        assert len(got) == len(whole)
        if entry.size not in asked:
            assert got == whole
            continue
        assert all(found == whole[offset : offset + len(found)] for offset, found in asked[entry.size])
        for start, end in needed(entry.size, lambda offset, length: b""):
            assert got[start:end] == whole[start:end]
        assert all(mine in (0, its) for mine, its in zip(got, whole, strict=True))
    assert len(asked) >= 4


def test_blocks_that_are_not_needed_are_not_unpacked(make: Make) -> None:
    tree = opened(make("-b", "4K"))
    large = tree.lstat("opt/large")
    assert large is not None
    files = tree.read_all([large], needed=lambda size, read: [(0, 1), (8192, 8193)])
    _, pieces = next(files)
    full = {number: piece.rstrip(b"\0") for number, piece in enumerate(pieces) if any(piece)}
    assert {number: len(piece) for number, piece in full.items()} == {0: 1, 2: 1}


@pytest.fixture
def damaged(plain: bytes) -> bytes:
    """An image with zeros in the first block of opt/large."""
    tree = opened(plain)
    victim = tree.lstat("opt/large")
    assert victim is not None
    block = next(tree._image.blocks(tree._inodes[victim.path], tree._image.inode(tree._inodes[victim.path])))
    return plain[: block.start] + bytes(block.size) + plain[block.start + block.size :]


def test_a_look_into_a_damaged_file_loses_it_alone(damaged: bytes) -> None:
    hurt = opened(damaged)
    files = hurt.read_all(_files(hurt), needed=lambda size, read: [(0, len(read(0, 9)))])
    assert [entry.path for entry, pieces in files if not _is_whole(pieces)] == ["opt/large"]


def test_a_damaged_block_loses_its_file_alone(damaged: bytes) -> None:
    for jobs in (1, 2):
        hurt = opened(damaged)
        lost = [entry.path for entry, pieces in hurt.read_all(_files(hurt), jobs) if not _is_whole(pieces)]
        assert lost == ["opt/large"]


def _files(tree: SquashfsTree) -> list[Entry]:
    return [entry for entry in tree.entries() if entry.kind is Kind.FILE]


def _is_whole(pieces: Iterator[bytes]) -> bool:
    try:
        for _ in pieces:
            pass
    except Unavailable:
        return False
    return True


def test_a_damaged_folder_loses_its_files_alone(plain: bytes) -> None:
    name = plain.index(b"file-000")
    data = bytearray(plain)
    data[name - 2 : name] = b"\xff\xff"
    tree = opened(bytes(data))
    assert tree.lstat("opt/large") is not None
    assert tree.names("many") == ()
    assert len(tree.problems) == 1
    assert "many cannot be listed in full" in tree.problems[0]


def test_a_folder_in_itself_is_listed_once(plain: bytes) -> None:
    """The entry of the third `deep` is made to lead to the first."""
    tree = opened(plain)
    first, third = tree._inodes["deep"], tree._inodes["deep/deep/deep"]
    assert first >> 16 == third >> 16
    data = bytearray(plain)
    at = data.index(b"\x03\0deep", tree.superblock.directory_table)
    while data[at - 6 : at - 4] != struct.pack("<H", third & 0xFFFF):
        at = data.index(b"\x03\0deep", at + 1)
    struct.pack_into("<H", data, at - 6, first & 0xFFFF)
    hurt = opened(bytes(data))
    assert hurt.problems == ("deep/deep/deep is a folder that stands elsewhere too",)
    assert hurt.lstat("etc/sshd_config") is not None


def test_names_that_lead_elsewhere_are_left_out(plain: bytes) -> None:
    data = plain.replace(b"file-007", b"../..//x", 1)
    tree = opened(data)
    assert len(tree.names("many")) == 299
    assert len(tree.problems) == 1


def test_too_many_entries_end_it(plain: bytes) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(plain), Budget(Limits(entries=100)))


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_bomb_is_not_unpacked(name: str, make: Make) -> None:
    """A block of 256 KiB cannot pass as one of 4 KiB."""
    data = bytearray(make("-comp", name, "-b", "256K"))
    superblock = parse_superblock(bytes(data))
    tree = opened(bytes(data))
    reference = tree._inodes["opt/large"]
    block = next(tree._image.blocks(reference, tree._image.inode(reference)))
    packed = bytes(data[block.start : block.start + block.size])
    assert len(CODECS[name](packed, superblock.block_size)) == superblock.block_size
    with pytest.raises(ValueError, match="block"):
        CODECS[name](packed, 4096)


def test_lzo_is_counted_before_it_is_unpacked(make: Make) -> None:
    tree = opened(make("-comp", "lzo", "-b", "1M", "-no-fragments"))
    counted = 0
    for entry in _files(tree):
        reference = tree._inodes[entry.path]
        inode = tree._image.inode(reference)
        for block in tree._image.blocks(reference, inode):
            if block.size and not block.is_stored:
                packed = tree._image._read(block.start, block.size)
                assert lzo_length(packed, 1 << 20) == len(CODECS["lzo"](packed, 1 << 20))
                counted += 1
    assert counted


def test_wrong_headers_are_no_squashfs(plain: bytes) -> None:
    assert FORMAT.measure(Bytes(b"hsqs" * 100)) is None
    assert FORMAT.measure(Bytes(plain[:90])) is None
    with pytest.raises(Damaged):
        FORMAT.open(Bytes(b"hsqs" * 100), Budget())


def test_absurd_numbers_end_in_words(plain: bytes, exercise: Callable[..., str]) -> None:
    for at in range(4, 96):
        data = bytearray(plain)
        data[at : at + 4] = b"\xff\xff\xff\x7f"
        exercise(FORMAT, bytes(data[: len(plain)]))


def test_every_cut_ends_in_words(make: Make, exercise: Callable[..., str]) -> None:
    image = make("-comp", "zstd")
    ends = {exercise(FORMAT, image[: len(image) * step // 50]) for step in range(50)}
    assert "Damaged" in ends


def test_mutations_end_in_words(
    plain: bytes, exercise: Callable[..., str], mutations: Callable[..., Iterator[bytes]]
) -> None:
    superblock = parse_superblock(plain)
    regions = [(0, 96), (superblock.inode_table, superblock.directory_table), (superblock.directory_table, len(plain))]
    ends = [exercise(FORMAT, data) for data in mutations(plain, regions, 300)]
    assert ends.count("partly") > 50
    assert ends.count("Damaged") > 20


def test_a_folder_of_which_nothing_can_be_read_is_told(plain: bytes) -> None:
    """The metadata block that the root's listing begins in has no length."""
    superblock = parse_superblock(plain)
    root = opened(plain)._image.inode(superblock.root)
    data = bytearray(plain)
    struct.pack_into("<H", data, superblock.directory_table + root.start, 0)
    hurt = opened(bytes(data))
    assert list(hurt.entries()) == []
    assert hurt.problems == ("/ cannot be listed in full: a metadata block of 0 bytes does not fit its table",)


def test_attributes_that_cannot_be_read_are_told(plain: bytes) -> None:
    """The table says that it has no rows."""
    data = bytearray(plain)
    struct.pack_into("<I", data, parse_superblock(plain).xattr_table + 8, 0)
    hurt = opened(bytes(data))
    assert hurt.lstat("bin/ping") is not None
    assert any("the extended attributes cannot be read" in problem for problem in hurt.problems)


def test_values_that_files_share_are_found_in_whatever_block_they_lie(make: Make) -> None:
    stream = io.BytesIO()
    values = [f"{number:03}".encode() * 300 for number in range(40)]
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number, value in enumerate(values * 2):
            info = tarfile.TarInfo(f"file-{number:02}")
            own = {"SCHILY.xattr.user.own": str(number), "SCHILY.xattr.user.shared": value.decode()}
            info.pax_headers = own
            tar.addfile(info)
    tree = opened(make("-noX", tar=stream.getvalue()))
    assert [dict(entry.xattrs)["user.shared"] for entry in tree.entries()] == values * 2
    assert tree.problems == ()
