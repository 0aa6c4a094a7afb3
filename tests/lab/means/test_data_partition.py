"""What is put on a data partition lies there as it was asked for, and nothing is taken for done that is not."""

import subprocess
from pathlib import Path
from typing import cast

import pytest

from firmward.image.budget import Budget
from firmward.image.filesystem.ext import open_ext
from firmward.image.source import open_file
from firmward.lab.attacks import Unseen
from firmward.lab.means import data_partition
from firmward.lab.means.data_partition import Planted
from firmward.lab.target import Target
from firmward.model.tree import Kind

SIZE = 4 << 20


class Bench:
    """A data partition without a device around it."""

    def __init__(self, work: Path, data: bytes) -> None:
        self.work, self.data = work, data

    def read(self, partition: str, size: int) -> bytes:
        return self.data[:size]

    def size(self, partition: str) -> int:
        return len(self.data)

    def write(self, partition: str, data: bytes) -> None:
        self.data = data

    def plant(self, *things: Planted) -> None:
        data_partition.plant(cast("Target", self), things)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    place = tmp_path / "made.ext4"
    (tmp_path / "tree/home/service/.ssh").mkdir(parents=True)
    (tmp_path / "tree/home/service/old").write_text("old\n")
    words = ["mke2fs", "-q", "-t", "ext4", "-d", str(tmp_path / "tree"), str(place), f"{SIZE >> 10}k"]
    subprocess.run(words, check=True, capture_output=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    return Bench(tmp_path, place.read_bytes())


THINGS = (
    Planted("home/service/.ssh/authorized_keys", 0o600, 1000, b"ssh-ed25519 AAAA own\n"),
    Planted("home/service/sh", 0o4755, 0, bytes(range(200))),
    Planted("home/service/old", 0o644, 1000, b"new\n"),
    Planted("home/service/disk", 0o666, device=(254, 0)),
)


def test_folders_are_made_for_what_lies_in_them(bench: Bench) -> None:
    own = Planted("firmward/journal.json", 0o600, content=b"{}")
    with pytest.raises(Unseen, match="could not be put"):
        bench.plant(own)
    data_partition.plant(cast("Target", bench), (own,), ("firmward", "home"))
    bench.plant(*THINGS)


def test_all_lie_there_and_the_file_system_is_whole(bench: Bench) -> None:
    bench.plant(*THINGS)
    place = bench.work / "after.ext4"
    place.write_bytes(bench.data)
    tree = open_ext(open_file(place), Budget())
    for one in THINGS:
        entry = tree.lstat(one.path)
        assert entry is not None
        assert (entry.mode, entry.uid, entry.gid) == (one.mode, one.owner, one.owner)
        assert entry.kind is (Kind.FILE if one.device is None else Kind.BLOCK)
        assert one.device is not None or b"".join(tree.chunks(entry)) == one.content
    checked = subprocess.run(["/usr/sbin/e2fsck", "-f", "-n", str(place)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    "thing",
    [Planted("home/nobody/key", 0o600), Planted("home/service/large", 0o600, content=bytes(range(256)) * (SIZE >> 8))],
    ids=["no folder", "no room"],
)
def test_what_could_not_be_put_there_is_told(bench: Bench, thing: Planted) -> None:
    before = bench.data
    with pytest.raises(Unseen, match="could not be put"):
        bench.plant(thing)
    assert bench.data == before


def test_a_partition_without_a_file_system_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unseen, match="cannot be read"):
        Bench(tmp_path, bytes(SIZE)).plant(THINGS[0])
