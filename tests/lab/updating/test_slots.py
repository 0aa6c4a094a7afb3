"""Which version lies in a slot, read from a disk."""

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmward.build.built import Built, Partition
from firmward.build.verity import write_verity
from firmward.lab.device import Device
from firmward.lab.updating.slots import Content, Slots, Version, built_version

BOOT_SIZE, ROOT_SIZE = 64 << 10, 1 << 20
PLACES = {"boot_a": 0, "root_a": BOOT_SIZE, "boot_b": BOOT_SIZE + ROOT_SIZE, "root_b": 2 * BOOT_SIZE + ROOT_SIZE}
SIZES = {"boot": BOOT_SIZE, "root": ROOT_SIZE}


@dataclass(frozen=True)
class Made:
    """A build's slot, and the disk that it is in twice."""

    boot: bytes
    root: bytes
    data_size: int
    device: Device
    disk: Path

    def write(self, at: int, data: bytes) -> None:
        with self.disk.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def flip(self, at: int) -> None:
        with self.disk.open("r+b") as file:
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes((byte[0] ^ 1,)))

    def both(self, *known: Version) -> dict[str, str | None]:
        with self.disk.open("rb") as file:
            return Slots(self.device, file.fileno(), known or (built_version(self.device),)).both()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    chance = random.Random(7)
    (tmp_path / "slot").mkdir()
    (tmp_path / "fs").write_bytes(chance.randbytes(700_000))
    tree = write_verity(tmp_path / "fs", tmp_path / "slot/root.img", product="camera", version="1.0.0")
    boot, root = chance.randbytes(50_000), (tmp_path / "slot/root.img").read_bytes()
    (tmp_path / "slot/boot.fit").write_bytes(boot)
    partitions = tuple(Partition(name, at, SIZES[name[:4]]) for name, at in PLACES.items())
    said = Built(
        *("camera", "1.0.0", "qemu-arm64", "verity", "off", 1, tree.root_hash, 0, (), 1, "key"), partitions, ()
    )
    disk = tmp_path / "disk.img"
    disk.write_bytes((boot.ljust(BOOT_SIZE, b"\0") + root.ljust(ROOT_SIZE, b"\0")) * 2)
    return Made(boot, root, tree.data_size, Device(tmp_path, said), disk)


def test_what_was_built_lies_in_both_slots(made: Made) -> None:
    assert made.both() == {"a": "1.0.0", "b": "1.0.0"}


@pytest.mark.parametrize("part", ["boot", "data", "superblock", "tree"])
@pytest.mark.parametrize("slot", ["a", "b"])
def test_one_bit_anywhere_makes_it_no_version(made: Made, part: str, slot: str) -> None:
    places = {"data": made.data_size // 2, "superblock": made.data_size + 100, "tree": len(made.root) - 4096 + 8}
    at = PLACES[f"boot_{slot}"] + 40_000 if part == "boot" else PLACES[f"root_{slot}"] + places[part]
    made.flip(at)
    other = "b" if slot == "a" else "a"
    assert made.both() == {slot: None, other: "1.0.0"}


def test_what_lies_behind_a_version_does_not_matter(made: Made) -> None:
    made.flip(PLACES["boot_a"] + BOOT_SIZE - 1)
    made.flip(PLACES["root_b"] + ROOT_SIZE - 1)
    assert made.both() == {"a": "1.0.0", "b": "1.0.0"}


def test_a_slot_whose_first_block_is_zero_holds_nothing(made: Made) -> None:
    made.write(PLACES["boot_b"], bytes(4096))
    assert made.both()["b"] is None


def test_the_tree_has_to_be_the_one_that_was_signed(made: Made) -> None:
    boot = Content("boot", len(made.boot), hashlib.sha256(made.boot).hexdigest())
    data = hashlib.sha256(made.root[: made.data_size]).hexdigest()
    other = Version("2.0.0", (boot, Content("root", made.data_size, data, "0" * 64)))
    assert made.both(other) == {"a": None, "b": None}


def test_what_is_bigger_than_the_partition_is_not_there(made: Made) -> None:
    assert made.both(Version("2.0.0", (Content("boot", BOOT_SIZE + 1, "0" * 64),))) == {"a": None, "b": None}


def test_each_slot_is_told_by_what_lies_there(made: Made) -> None:
    newer = bytes(reversed(made.boot))
    made.write(PLACES["boot_b"], newer)
    version = Version("2.0.0", (Content("boot", len(newer), hashlib.sha256(newer).hexdigest()),))
    assert made.both(built_version(made.device), version) == {"a": "1.0.0", "b": "2.0.0"}
