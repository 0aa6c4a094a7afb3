"""What the state partition tells of a device whose console is off."""

import os
import zlib
from pathlib import Path

import pytest

from firmward.lab.stages import Mishap, Sign, Stage
from firmward.lab.state_partition import Glance, glance, signs

START = 1 << 20
NEW = Glance(0, "", (0, 0), "")


class Disk:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(b"")
        os.truncate(path, START + (1 << 20))

    def write(self, place: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(START + place)
            file.write(data)

    def state(self, copy: int, *, damaged: bool = False, **values: object) -> None:
        body = b"".join(f"{name}={value}".encode() + b"\0" for name, value in values.items()).ljust(508, b"\0")
        self.write(4096 * copy, (zlib.crc32(body) ^ damaged).to_bytes(4, "little") + body)

    def look(self) -> Glance:
        with self.path.open("rb") as file:
            return glance(file.fileno(), START)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "disk.img")


def test_an_empty_partition_tells_nothing(disk: Disk) -> None:
    assert disk.look() == NEW
    assert list(signs(NEW, disk.look())) == []


def test_the_newer_copy_counts_and_its_number_is_hexadecimal(disk: Disk) -> None:
    disk.state(0, seq="9", last="a", a_left=2, b_left=3)
    disk.state(1, seq="a", last="b", a_left=2, b_left=1)
    assert disk.look() == Glance(10, "b", (2, 1), "")


def test_a_copy_whose_checksum_does_not_hold_counts_for_nothing(disk: Disk) -> None:
    disk.state(0, seq="1", last="a", a_left=2, b_left=3)
    disk.state(1, damaged=True, seq="2", last="b", a_left=2, b_left=1)
    assert disk.look().last == "a"


def test_a_partition_behind_the_disks_end_tells_nothing(disk: Disk) -> None:
    os.truncate(disk.path, START)
    assert disk.look() == NEW


ROWS = (
    (NEW, Glance(1, "a", (2, 3), ""), [Sign(Stage.SLOT, "2 tries left", "a")]),
    (Glance(1, "a", (2, 3), ""), Glance(2, "a", (1, 3), ""), [Sign(Stage.SLOT, "1 try left", "a")]),
    (Glance(1, "a", (2, 3), ""), Glance(2, "a", (0, 3), ""), [Sign(Mishap.REFUSED, "by the boot loader", "a")]),
    (Glance(2, "a", (0, 3), ""), Glance(3, "b", (0, 2), ""), [Sign(Stage.SLOT, "2 tries left", "b")]),
    (Glance(1, "a", (2, 3), ""), Glance(1, "a", (2, 3), "good=a\n"), [Sign(Stage.HEALTHY, "", "a")]),
    (Glance(1, "a", (2, 3), ""), Glance(1, "a", (2, 3), "active=b\ngood=b\n"), [Sign(Stage.HEALTHY, "", "b")]),
    (Glance(1, "a", (2, 3), "good=a\n"), Glance(1, "a", (2, 3), "good=a\n"), []),
    (Glance(1, "a", (2, 3), "good=a\n"), Glance(1, "a", (2, 3), ""), []),
    (Glance(1, "a", (2, 3), ""), Glance(1, "a", (2, 3), "not good=a\n"), []),
)


@pytest.mark.parametrize(("before", "now", "expected"), ROWS)
def test_what_happened_between_two_looks(before: Glance, now: Glance, expected: list[Sign]) -> None:
    assert list(signs(before, now)) == expected
