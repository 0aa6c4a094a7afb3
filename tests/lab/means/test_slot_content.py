"""Which version lies in a slot is told by all of its bytes, and what is put there is what a device would have made."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lying_disk import LyingDisk
from published import published

from firmward.lab.attacks import Unseen
from firmward.lab.means import slot_content
from firmward.update import hash_tree
from firmward.update.hash_tree import HashTree
from firmward.update.region import Region

SIZES = {"boot_a": 32 << 10, "boot_b": 32 << 10, "root_a": 1 << 20, "root_b": 1 << 20}


class Held:
    """A disk (update/disk.py) of one partition."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)

    def size(self, _partition: str) -> int:
        return len(self.data)

    def read(self, _partition: str, offset: int, length: int) -> bytes:
        return bytes(self.data[offset : offset + length])

    def write(self, _partition: str, offset: int, data: bytes) -> int:
        self.data[offset : offset + len(data)] = data
        return len(data)

    def sync(self, _partition: str) -> None: ...


@pytest.fixture
def disk(tmp_path: Path) -> LyingDisk:
    return LyingDisk(SIZES, tmp_path)


def test_a_slot_holds_what_was_put_there_and_no_other_release(disk: LyingDisk, tmp_path: Path) -> None:
    new, old = published(tmp_path / "new"), published(tmp_path / "old", "1.4.0")
    slot_content.placed(disk.target, "b", new)
    assert slot_content.holds(disk.target, "b", new)
    for slot, one in (("a", new), ("b", old)):
        assert not slot_content.holds(disk.target, slot, one)


@settings(max_examples=40, deadline=None)
@given(blocks=st.integers(0, 40), share=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_a_mark_tells_how_far_a_release_has_come(
    blocks: int, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mark")
    disk, new = LyingDisk(SIZES, folder), published(folder / "new")
    slot_content.placed(disk.target, "b", published(folder / "old", "1.4.0"))
    slot_content.emptied(disk.target, "b")
    disk.write("root_b", new.content("root")[: blocks * slot_content.BLOCK])
    assert slot_content.mark(new, "root", share).has_come(disk.target, "b") == (blocks > int(39 * share))


def test_a_mark_is_no_empty_block(tmp_path: Path) -> None:
    one = published(tmp_path)
    place = tmp_path / one.payload("root").sha256
    content = bytearray(place.read_bytes())
    content[20 * slot_content.BLOCK :] = bytes(20 * slot_content.BLOCK)
    place.write_bytes(content)
    assert slot_content.mark(one, "root", 0.25).at == 9 * slot_content.BLOCK
    assert slot_content.mark(one, "root", 0.75).at == 19 * slot_content.BLOCK
    place.write_bytes(bytes(len(content)))
    with pytest.raises(Unseen, match=r"the payload root of 1\.5\.0 is empty"):
        slot_content.mark(one, "root", 0.5)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), partition=st.sampled_from(["boot", "root"]))
def test_one_bit_less_and_it_is_not_that_release(
    data: st.DataObject, partition: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    disk, new = LyingDisk(SIZES, folder), published(folder / "new")
    slot_content.placed(disk.target, "b", new)
    at = data.draw(st.integers(0, new.payload(partition).size - 1))
    disk.partitions[f"{partition}_b"][at] ^= 1 << data.draw(st.integers(0, 7))
    assert not slot_content.holds(disk.target, "b", new)


@pytest.mark.parametrize("blocks", [1, 40, 128, 129, 300])
def test_the_root_is_put_there_as_a_device_makes_it(blocks: int, tmp_path: Path) -> None:
    one = published(tmp_path, blocks=blocks)
    said, payload = one.manifest.verity, one.payload("root")
    assert said is not None
    shape, data = hash_tree.shape_of(payload, said), one.content("root")
    held = Held(hash_tree.whole_size(shape))
    held.write("root_b", 0, data)
    tree = HashTree(Region(held, "root_b"), shape)
    tree.take(data)
    tree.finish(said.root_hash)
    assert slot_content.whole_root(one) == bytes(held.data)


def test_what_has_no_root_says_so(tmp_path: Path) -> None:
    one = published(tmp_path)
    with pytest.raises(Unseen, match="no root of its own"):
        slot_content.whole_root(replace(one, manifest=replace(one.manifest, verity=None)))
    with pytest.raises(Unseen, match="nothing for root"):
        replace(one, manifest=replace(one.manifest, payloads=one.manifest.payloads[:1])).content("root")
