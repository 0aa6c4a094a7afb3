"""What the state partition tells of a device whose console is off."""

import os
from pathlib import Path

import pytest

from firmward.formats import boot_state
from firmward.formats.boot_state import Records, Request, State
from firmward.lab.stages import Mishap, Sign, Stage
from firmward.lab.state_partition import look, signs

START = 1 << 20
NOTHING = Records((None, None), Request())


def disk(path: Path, content: bytes) -> Path:
    path.write_bytes(bytes(START) + content)
    return path


def looked(path: Path) -> Records:
    with path.open("rb") as file:
        return look(file.fileno(), START)


def test_what_the_boot_loader_and_linux_wrote_is_seen(tmp_path: Path) -> None:
    records = Records((State(9, last="a", a_left=2), State(10, "b", "b", b_left=1)), Request(good="b"))
    assert looked(disk(tmp_path / "disk", records.to_bytes())) == records


@pytest.mark.parametrize("content", [b"", bytes(boot_state.SIZE), b"\xff" * boot_state.SIZE, b"seq=9"])
def test_an_empty_damaged_or_missing_partition_tells_nothing(content: bytes, tmp_path: Path) -> None:
    found = looked(disk(tmp_path / "disk", content))
    assert found == NOTHING
    assert list(signs(NOTHING, found)) == []


def test_a_partition_behind_the_disks_end_tells_nothing(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", b"")
    os.truncate(path, START // 2)
    assert looked(path) == NOTHING


def at(seq: int, last: str, left: tuple[int, int], **asked: str) -> Records:
    return Records((State(seq, last or "a", last, *left), None), Request(**asked))


ROWS = (
    (NOTHING, at(1, "a", (2, 3)), [Sign(Stage.SLOT, "2 tries left", "a")]),
    (at(1, "", (3, 3)), at(2, "a", (2, 3)), [Sign(Stage.SLOT, "2 tries left", "a")]),
    (at(1, "a", (2, 3)), at(2, "a", (1, 3)), [Sign(Stage.SLOT, "1 try left", "a")]),
    (at(1, "a", (2, 3)), at(2, "a", (0, 3)), [Sign(Mishap.REFUSED, "by the boot loader", "a")]),
    (at(2, "a", (0, 3)), at(3, "b", (0, 2)), [Sign(Stage.SLOT, "2 tries left", "b")]),
    (at(1, "a", (2, 3)), at(1, "a", (2, 3), good="a"), [Sign(Stage.HEALTHY, "", "a")]),
    (at(1, "a", (2, 3)), at(1, "a", (2, 3), active="b", good="b"), [Sign(Stage.HEALTHY, "", "b")]),
    (at(1, "a", (2, 3), good="a"), at(1, "a", (2, 3), good="a"), []),
    (at(1, "a", (2, 3), good="a"), at(1, "a", (2, 3)), []),
    (at(1, "a", (2, 3)), at(1, "a", (2, 3), active="b"), []),
    (at(1, "", (3, 3)), at(2, "", (3, 3)), []),
    # a request is applied before a slot is chosen, and the look may come between
    (at(1, "a", (2, 3)), at(2, "a", (3, 3)), []),
    (at(1, "a", (2, 2)), at(2, "a", (2, 3)), []),
    (at(2, "a", (3, 3)), at(3, "b", (3, 2)), [Sign(Stage.SLOT, "2 tries left", "b")]),
    (at(1, "a", (2, 3)), at(3, "a", (2, 3)), [Sign(Stage.SLOT, "2 tries left", "a")]),
)


@pytest.mark.parametrize(("before", "now", "expected"), ROWS)
def test_what_happened_between_two_looks(before: Records, now: Records, expected: list[Sign]) -> None:
    assert list(signs(before, now)) == expected
