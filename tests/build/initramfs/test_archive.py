"""Archives for the kernel: cpio(1) and the packers themselves are witnesses of what is written."""

import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pe_image import run

from firmward.build.initramfs import archive, packing
from firmward.build.initramfs.archive import Member, folder, link, program
from firmward.formats import cpio
from firmward.image.opening import open_image
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.memory import MemoryTree, Node
from firmward.model.tree import Kind

MEMBERS = (
    program("init", b"#!/bin/sh\n"),
    program("bin/busybox", b"\x7fELF" * 1000),
    link("bin/sh", "busybox"),
    Member("health/busybox", same_as="bin/busybox"),
    Member("a", same_as="bin/busybox"),
    Member("dev/console", Kind.CHARACTER, 0o600, device=(5, 1)),
    Member("dev/disk", Kind.BLOCK, 0o660, 0, 6, device=(254, 3)),
    Member("etc/shadow", mode=0o640, gid=42, mtime=1764547200, content=b"root:*\n"),
    Member("run/pipe", Kind.FIFO, 0o600),
    folder("tmp", 0o1777),
    Member("tmp/empty"),
)


def written(members: tuple[Member, ...], path: Path, compression: str = "none") -> bytes:
    archive.write(members, path, compression)
    return path.read_bytes()


def test_cpio_lists_parents_first_and_all_sorted_but_init_which_is_last(tmp_path: Path) -> None:
    *names, last = run("cpio", "-t", feed=written(MEMBERS, tmp_path / "made")).decode().split()
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert last == "init"
    assert {"bin", "dev", "etc", "health", "run"} <= set(names)
    assert len(names) + 1 == len(MEMBERS) + 5


@pytest.mark.parametrize("compression", packing.COMPRESSIONS)
def test_another_root_hash_leaves_what_is_packed_before_it(tmp_path: Path, compression: str) -> None:
    others = [program(f"lib/{number}", random.Random(number).randbytes(20_000)) for number in range(10)]
    one, two = (
        written((*others, program("init", f"#!/bin/sh\nhash={digit * 64}\n".encode())), tmp_path / "made", compression)
        for digit in "ab"
    )
    assert one[:195_000] == two[:195_000]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes nodes of devices")
def test_cpio_unpacks_what_was_meant(tmp_path: Path) -> None:
    packed = written(MEMBERS, tmp_path / "made")
    whole = tmp_path / "whole"
    whole.mkdir()
    run("cpio", "-i", "--no-absolute-filenames", "-D", whole, feed=packed)
    busybox = (whole / "bin/busybox").stat()
    assert (whole / "bin/busybox").read_bytes() == b"\x7fELF" * 1000
    assert busybox.st_nlink == 3
    assert (whole / "health/busybox").stat().st_ino == (whole / "a").stat().st_ino == busybox.st_ino
    assert os.readlink(whole / "bin/sh") == "busybox"  # noqa: PTH115 - as text
    console, disk = (whole / "dev/console").stat(), (whole / "dev/disk").stat()
    assert stat.S_ISCHR(console.st_mode)
    assert (os.major(disk.st_rdev), os.minor(disk.st_rdev), disk.st_gid) == (254, 3, 6)
    shadow = (whole / "etc/shadow").stat()
    assert (stat.S_IMODE(shadow.st_mode), shadow.st_gid) == (0o640, 42)
    assert stat.S_ISFIFO((whole / "run/pipe").stat().st_mode)
    assert stat.S_IMODE((whole / "tmp").stat().st_mode) == 0o1777


def test_hard_links_carry_the_data_once_and_last(tmp_path: Path) -> None:
    packed = written(MEMBERS, tmp_path / "made")
    found = list(cpio.members(lambda offset, length: packed[offset : offset + length], 0))
    twins = {one.name.decode(): (one.links, one.size) for one in found if one.links == 3}
    assert twins == {"a": (3, 0), "bin/busybox": (3, 0), "health/busybox": (3, 4000)}
    inodes = [one.inode[2] for one in found[:-1]]
    assert sorted(set(inodes)) == list(range(1, len(set(inodes)) + 1))


@pytest.mark.parametrize("compression", packing.COMPRESSIONS)
def test_the_order_of_members_and_the_folder_do_not_matter(tmp_path: Path, compression: str) -> None:
    (tmp_path / "other").mkdir()
    one = written(MEMBERS, tmp_path / "made", compression)
    assert written(MEMBERS[::-1], tmp_path / "other/name", compression) == one
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "other"]


@pytest.mark.parametrize("compression", packing.COMPRESSIONS)
def test_what_was_written_is_read_again(tmp_path: Path, compression: str) -> None:
    archive.write(MEMBERS, tmp_path / "made", compression)
    found = archive.read(tmp_path / "made")
    archive.write(found, tmp_path / "again", compression)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "made").read_bytes()
    contents = {one.path: b"".join(one.chunks()) for one in found if one.kind is Kind.FILE and not one.same_as}
    assert contents["a"] == b"\x7fELF" * 1000
    assert contents["etc/shadow"] == b"root:*\n"


def test_a_reader_of_images_sees_the_same_files(tmp_path: Path) -> None:
    archive.write(MEMBERS, tmp_path / "made", "gzip")
    (root,) = open_image(tmp_path / "made").roots
    entry = root.tree.lstat("etc/shadow")
    assert entry is not None
    assert (entry.mode, entry.gid, entry.mtime, root.tree.read("etc/shadow")) == (0o640, 42, 1764547200, b"root:*\n")
    assert root.tree.read("health/busybox") == root.tree.read("a") == b"\x7fELF" * 1000


NAMES = some.lists(some.sampled_from(["a", "b c", "é", "$x", "a-1"]), min_size=1, max_size=3).map("/".join)


@given(some.dictionaries(NAMES, some.binary(max_size=9), max_size=8))
def test_any_files_come_back(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    names = [name for name in files if not any(other.startswith(f"{name}/") for other in files)]
    path = tmp_path_factory.mktemp("any") / "made"
    archive.write((Member(name, content=files[name]) for name in names), path, "none")
    found = {one.path: one.content for one in archive.read(path) if one.kind is Kind.FILE}
    assert found == {name: files[name] for name in names}


REFUSED = {
    "a name that leads out": (Member("a/../b"),),
    "no name": (Member(""),),
    "a whole path": (Member("/etc/passwd"),),
    "the name of the end": (Member("TRAILER!!!"),),
    "twice": (Member("a"), Member("a")),
    "a file that is a folder as well": (Member("a"), Member("a/b")),
    "a link of nothing": (Member("a", same_as="b"),),
    "a link of a link": (Member("a"), Member("b", same_as="a"), Member("c", same_as="b")),
    "4 GiB": (Member("a", size=1 << 32, content=lambda: iter((b"",))),),
    "fewer bytes than it says": (Member("a", size=5, content=lambda: iter((b"abc",))),),
    "an owner below zero": (Member("a", uid=-1),),
}


@pytest.mark.parametrize("members", REFUSED.values(), ids=REFUSED.keys())
def test_what_no_archive_can_hold_is_refused_and_nothing_is_left(tmp_path: Path, members: tuple[Member, ...]) -> None:
    with pytest.raises(InputError):
        archive.write(members, tmp_path / "made")
    assert list(tmp_path.iterdir()) == []


def test_a_content_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"ab"
        raise Unavailable("a is damaged")

    with pytest.raises(InputError, match="made: cannot be written: a is damaged"):
        archive.write((Member("a", content=pieces, size=3),), tmp_path / "made", "lz4")
    assert list(tmp_path.iterdir()) == []


def test_contents_are_taken_piece_by_piece(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b"ab", b"", b"c")

    archive.write((Member("a", content=pieces, size=3),), tmp_path / "made", "xz")
    assert archive.read(tmp_path / "made")[0].content == b"abc"


def test_a_file_of_a_tree_keeps_its_owner_and_gets_the_day_of_the_build() -> None:
    tree = MemoryTree({"etc/x": Node("text", 0o4750, 7, 8), "l": Node(target="/etc/x", kind=Kind.SYMLINK)})
    one, other = (archive.of_tree(tree, entry, 99) for entry in tree.entries() if entry.kind is not Kind.DIRECTORY)
    assert (one.mode, one.uid, one.gid, one.mtime, one.size, b"".join(one.chunks())) == (0o4750, 7, 8, 99, 4, b"text")
    assert (other.target, other.mtime) == ("/etc/x", 99)
