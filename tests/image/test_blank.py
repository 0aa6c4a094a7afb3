"""What was never written: runs outside the parts, the same whether a file is sparse or not."""

from pathlib import Path

from firmward.image.blank import blanks
from firmward.image.budget import Budget
from firmward.image.source import Bytes, open_file
from firmward.model.report import Blank, Fill

KIB = 1 << 10


def test_runs_are_found_outside_of_parts_only() -> None:
    source = Bytes(b"\xff" * 64 * KIB + bytes(64 * KIB) + b"x" * 64 * KIB)
    assert blanks(source, ((0, 32 * KIB),), Budget()) == (
        Blank(32 * KIB, 32 * KIB, Fill.ERASED),
        Blank(64 * KIB, 64 * KIB, Fill.ZERO),
    )


def test_a_part_that_holds_another_covers_what_lies_behind_that() -> None:
    source = Bytes(bytes(128 * KIB))
    taken = ((0, 96 * KIB), (8 * KIB, 16 * KIB))
    assert blanks(source, taken, Budget()) == (Blank(96 * KIB, 32 * KIB, Fill.ZERO),)


def test_a_sparse_file_gives_the_same_as_its_copy(tmp_path: Path) -> None:
    content = b"x" * 64 * KIB + bytes(1 << 20) + b"x" * 64 * KIB
    sparse, full = tmp_path / "sparse", tmp_path / "full"
    full.write_bytes(content)
    with sparse.open("wb") as file:
        file.write(b"x" * 64 * KIB)
        file.seek(1 << 20, 1)
        file.write(b"x" * 64 * KIB)
    found = [blanks(open_file(path), (), Budget()) for path in (sparse, full)]
    assert found == [(Blank(64 * KIB, 1 << 20, Fill.ZERO),)] * 2
