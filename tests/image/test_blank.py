"""Where nothing was written: outside the parts, large enough to be seen, the same whether a file is sparse or not."""

from pathlib import Path

import pytest

from firmward.image.blank import COARSEST, FINEST, KEPT, blanks
from firmward.image.budget import Budget, BudgetExceeded, Limits
from firmward.image.source import Bytes, Source, open_file
from firmward.model.report import Blank, Fill

ZEROS, ONES, TEXT = bytes(FINEST), b"\xff" * FINEST, b"x" * FINEST


def told(source: Source, *taken: tuple[int, int]) -> list[tuple[int, int, str]]:
    """Offset and size in steps, and the fill."""
    found = blanks(source, taken, Budget())
    return [(blank.offset // FINEST, blank.size // FINEST, blank.fill.value) for blank in found]


def test_runs_of_one_fill_are_one_and_others_apart() -> None:
    data = ZEROS * 2 + TEXT + ZEROS + ONES * 3 + TEXT + ONES
    assert told(Bytes(data)) == [(0, 2, "zero"), (3, 1, "zero"), (4, 3, "erased"), (8, 1, "erased")]


def test_what_lies_in_parts_is_theirs() -> None:
    data = ZEROS * 8
    assert told(Bytes(data), (2 * FINEST, 3 * FINEST), (5 * FINEST, 20 * FINEST)) == [(0, 2, "zero"), (3, 2, "zero")]


def test_parts_that_overlap_take_no_more_than_they_cover() -> None:
    assert told(Bytes(ZEROS * 8), (FINEST, 6 * FINEST), (2 * FINEST, 3 * FINEST)) == [(0, 1, "zero"), (6, 2, "zero")]


def test_what_is_too_small_to_be_seen_is_left_out() -> None:
    assert blanks(Bytes(TEXT + bytes(FINEST - 1)), (), Budget()) == ()


def test_a_sparse_file_and_a_full_one_give_the_same(tmp_path: Path) -> None:
    data = bytes(1 << 20) + TEXT + bytes(1 << 20) + ONES * 4 + bytes((1 << 20) + 1)
    (tmp_path / "full").write_bytes(data)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(len(data))
        for at in range(0, len(data), FINEST):
            if data[at : at + FINEST].strip(b"\0"):
                file.seek(at)
                file.write(data[at : at + FINEST])
    full, sparse = (blanks(open_file(tmp_path / name), (), Budget()) for name in ("full", "sparse"))
    assert full == sparse
    assert [blank.fill for blank in full] == [Fill.ZERO, Fill.ZERO, Fill.ERASED, Fill.ZERO]


def test_only_the_largest_are_kept_and_stand_in_order() -> None:
    data = b"".join(ZEROS * (1 + number % 2) + TEXT for number in range(2 * KEPT))
    found = blanks(Bytes(data), (), Budget())
    assert len(found) == KEPT
    assert {blank.size for blank in found} == {2 * FINEST}
    assert list(found) == sorted(found, key=lambda blank: blank.offset)


def test_time_may_run_out(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 42)
    ticks = iter(range(1 << 20))
    budget = Budget(Limits(seconds=100), clock=lambda: float(next(ticks)))
    with pytest.raises(BudgetExceeded):
        blanks(open_file(tmp_path / "huge"), (), budget)


def test_a_large_hole_is_one_run(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 30)
        file.seek(1 << 29)
        file.write(TEXT)
    found = blanks(open_file(tmp_path / "large"), (), Budget())
    assert found == (Blank(0, 1 << 29, Fill.ZERO), Blank((1 << 29) + COARSEST, (1 << 29) - COARSEST, Fill.ZERO))
