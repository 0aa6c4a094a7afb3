"""Copying files out: what is charged, what is lost, what stands there already."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmward.image.budget import Budget, Limits
from firmward.image.extraction import Extraction, Links, Written
from firmward.image.new_folder import NewFolder, new_folder
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.memory import MemoryTree, Node, link
from firmward.model.tree import Entry, IndexedTree, Kind, Tree

TOP = (b"top",)


class Lying(IndexedTree):
    """Files that hold something else than they say."""

    def __init__(self, *files: tuple[str, int, tuple[bytes, ...]]) -> None:
        self._pieces = {path: pieces for path, _, pieces in files}
        super().__init__(Entry(path, Kind.FILE, 0o644, size=size) for path, size, _ in files)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        for piece in self._pieces[entry.path]:
            if piece == b"damaged":
                raise Unavailable(f"{entry.path} is damaged")
            yield piece


def extracted(out: Path, tree: Tree, limit: int = 1 << 20, budget: Budget | None = None) -> dict[str, Written]:
    with new_folder(out) as store:
        run = Extraction(store, Links.KEEP_INSIDE, budget or Budget(), limit)
        found = {written.entry.path: written for written in run.tree(TOP, tree)}
    assert run.tally.lost == [f"/{path}: {written.lost}" for path, written in found.items() if written.lost]
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_together_are_held_to_the_budget(tmp_path: Path) -> None:
    found = extracted(tmp_path / "out", MemoryTree({"a": b"x" * 60, "b": b"y" * 60, "c": b"z" * 40}), limit=100)
    assert {path: written.lost is None for path, written in found.items()} == {"a": True, "b": False, "c": True}
    assert names(tmp_path / "out/top") == ["a", "c"]


def test_a_file_that_holds_more_than_it_says_is_not_written(tmp_path: Path) -> None:
    found = extracted(tmp_path / "out", Lying(("a", 10, (b"x" * 50,) * 3), ("b", 3, (b"end",))), limit=100)
    assert "more than its listing says" in (found["a"].lost or "")
    assert found["a"].at is None
    assert names(tmp_path / "out/top") == ["b"]


def test_what_is_damaged_in_the_middle_is_not_written(tmp_path: Path) -> None:
    found = extracted(tmp_path / "out", Lying(("a", 10, (b"x" * 5, b"damaged")), ("b", 3, (b"end",))))
    assert (found["a"].lost, found["a"].at) == ("a is damaged", None)
    assert found["b"].lost is None
    assert names(tmp_path / "out/top") == ["b"]


def test_time_may_run_out_within_a_file(tmp_path: Path) -> None:
    ticks = iter(range(1000))
    budget = Budget(Limits(seconds=10), clock=lambda: float(next(ticks)))
    found = extracted(tmp_path / "out", Lying(("a", 100, (b"x",) * 100)), budget=budget)
    assert "--budget-seconds" in (found["a"].lost or "")
    assert names(tmp_path / "out/top") == []


def test_what_stands_in_a_link_is_told(tmp_path: Path) -> None:
    class Crossed(MemoryTree):
        """As an archive may list it."""

        def entries(self) -> Iterator[Entry]:
            yield Entry("etc", Kind.SYMLINK, 0o777, target="usr")
            yield Entry("etc/shadow", Kind.FILE, 0o600, size=1)

    found = extracted(tmp_path / "out", Crossed({"etc/shadow": "x", "usr/x": ""}))
    assert found["etc/shadow"].lost == "what it stands in is no folder"


def test_modes_are_plain_and_devices_are_none(tmp_path: Path) -> None:
    files = {
        "su": Node(b"x", 0o4755),
        "sticky": Node(b"x", 0o1644),
        "open": Node(b"x", 0o666),
        "null": Node(kind=Kind.CHARACTER, mode=0o666),
        "pipe": Node(kind=Kind.FIFO, mode=0o666),
        "link": link("su"),
    }
    found = extracted(tmp_path / "out", MemoryTree(files))
    modes = {path.name: path.lstat().st_mode & 0o7777 for path in (tmp_path / "out/top").iterdir()}
    mask = os.umask(0o022)
    os.umask(mask)
    assert modes == {"su": 0o755 & ~mask, "sticky": 0o644 & ~mask, "open": 0o644 & ~mask, "link": 0o777}
    assert found["null"].at is None
    assert found["pipe"].changes == ["left out: a fifo is no file"]


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 3 * 4096, (1 << 20) + 5])
@pytest.mark.parametrize("head", [b"", b"x"])
def test_zeros_at_the_end_are_there(size: int, head: bytes, tmp_path: Path) -> None:
    data = head + bytes(size)
    extracted(tmp_path / "out", MemoryTree({"a": data}), limit=1 << 22)
    assert (tmp_path / "out/top/a").read_bytes() == data


def test_what_came_to_stand_there_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def meanwhile() -> None:
        with new_folder(out) as store:
            store.add_folder((b"etc",))
            out.mkdir()

    with pytest.raises(InputError, match="is there already"):
        meanwhile()
    assert list(out.iterdir()) == []
    assert list(tmp_path.iterdir()) == [out]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as store:
        assert isinstance(store, NewFolder)
        store.add_file((b"a",), [b"first"], mode=0o644)
        for again in (b"a",), (b"b", b"c"):
            with pytest.raises(OSError, match=r"exists|No such"):
                store.add_file(again, [b"second"], mode=0o644)
    assert (tmp_path / "out/a").read_bytes() == b"first"


def test_half_a_file_is_taken_away_again(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise Unavailable("damaged")

    with new_folder(tmp_path / "out") as store:
        with pytest.raises(Unavailable):
            store.add_file((b"a",), pieces(), mode=0o644)
        store.add_file((b"b",), [b"whole"], mode=0o644)
    assert names(tmp_path / "out") == ["b"]
