"""The whole disk, beside what sgdisk says of its table."""

import os
import re
from pathlib import Path

import pytest
from program import find_program, run_program

from firmward.build.built import Partition
from firmward.build.disk import PartitionContent, contents, write_disk
from firmward.formats import gpt
from firmward.model.errors import InputError

MIB = 1 << 20
SGDISK = find_program("sgdisk") or "sgdisk"


@pytest.fixture
def parts(tmp_path: Path) -> tuple[PartitionContent, ...]:
    (tmp_path / "boot").write_bytes(os.urandom(3 * MIB + 17))
    (tmp_path / "root").write_bytes(bytes(MIB) + b"root" * 5000 + bytes(2 * MIB) + b"end")
    (tmp_path / "data").write_bytes(bytes(4 * MIB))
    return contents(
        state=b"state" * 100,
        boot=tmp_path / "boot", boot_size=4 * MIB,
        root=tmp_path / "root", slot_size=6 * MIB,
        data=tmp_path / "data", data_size=4 * MIB,
    )  # fmt: skip


def tables(disk: bytes) -> tuple[gpt.Header, tuple[gpt.Partition, ...], gpt.Header]:
    """The header at the disk's start with its table, and the one at its end."""
    first = gpt.parse_header(disk[512:1024])
    second = gpt.parse_header(disk[-512:])
    assert first is not None
    assert second is not None
    table = disk[first.table * 512 :][: first.table_size]
    assert gpt.table_holds(table, first)
    assert gpt.table_holds(disk[second.table * 512 :][: second.table_size], second)
    return first, gpt.parse_table(table, first), second


def test_the_partitions_lie_in_their_order_with_their_content(
    tmp_path: Path, parts: tuple[PartitionContent, ...]
) -> None:
    placed = write_disk(tmp_path / "disk", parts, identity="camera")
    assert [one.name for one in placed] == ["state", "boot_a", "boot_b", "root_a", "root_b", "data"]
    assert placed[0] == Partition("state", MIB, MIB)
    disk = (tmp_path / "disk").read_bytes()
    for one, where in zip(parts, placed, strict=True):
        content = one.content if isinstance(one.content, bytes) else Path(str(one.content)).read_bytes()
        assert where.start % MIB == 0
        assert disk[where.start : where.start + where.size] == content.ljust(one.size, b"\0")


def test_the_witness_finds_nothing_wrong_and_sees_the_same(tmp_path: Path, parts: tuple[PartitionContent, ...]) -> None:
    placed = write_disk(tmp_path / "disk", parts, identity="camera")
    done = run_program([SGDISK, "-v", str(tmp_path / "disk")])
    assert b"No problems found" in done.stdout
    assert done.stderr == b""
    text = run_program([SGDISK, "-p", str(tmp_path / "disk")]).stdout.decode()
    rows = re.findall(r"^ +\d+ +(\d+) +(\d+) +\S+ \S+ +(\S+) +(\S+)$", text, re.MULTILINE)
    expected = [(str(one.start // 512), str((one.start + one.size) // 512 - 1), "8300", one.name) for one in placed]
    assert rows == expected


def test_both_tables_are_whole_and_point_to_each_other(tmp_path: Path, parts: tuple[PartitionContent, ...]) -> None:
    placed = write_disk(tmp_path / "disk", parts, identity="camera")
    disk = (tmp_path / "disk").read_bytes()
    first, found, second = tables(disk)
    assert len(disk) % MIB == 0
    assert (first.here, first.other) == (1, len(disk) // 512 - 1) == (second.other, second.here)
    assert [(one.name, one.first * 512, (one.last + 1 - one.first) * 512) for one in found] == [
        (one.name, one.start, one.size) for one in placed
    ]
    assert len({one.id for one in found} | {first.disk}) == len(found) + 1
    assert first.last_usable >= found[-1].last


def test_a_lost_table_is_restored_from_the_one_at_the_end(tmp_path: Path, parts: tuple[PartitionContent, ...]) -> None:
    write_disk(tmp_path / "disk", parts, identity="camera")
    whole = (tmp_path / "disk").read_bytes()
    (tmp_path / "disk").write_bytes(whole[:512] + bytes(33 * 512) + whole[34 * 512 :])
    run_program([SGDISK, "-e", str(tmp_path / "disk")])
    restored = (tmp_path / "disk").read_bytes()
    assert tables(restored)[:2] == tables(whole)[:2]


def test_the_file_takes_no_more_room_than_its_content(tmp_path: Path, parts: tuple[PartitionContent, ...]) -> None:
    write_disk(tmp_path / "disk", parts, identity="camera")
    status = (tmp_path / "disk").stat()
    assert status.st_size > 24 * MIB
    assert status.st_blocks * 512 < 7 * MIB


def test_the_same_content_gives_the_same_bytes_and_another_product_another_disk(
    tmp_path: Path, parts: tuple[PartitionContent, ...]
) -> None:
    (tmp_path / "two").mkdir()
    write_disk(tmp_path / "one", parts, identity="camera")
    write_disk(tmp_path / "two/other", parts, identity="camera")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two/other").read_bytes()
    write_disk(tmp_path / "one", parts, identity="gateway")
    mine, others = tables((tmp_path / "one").read_bytes()), tables((tmp_path / "two/other").read_bytes())
    assert mine[0].disk != others[0].disk
    assert not {one.id for one in mine[1]} & {one.id for one in others[1]}


def test_without_a_root_there_are_no_partitions_for_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    parts = contents(
        state=b"", boot=tmp_path / "file", boot_size=MIB, root=None, slot_size=MIB, data=tmp_path / "file",
        data_size=MIB,
    )  # fmt: skip
    placed = write_disk(tmp_path / "disk", parts, identity="camera")
    assert [one.name for one in placed] == ["state", "boot_a", "boot_b", "data"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("boot_b", r"\[build\] boot_size: the signed kernel has 1048577 bytes, the slot 1048576; make it at least 2M"),
        ("root_a", r"\[build\] slot_size: the root file system has 1048577 bytes"),
        ("data", r"\[build\] data_size: the data have 1048577 bytes, the partition 1048576"),
        ("state", "partition state: its content has 1048577 bytes, and there is room for 1048576"),
    ],
)
def test_what_does_not_fit_names_the_key_and_writes_nothing(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        write_disk(tmp_path / "disk", [PartitionContent(name, MIB, bytes(MIB + 1))], identity="camera")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("one", [("data", 1000), ("data", 0), ("", MIB), ("x" * 37, MIB)])
def test_what_no_table_can_hold_is_refused(tmp_path: Path, one: tuple[str, int]) -> None:
    with pytest.raises(InputError, match=r"^partition "):
        write_disk(tmp_path / "disk", [PartitionContent(*one)], identity="camera")
