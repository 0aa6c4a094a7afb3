import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from laid import lay

from firmward.formats.romfs import MODES
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.romfs import FORMAT, RomfsTree
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind

OPTIONS = ("-V rom", "-V aname16characters -a 4096", "-V x -A 64,/bin/*")


def opened(data: bytes) -> RomfsTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, RomfsTree)
    return tree


def _shown(item: Any) -> Any:
    """What Linux shows of an item in a romfs."""
    mode = MODES[item.kind]
    if item.kind is Kind.DIRECTORY or (item.kind is Kind.FILE and item.mode & 0o111):
        mode |= 0o111
    return replace(item, mode=mode, uid=0, gid=0, mtime=0, xattrs={}, device=item.device and (item.device[0], 3))


@pytest.fixture(scope="module")
def items(root: list[Any]) -> list[Any]:
    return [_shown(item) for item in root if len(item.path) < 200]


@pytest.fixture(scope="module")
def make(items: list[Any], run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    folder = tmp_path_factory.mktemp("romfs")
    real = lay(items, folder / "root")

    def make_image(*options: str) -> bytes:
        run("genromfs", "-d", real, "-f", folder / "image", *options)
        return (folder / "image").read_bytes()

    return make_image


@pytest.fixture(scope="module")
def plain(make: Callable[..., bytes]) -> bytes:
    return make("-V", "rom")


@pytest.mark.parametrize("options", OPTIONS)
def test_what_went_in_comes_out(options: str, make: Callable[..., bytes], check: Any, items: list[Any]) -> None:
    image = make(*options.split())
    tree = opened(image)
    assert tree.problems == ()
    assert tree.superblock.volume == options.split()[1]
    assert len(image) - 1024 < (FORMAT.measure(Bytes(image + b"\xff" * 5000)) or 0) <= len(image)
    check(tree, items)


def test_a_hard_link_is_the_file_itself(plain: bytes) -> None:
    tree = opened(plain)
    assert tree._references["bin/twin"] == tree._references["bin/busybox"]


def test_a_checksum_that_does_not_hold_makes_it_none(plain: bytes) -> None:
    data = bytearray(plain)
    data[12] ^= 1
    assert FORMAT.measure(Bytes(bytes(data))) is None
    with pytest.raises(Damaged):
        opened(bytes(data))


def test_a_header_whose_checksum_does_not_hold_is_told(plain: bytes) -> None:
    data = bytearray(plain)
    place = opened(plain)._references["opt/tail"]
    data[place + 12] ^= 1
    hurt = opened(bytes(data))
    assert hurt.problems == ("opt/tail: the checksum of its header does not hold",)
    assert hurt.read("opt/tail") == opened(plain).read("opt/tail")


def test_a_chain_in_a_circle_ends(plain: bytes) -> None:
    places = opened(plain)._references
    data = bytearray(plain)
    kind = data[places["many/file-010"] + 3] & 15
    struct.pack_into(">I", data, places["many/file-010"], places["many/file-010"] | kind)
    hurt = opened(bytes(data))
    assert "many cannot be listed in full: a chain of files runs in a circle" in hurt.problems
    assert "many/file-010" in {entry.path for entry in hurt.entries()}


def test_content_outside_is_unreadable(plain: bytes) -> None:
    data = bytearray(plain)
    struct.pack_into(">I", data, opened(plain)._references["opt/tail"] + 8, 1 << 31)
    with pytest.raises(Unavailable, match="outside"):
        next(opened(bytes(data)).chunks(opened(bytes(data)).lstat("opt/tail")))  # type: ignore[arg-type]


def test_too_many_entries_end_it(plain: bytes) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(plain), Budget(Limits(entries=100)))


def test_every_cut_ends_in_words(plain: bytes, exercise: Callable[..., str]) -> None:
    ends = {exercise(FORMAT, plain[: len(plain) * step // 40]) for step in range(40)}
    assert ends >= {"Damaged", "partly"}


def test_mutations_end_in_words(plain: bytes, exercise: Any, mutations: Any) -> None:
    places = sorted(opened(plain)._references.values())
    regions = [(32, 96), *((place, place + 32) for place in places), (0, len(plain))]
    ends = [exercise(FORMAT, data) for data in mutations(plain, regions, 150)]
    assert ends.count("partly") > 50
