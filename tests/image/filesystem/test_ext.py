import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmward.formats.ext4 import parse_superblock
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.ext import FORMAT, ExtTree
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind

OPTIONS = (
    "-t ext2 -b 1024",
    "-t ext2 -b 4096 -I 128 -O ^filetype",
    "-t ext3 -b 1024",
    "-t ext4 -b 4096",
    "-t ext4 -b 1024 -O 64bit,metadata_csum",
    "-t ext4 -b 4096 -O inline_data -I 512",
    "-t ext4 -b 1024 -O inline_data,^64bit,^metadata_csum -I 256",
    "-t ext4 -b 1024 -O ^extent,^64bit",
    "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 1024",
    "-t ext4 -b 4096 -O bigalloc -C 16384",
    "-t ext4 -b 2048 -O sparse_super2,ea_inode",
)

Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def make(run: Callable[..., str], root: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Make:
    base = tmp_path_factory.mktemp("ext")
    folder = base / "root"
    _lay_all(folder, root)

    def make_image(*options: str, extra: str = "", size: str = "8M", source: Path = folder) -> bytes:
        image = base / "image"
        image.unlink(missing_ok=True)
        run("mke2fs", "-q", "-F", *options, "-d", source, image, size)
        script = base / "script"
        script.write_text((_script(root, base) if source is folder else "") + extra)
        run("debugfs", "-w", "-f", script, image)
        return image.read_bytes()

    return make_image


def _lay_all(folder: Path, root: list[Any]) -> None:
    folder.mkdir()
    for item in root:
        _lay(folder, item)
    for item in sorted(root, key=lambda item: item.path, reverse=True):  # folders last: what goes in touches them
        if item.kind in (Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK):
            os.utime(folder / item.path, (item.mtime, item.mtime), follow_symlinks=False)


def _lay(folder: Path, item: Any) -> None:
    path = folder / item.path
    if item.kind is Kind.DIRECTORY:
        path.mkdir()
    elif item.kind is Kind.SYMLINK:
        path.symlink_to(item.target)
    elif item.hard_link:
        path.hardlink_to(folder / item.hard_link)
    elif item.kind is Kind.FILE:
        path.write_bytes(item.content)
    if item.kind in (Kind.FILE, Kind.DIRECTORY):
        path.chmod(item.mode)


def _script(root: list[Any], base: Path) -> str:
    """What a folder of an unprivileged user cannot hold, written by debugfs."""
    lines = []
    for item in root:
        if item.kind in (Kind.CHARACTER, Kind.BLOCK, Kind.FIFO):
            folder, _, name = item.path.rpartition("/")
            letter = {Kind.CHARACTER: "c", Kind.BLOCK: "b", Kind.FIFO: "p"}[item.kind]
            numbers = " ".join(map(str, item.device or ()))
            kind = {Kind.CHARACTER: 0o020000, Kind.BLOCK: 0o060000, Kind.FIFO: 0o010000}[item.kind]
            lines += [f"cd /{folder}", f"mknod {name} {letter} {numbers}", "cd /"]
            lines += [f"sif /{item.path} mode 0{kind | item.mode:o}", f"sif /{item.path} mtime @{item.mtime}"]
        lines += [f"sif /{item.path} uid {item.uid}", f"sif /{item.path} gid {item.gid}"]
        for number, (name, value) in enumerate(item.xattrs.items()):
            if not item.hard_link:
                holder = base / f"{item.path.replace('/', '-')}-{number}"
                holder.write_bytes(value)
                lines.append(f"ea_set -f {holder} /{item.path} {name}")
    lines.append("sif /dev mtime @1700000000")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def plain(make: Make, root: list[Any], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What is damaged hundreds of times: the same with fewer files."""
    folder = tmp_path_factory.mktemp("ext") / "few"
    _lay_all(folder, [item for item in root if not item.path.startswith(("many/file-1", "many/file-2"))])
    options = ("-t", "ext4", "-b", "1024", "-O", "^metadata_csum,^64bit,^has_journal")
    return make(*options, size="3M", source=folder)


def opened(data: bytes) -> ExtTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, ExtTree)
    return tree


class Without(ExtTree):
    """The same tree without some paths: lost+found, which mke2fs adds, and what it writes wrong."""

    def __init__(self, tree: ExtTree, *left_out: str) -> None:
        self.__dict__.update(tree.__dict__)
        self.left_out = {"lost+found", *left_out}

    def entries(self) -> Iterator[Entry]:
        return (entry for entry in super().entries() if entry.path not in self.left_out)


@pytest.mark.parametrize("options", OPTIONS)
def test_what_went_in_comes_out(options: str, make: Make, check: Callable[..., None], root: list[Any]) -> None:
    tree = opened(make(*options.split(), size="16M"))
    assert tree.problems == ()
    assert tree.superblock.variant == options.split()[1]
    found = tree.lstat("lost+found")
    assert found is not None
    assert (found.kind, found.mode) == (Kind.DIRECTORY, 0o700)
    # with inline_data, mke2fs 1.47 ends a file with holes at its first one
    wrong = {"opt/holes", "opt/nothing-but-hole"} if "inline_data" in options else set()
    check(Without(tree, *wrong), [item for item in root if item.path not in wrong])


def test_the_length_is_the_superblocks(make: Make) -> None:
    image = make("-t", "ext4", "-b", "4096")
    assert FORMAT.measure(Bytes(image + b"\xff" * 5000)) == len(image) == 8 << 20
    assert FORMAT.measure(Bytes(image[:100_000])) == 100_000


def test_a_copy_of_the_superblock_is_no_beginning(make: Make) -> None:
    """Backups stand at the start of later groups; an image begins at none of them."""
    image = make("-t", "ext4", "-b", "1024")
    assert FORMAT.measure(Bytes(image[8193 * 1024 - 1024 :]) if len(image) > 8193 * 1024 else Bytes(b"")) is None
    data = bytearray(image)
    data[1024 + 0x5A : 1024 + 0x5C] = b"\x01\0"
    assert FORMAT.measure(Bytes(bytes(data))) is None


def test_a_hashed_folder(
    make: Make, run: Callable[..., str], work: Path, check: Callable[..., None], root: Any
) -> None:
    image = work / "image"
    image.write_bytes(make("-t", "ext4", "-b", "1024"))
    run("e2fsck", "-fyD", image, fine=(0, 1))
    tree = opened(image.read_bytes())
    assert tree._image.inode(tree._references["many"]).flags & 0x1000
    check(Without(tree), root)


@pytest.mark.parametrize("options", ["-t ext2 -b 1024", "-t ext4 -b 1024"])
def test_a_file_with_holes_behind_three_levels(options: str, make: Make, work: Path) -> None:
    folder = work / "root"
    folder.mkdir()
    with (folder / "big").open("wb") as stream:
        for at in (0, 5_000, 300_000, 68_000_000, 70_000_000):
            stream.seek(at)
            stream.write(b"mark %d" % at)
        stream.truncate(70_500_000)
    tree = opened(make(*options.split(), source=folder))
    entry = tree.lstat("big")
    assert entry is not None
    assert b"".join(tree.chunks(entry)) == (folder / "big").read_bytes()


def test_access_lists_are_as_getxattr_gives_them(make: Make, work: Path) -> None:
    rights = [
        (0x01, 6, 0xFFFFFFFF),
        (0x02, 4, 1000),
        (0x04, 4, 0xFFFFFFFF),
        (0x10, 4, 0xFFFFFFFF),
        (0x20, 0, 0xFFFFFFFF),
    ]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *right) for right in rights)
    (work / "acl").write_bytes(value)
    tree = opened(make("-t", "ext4", extra=f"ea_set -f {work / 'acl'} /etc/empty system.posix_acl_access\n"))
    entry = tree.lstat("etc/empty")
    assert entry is not None
    assert entry.xattrs == (("system.posix_acl_access", value),)


def test_an_attribute_in_an_inode_of_its_own(make: Make, work: Path) -> None:
    value = bytes(range(256)) * 4  # as much as debugfs reads, and more than a block holds
    (work / "value").write_bytes(value)
    image = make(
        "-t", "ext4", "-b", "1024", "-O", "ea_inode", extra=f"ea_set -f {work / 'value'} /etc/empty user.large\n"
    )
    entry = opened(image).lstat("etc/empty")
    assert entry is not None
    assert entry.xattrs == (("user.large", value),)


def test_what_is_encrypted_is_unreadable_and_the_rest_is_not(make: Make) -> None:
    extra = "sif /etc/sshd_config flags 0x80800\nsif /many flags 0x80800\nsif /bin/sh flags 0x800\n"
    tree = opened(make("-t", "ext4", "-O", "encrypt", extra=extra))
    entry = tree.lstat("etc/sshd_config")
    assert entry is not None
    with pytest.raises(Unavailable, match="fscrypt"):
        list(tree.chunks(entry))
    assert tree.names("many") == ()
    assert [problem.split(":")[0] for problem in sorted(tree.problems)] == [
        "bin/sh",
        "many cannot be listed in full",
    ]
    assert tree.read("opt/exact") is not None


def test_a_journal_that_was_not_replayed_is_told(make: Make) -> None:
    assert "journal" in opened(make("-t", "ext4", extra="feature needs_recovery\n")).problems[0]


def test_a_damaged_folder_loses_its_files_alone(plain: bytes) -> None:
    tree = opened(plain)
    data = bytearray(plain)
    block = next(tree._image.runs(tree._image.inode(tree._references["many"]))).start
    data[block * 1024 + 4 : block * 1024 + 6] = b"\xff\xff"
    hurt = opened(bytes(data))
    assert 0 < len(hurt.names("many")) < 100
    assert len(hurt.problems) == 1
    assert hurt.lstat("opt/large") is not None


def test_a_folder_in_itself_is_listed_once(plain: bytes) -> None:
    tree = opened(plain)
    data = bytearray(plain)
    block = next(tree._image.runs(tree._image.inode(tree._references["deep/deep"]))).start
    at = data.index(b"deep", block * 1024) - 8
    struct.pack_into("<I", data, at, 2)
    hurt = opened(bytes(data))
    assert hurt.problems == ("deep/deep/deep is a folder that stands elsewhere too",)


def test_what_was_reserved_and_never_written_is_zero(plain: bytes) -> None:
    """The first extent of a file is marked as one whose blocks hold what was there before."""
    tree = opened(plain)
    inode = tree._image.inode(tree._references["opt/exact"])
    at = plain.index(inode.map)
    count = next(tree._image.runs(inode)).count
    data = bytearray(plain)
    assert struct.unpack_from("<HH", plain, at + 16)[0] == count
    struct.pack_into("<H", data, at + 16, count + 32768)
    content = opened(bytes(data)).read("opt/exact") or b""
    assert len(content) == inode.size
    assert not content[: count * 1024].strip(b"\0")


def test_an_extent_tree_in_a_circle_ends(plain: bytes) -> None:
    """The root of a tree is made an index whose only child is itself, one level too low."""
    tree = opened(plain)
    entry = tree.lstat("opt/large")
    assert entry is not None
    inode = tree._image.inode(tree._references["opt/large"])
    at = plain.index(inode.map)
    block = next(tree._image.runs(inode)).start
    data = bytearray(plain)
    node = struct.pack("<HHHHI", 0xF30A, 2, 4, 1, 0) + struct.pack("<IIHH", 0, block, 0, 0) * 2
    data[at : at + len(node)] = node
    data[block * 1024 : block * 1024 + 12] = struct.pack("<HHHHI", 0xF30A, 0, 84, 0, 0)
    with pytest.raises(Unavailable, match="circle"):
        list(opened(bytes(data)).chunks(entry))


def test_too_many_entries_end_it(plain: bytes) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(plain), Budget(Limits(entries=100)))


def test_features_that_would_be_misread_are_refused(plain: bytes) -> None:
    data = bytearray(plain)
    data[1024 + 0x62] |= 0x80
    assert FORMAT.measure(Bytes(bytes(data))) == len(plain)
    with pytest.raises(Damaged, match="features"):
        opened(bytes(data))


def test_absurd_numbers_end_in_words(plain: bytes, exercise: Callable[..., str]) -> None:
    for at in range(1024, 1024 + 0x108, 4):
        for value in (b"\xff\xff\xff\x7f", bytes(4)):
            data = bytearray(plain)
            data[at : at + 4] = value
            exercise(FORMAT, bytes(data))


def test_every_cut_ends_in_words(plain: bytes, exercise: Callable[..., str]) -> None:
    ends = {exercise(FORMAT, plain[: len(plain) * step // 50]) for step in range(50)}
    assert ends >= {"Damaged", "partly"}


def test_mutations_end_in_words(plain: bytes, exercise: Callable[..., str], mutations: Callable[..., Any]) -> None:
    tree = opened(plain)
    superblock = parse_superblock(plain[1024:2048])
    table = tree._image._inode_table(0) * 1024
    folders = [
        next(tree._image.runs(tree._image.inode(tree._references[path]))).start for path in ("etc", "many", "bin")
    ]
    regions = [(1024, 1400), (2048, 2048 + 32 * superblock.groups), (table, table + 190 * superblock.inode_size)]
    regions += [(table, table + 190 * superblock.inode_size)] * 3 + [(at * 1024, at * 1024 + 400) for at in folders]
    ends = [exercise(FORMAT, data) for data in mutations(plain, regions, 300)]
    assert ends.count("partly") > 50
    assert ends.count("Damaged") > 20
