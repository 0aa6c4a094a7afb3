import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmward.image import catalogue
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.iso9660 import FORMAT, IsoTree
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind

LONG = "long"
"""A link whose target fills several entries: genisoimage writes it wrong, and loops without end on some folders."""

ROCK_RIDGE = (
    ("genisoimage", "-R", "-m", LONG),
    ("genisoimage", "-R", "-D", "-m", LONG),
    ("genisoimage", "-R", "-J", "-m", LONG),
    ("xorriso", "-as", "mkisofs", "-R"),
    ("xorriso", "-as", "mkisofs", "-R", "-J", "-D"),
)
QUIET = {"genisoimage": ("-quiet",), "xorriso": ()}

Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def folder(archive: bytes, run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root as a folder, which needs privilege to hold owners and devices."""
    if os.geteuid():
        pytest.skip("owners and devices want root")
    folder = tmp_path_factory.mktemp("iso-root")
    run("tar", "-xpf", "-", "-C", folder, "--same-owner", feed=archive)
    return folder


@pytest.fixture(scope="module")
def make(run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Make:
    image = tmp_path_factory.mktemp("iso") / "image"

    def make_image(*command: str, folder: Path) -> bytes:
        image.unlink(missing_ok=True)
        program, *options = command
        run(program, *options[: 2 if program == "xorriso" else 0], *QUIET[program],
            *options[2 if program == "xorriso" else 0 :], "-o", image, folder)  # fmt: skip
        return image.read_bytes()

    return make_image


@pytest.fixture(scope="module")
def plain(make: Make, small: Path) -> bytes:
    return make("genisoimage", "-R", "-J", folder=small)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("iso-small")
    for name, content in SMALL.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "link").symlink_to("/usr/./lib/../share")
    return folder


SMALL = {
    "boot/grub.cfg": b"set timeout=0\n" * 30,
    "a name with spaces and a long tail.configuration": b"x" * 5000,
    "gr\u00fc\u00dfe.txt": b"utf-8",
    "empty": b"",
    **{f"many/file {number}": b"%d" % number for number in range(150)},
}


def opened(data: bytes) -> IsoTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, IsoTree)
    return tree


def seen(tree: IsoTree) -> dict[str, bytes]:
    return {entry.path: b"".join(tree.chunks(entry)) for entry in tree.entries() if entry.kind is Kind.FILE}


@pytest.mark.parametrize("command", ROCK_RIDGE, ids=" ".join)
def test_what_went_in_comes_out(
    command: tuple[str, ...], make: Make, folder: Path, root: list[Any], check: Callable[..., None]
) -> None:
    image = make(*command, folder=folder)
    assert FORMAT.measure(Bytes(image + bytes(9000))) == opened(image).volume.size
    tree = opened(image)
    assert tree.problems == ()
    found = {entry.path: entry for entry in tree.entries()}
    expected = [item for item in root if LONG not in command or item.path != f"etc/{LONG}"]
    assert set(found) - {"rr_moved"} == {item.path for item in expected}
    for item in expected:
        entry, wanted = found[item.path], item.entry()
        assert (entry.kind, entry.mode, entry.uid, entry.gid) == (wanted.kind, wanted.mode, wanted.uid, wanted.gid)
        assert (entry.mtime, entry.device) == (wanted.mtime, wanted.device)
        assert entry.target == wanted.target
        if entry.kind is Kind.FILE:
            assert b"".join(tree.chunks(entry)) == item.content, entry.path


def test_without_rock_ridge_the_names_are_those_of_joliet(make: Make, small: Path) -> None:
    tree = opened(make("genisoimage", "-J", "-joliet-long", folder=small))
    assert seen(tree) == SMALL
    assert {(entry.mode, entry.uid) for entry in tree.entries()} == {(0o555, 0)}


def test_without_both_the_names_are_short_and_small(make: Make, small: Path) -> None:
    tree = opened(make("genisoimage", folder=small))
    assert tree.read("boot/grub.cfg") == SMALL["boot/grub.cfg"]
    assert all(path == path.lower() and ";" not in path for path in seen(tree))
    assert sorted(seen(tree).values()) == sorted(SMALL.values())


def test_a_link_is_put_together(plain: bytes) -> None:
    entry = opened(plain).lstat("link")
    assert entry is not None
    assert entry.target == "/usr/./lib/../share"


def test_files_compressed_by_zisofs_are_read(make: Make, run: Callable[..., str], tmp_path: Path) -> None:
    """The compressed file is made by hand, as xorriso would on the fly."""
    content = random.Random(1).randbytes(40_000) + bytes(70_000) + b"end" * 9000
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_bytes(zisofs(content))
    image = make("genisoimage", "-R", "-z", folder=tmp_path / "in")
    assert seen(opened(image)) == {"file": content}


def test_xorriso_compresses_them_the_same(run: Callable[..., str], tmp_path: Path) -> None:
    content = random.Random(1).randbytes(40_000) + bytes(170_000) + b"end" * 9000
    (tmp_path / "file").write_bytes(content)
    run("xorriso", "-outdev", tmp_path / "image", "-zisofs", "by_magic=on", "-map", tmp_path / "file", "/file",
        "-set_filter", "--zisofs", "/file")  # fmt: skip
    tree = opened((tmp_path / "image").read_bytes())
    assert seen(tree) == {"file": content}
    entry = tree.lstat("file")
    assert entry is not None
    assert entry.size == len(content)


def zisofs(content: bytes) -> bytes:
    size = 1 << 15
    blocks = [content[at : at + size] for at in range(0, len(content), size)]
    packed = [zlib.compress(block) if block.strip(b"\0") else b"" for block in blocks]
    at = 16 + 4 * (len(blocks) + 1)
    table = []
    for block in packed:
        table.append(at)
        at += len(block)
    head = b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07" + len(content).to_bytes(4, "little") + bytes([4, 15, 0, 0])
    return head + b"".join(place.to_bytes(4, "little") for place in (*table, at)) + b"".join(packed)


def test_a_file_in_several_extents_is_one(plain: bytes) -> None:
    """Two neighbours are made one: no image of more than 4 GiB is needed."""
    data = bytearray(plain)
    tree = opened(plain)
    first, second = (tree._references[path] for path in ("many/file 100", "many/file 101"))
    offset = _record_of(data, first.extents[0][0] // 2048)
    data[offset + 25] |= 0x80
    hurt = opened(bytes(data))
    assert "many/file 100" not in seen(hurt)
    assert hurt.read("many/file 101") == b"100101"
    assert hurt._references["many/file 101"].extents == first.extents + second.extents


def _record_of(data: bytes, block: int) -> int:
    """Where the record of the first tree stands that names a block."""
    return data.index(block.to_bytes(4, "little") + block.to_bytes(4, "big"), 34 * 1024) - 2


def test_a_boot_image_that_is_no_file_is_told(make: Make, run: Callable[..., str], small: Path, tmp_path: Path) -> None:
    tree = tmp_path / "in"
    (tree / "isolinux").mkdir(parents=True)
    (tree / "isolinux/boot.bin").write_bytes(b"\xeb\xfe" + bytes(4094))
    (tree / "etc").mkdir()
    options = ("-R", "-b", "isolinux/boot.bin", "-no-emul-boot", "-boot-load-size", "4", "-c", "boot.cat")
    image = make("genisoimage", *options, folder=tree)
    assert opened(image).problems == ()
    data = bytearray(image)
    at = opened(image).volume.catalogue
    assert at is not None
    data[at + 40 : at + 42] = b"\x05\0"
    (problem,) = opened(bytes(data)).problems
    assert "El Torito" in problem


def test_an_image_that_is_a_disk_too_is_a_file_system(run: Callable[..., str], small: Path, tmp_path: Path) -> None:
    """With a boot record, and with a GPT."""
    (tmp_path / "efi").write_bytes(bytes(70_000))
    hybrid = ("-R", "-partition_offset", "16", "-append_partition", "2", "0xef", tmp_path / "efi")
    for options in (hybrid, (*hybrid, "-appended_part_as_gpt")):
        image = tmp_path / "image"
        image.unlink(missing_ok=True)
        run("xorriso", "-as", "mkisofs", *options, "-o", image, small)
        data = image.read_bytes()
        assert data[510:512] == b"\x55\xaa"
        found = catalogue.identify(Bytes(data), catalogue.kinds())
        assert found is not None
        assert found[0].name == "iso9660"
        assert "boot/grub.cfg" in {entry.path for entry in open_image(image).trees[0].tree.entries()}
    assert data[512:520] == b"EFI PART"


def test_the_records_of_folders_may_be_damaged(plain: bytes) -> None:
    data = bytearray(plain)
    tree = opened(plain)
    start, length = tree._references["many"].extents[0]
    data[start + 2048 : start + length] = b"\xff" * (length - 2048)
    hurt = opened(bytes(data))
    assert any("many cannot be listed in full" in problem for problem in hurt.problems)
    assert hurt.names("many")
    assert hurt.read("boot/grub.cfg") == SMALL["boot/grub.cfg"]


def test_a_file_behind_the_end_is_unreadable(plain: bytes) -> None:
    tree = opened(plain)
    start, _ = max(record.extents[0] for path, record in tree._references.items() if path.startswith("many/"))
    hurt = opened(plain[:start])
    lost = next(path for path, record in tree._references.items() if record.extents[0][0] == start)
    with pytest.raises(Unavailable, match="ends before"):
        hurt.read(lost)


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, b"\0"), (6, b"\2"), (80, b"\xff"), (128, b"\1"), (120, b"\7"), (156, b"\0"), (158, b"\xff"), (181, b"\0")],
)
def test_a_descriptor_that_contradicts_itself_is_none(plain: bytes, at: int, value: bytes) -> None:
    data = bytearray(plain)
    data[32768 + at : 32768 + at + 1] = value
    assert FORMAT.measure(Bytes(bytes(data))) is None
    with pytest.raises(Damaged):
        opened(bytes(data))


def test_too_many_entries_end_it(plain: bytes) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(plain), Budget(Limits(entries=50)))


def test_every_cut_ends_in_words(plain: bytes, exercise: Callable[..., str]) -> None:
    ends = {exercise(FORMAT, plain[: len(plain) * step // 40]) for step in range(40)}
    assert ends >= {"Damaged", "partly"}


def test_mutations_end_in_words(plain: bytes, exercise: Callable[..., str], mutations: Callable[..., Any]) -> None:
    records = opened(plain)._references
    folders = [(2048 * 16, 2048 * 17), *(r.extents[0] for r in records.values() if r.kind is Kind.DIRECTORY)]
    regions = [(32768, 32768 + 200), *((start, start + min(length, 3000)) for start, length in folders[1:])]
    ends = [exercise(FORMAT, data) for data in mutations(plain, regions, 200)]
    assert ends.count("partly") > 8
