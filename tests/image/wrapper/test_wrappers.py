"""Compressed streams as the real programs write them."""

from pathlib import Path

import pytest

from firmward.image import catalogue
from firmward.image.budget import Budget, Limits
from firmward.image.format import Child, Format
from firmward.image.opening import Image, open_image
from firmward.image.source import Bytes
from firmward.model.tree import Tree

PACKERS = {
    "gzip": ("gzip", "-c"),
    "xz": ("xz", "-0", "-c"),
    "bzip2": ("bzip2", "-1", "-c"),
    "zstd": ("zstd", "-c"),
    "lz4": ("lz4", "-c"),
    "lz4-legacy": ("lz4", "-l", "-c"),
    "lzma": ("lzma", "-0", "-c"),
    "lzop": ("lzop", "-c"),
    "lzip": ("lzip", "-0", "-c"),
}
CONTENT = b"".join(b"line %d of a firmware image\n" % number for number in range(20_000))
BEHIND = b"what lies behind " * 300

packers = pytest.mark.parametrize("name", PACKERS)


def wrapper(name: str) -> Format:
    return next(one for one in catalogue.wrappers() if one.name == name.removesuffix("-legacy"))


def opened(name: str, data: bytes) -> list[Child]:
    children = wrapper(name).open(Bytes(data), Budget(Limits(expanded_bytes=32 << 20)))
    assert not isinstance(children, Tree)
    return list(children)


def content(child: Child) -> bytes:
    assert child.source is not None
    return child.source.read(0, child.source.size)


@packers
def test_the_content_comes_out(tool, name: str) -> None:
    (child,) = opened(name, tool(*PACKERS[name], stdin=CONTENT))
    assert content(child) == CONTENT
    assert child.problem is None


@packers
def test_padding_behind_the_stream_is_no_part(tool, name: str) -> None:
    (child,) = opened(name, tool(*PACKERS[name], stdin=CONTENT) + bytes(5000))
    assert content(child) == CONTENT
    assert child.problem is None


@pytest.mark.parametrize("name", ["gzip", "xz", "bzip2", "zstd", "lz4", "lz4-legacy", "lzip"])
def test_concatenated_streams_are_one_content(tool, name: str) -> None:
    (child,) = opened(name, tool(*PACKERS[name], stdin=CONTENT) + tool(*PACKERS[name], stdin=b"more"))
    assert content(child) == CONTENT + b"more"


@packers
def test_a_cut_stream_gives_what_came_out_and_a_problem(tool, name: str) -> None:
    large = CONTENT * (20 if name.startswith(("lz4", "lzop")) else 1)  # more than one block of each program
    packed = tool(*PACKERS[name], stdin=large)
    (child,) = opened(name, packed[: len(packed) * 3 // 4])
    found = content(child)
    assert found
    assert large.startswith(found)
    assert child.problem


@pytest.mark.parametrize("name", ["xz", "zstd", "lz4", "lz4-legacy", "lzop"])
def test_the_length_is_known_without_expanding(tool, name: str) -> None:
    packed = tool(*PACKERS[name], stdin=CONTENT)
    assert wrapper(name).measure(Bytes(packed + BEHIND)) == len(packed)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma"])
def test_the_length_is_found_by_reading_through(tool, name: str) -> None:
    packed = tool(*PACKERS[name], stdin=CONTENT)
    end = wrapper(name).end
    assert end is not None
    assert end(Bytes(packed + BEHIND), Budget()) == len(packed)


@packers
def test_what_stands_behind_a_stream_is_a_part(tool, tmp_path: Path, name: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(tool(*PACKERS[name], stdin=CONTENT) + BEHIND)
    behind = [part for part in open_image(path).parts if part.id.startswith("image/rest-")]
    assert [part.parent for part in behind] == ["image"]


@packers
def test_a_bomb_stops_at_the_budget_and_the_part_says_so(tool, tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(tool(*PACKERS[name], stdin=bytes(6 << 20)))
    image: Image = open_image(path, Limits(expanded_bytes=1 << 20))
    assert "expands to more than" in (image.parts[0].problem or "")
    assert image.budget.exhausted


def test_the_stored_name_is_the_childs(tool, tmp_path: Path) -> None:
    (tmp_path / "vmlinux.bin").write_bytes(CONTENT)
    tool("gzip", tmp_path / "vmlinux.bin")
    assert [part.id for part in open_image(tmp_path / "vmlinux.bin.gz").parts] == ["image", "image/vmlinux.bin"]


def test_lzma_without_its_size_is_read(tool) -> None:
    """As some makers write it; with an end mark, and without one."""
    packed = tool(*PACKERS["lzma"], stdin=CONTENT)
    bare = packed[:5] + packed[13:]
    assert wrapper("lzma").measure(Bytes(bare)) == len(bare)
    (child,) = opened("lzma", bare)
    assert (content(child), child.problem) == (CONTENT, None)
    (child,) = opened("lzma", bare[:-7])
    assert content(child)[:400_000] == CONTENT[:400_000]
    assert child.problem


@pytest.mark.parametrize("behind", [bytes(9000), b"\0" + b"PermitRootLogin no\n" * 900, b"\0" + bytes(range(256)) * 90])
def test_what_begins_like_lzma_by_chance_is_none(behind: bytes) -> None:
    assert wrapper("lzma").measure(Bytes(b"\x5d\0\0\x80\0" + behind)) is None


def test_lzop_gives_each_file_by_its_name(tool, tmp_path: Path) -> None:
    for name in ("kernel.bin", "root.bin"):
        (tmp_path / name).write_bytes(name.encode() * 9000)
    packed = tool("lzop", "-c", tmp_path / "kernel.bin", tmp_path / "root.bin")
    assert [(child.name, content(child)[:8]) for child in opened("lzop", packed)] == [
        ("kernel.bin", b"kernel.b"),
        ("root.bin", b"root.bin"),
    ]


@pytest.mark.parametrize("options", [("-1",), ("-9",), ("--crc32",), ("-CC",)])
def test_lzop_checks_its_blocks(tool, options: tuple[str, ...]) -> None:
    packed = bytearray(tool("lzop", "-c", *options, stdin=CONTENT * 2))
    packed[len(packed) - 2000] ^= 0x55
    (child,) = opened("lzop", bytes(packed))
    assert child.problem
    assert (CONTENT * 2).startswith(content(child))


def test_lzip_checks_its_members(tool) -> None:
    packed = bytearray(tool(*PACKERS["lzip"], stdin=CONTENT))
    packed[-20] ^= 1
    (child,) = opened("lzip", bytes(packed))
    assert "checksum or lengths" in (child.problem or "")
