"""What an attacker reads of a device's disk and flash while the device writes to them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmward.build.built import Built, Partition
from firmward.lab.challenge import challenge
from firmward.lab.device import DISK, Device
from firmward.lab.media import Media
from firmward.lab.target import Target

SIZE = 64 << 10
PLACE = Partition("state", 4096, 8192)
SAID = Built(
    "camera", "1.4.0", "qemu-arm64", "verity", "ttyAMA0", 1, "", 0, (), 1, "", partitions=(PLACE,), files=()
)  # fmt: skip


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    (tmp_path / DISK).write_bytes(bytes(SIZE))
    (tmp_path / "flash").write_bytes(b"\xff" * SIZE)
    with (tmp_path / DISK).open("r+b") as disk, (tmp_path / "flash").open("r+b") as flash:
        yield Target(Device(tmp_path, SAID), Media(disk, flash), tmp_path, challenge(), None)


@pytest.mark.parametrize("size", [1, 4, 512, 8192])
def test_what_the_device_writes_is_seen_at_the_next_look(target: Target, size: int) -> None:
    """The machine writes to the same files, past what this process may have kept of them."""
    assert target.read_flash(size) == b"\xff" * size
    assert target.read("state", size) == bytes(size)
    os.pwrite(target.media.flash.fileno(), bytes(size), 0)
    os.pwrite(target.media.disk.fileno(), b"x" * size, PLACE.start)
    assert target.read_flash(size) == bytes(size)
    assert target.read("state", size) == b"x" * size


def test_what_the_attacker_writes_is_seen_too(target: Target) -> None:
    target.write("state", b"his", 8)
    target.write_flash(b"own", 8)
    assert target.read("state", 3, 8) == b"his"
    assert target.read_flash(3, 8) == b"own"


def test_nothing_behind_a_partition_is_read(target: Target) -> None:
    assert len(target.read("state", SIZE, 4096)) == PLACE.size - 4096
