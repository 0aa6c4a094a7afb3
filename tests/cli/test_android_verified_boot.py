"""A root on a hash tree whose root hash stands in Android's vbmeta: signed, unsigned, switched off, changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import avb_disk
import pytest
import vbmeta_writer as writer
from avb_disk import Board
from command import Firmward

CHECKS = ("rootfs-unverified", "verity-root-hash-untrusted", "rootfs-hash-mismatch")
Outcomes = tuple[str, ...]


@pytest.fixture
def board(root: Path, tmp_path: Path) -> Board:
    if shutil.which("mkbootimg") is None:
        pytest.skip("mkbootimg is not installed")
    return avb_disk.made(tmp_path, root)


@pytest.fixture
def outcomes(firmward: Firmward, tmp_path: Path) -> Callable[[dict[str, bytes]], Outcomes]:
    def judge(partitions: dict[str, bytes]) -> Outcomes:
        report = tmp_path / "r.json"
        called = firmward("audit", avb_disk.disk(tmp_path, partitions), "-q", "-o", report, "--only", "storage")
        assert called.code == 0, called.err
        found = {check["check"]: check["outcome"] for check in json.loads(report.read_text())["checks"]}
        return tuple(found[check] for check in CHECKS)

    return judge


@pytest.mark.parametrize(
    ("algorithm", "flags", "expected"),
    [
        (1, 0, ("pass", "pass", "pass")),
        (0, 0, ("fail", "fail", "pass")),
        (1, 1, ("fail", "pass", "pass")),
        (1, 2, ("fail", "pass", "pass")),
    ],
)
def test_a_signed_vbmeta_verifies_the_root_and_no_other_does(
    algorithm: int,
    flags: int,
    expected: Outcomes,
    board: Board,
    outcomes: Callable[[dict[str, bytes]], Outcomes],
    tmp_path: Path,
) -> None:
    key = writer.make_key(tmp_path, 2048) if algorithm else None
    vbmeta = writer.vbmeta([*board.hashes, board.hashtree, board.line], algorithm, key, flags=flags)
    assert outcomes(avb_disk.contents(board, vbmeta)) == expected


def test_a_root_that_was_changed_is_not_what_its_vbmeta_says(
    board: Board, outcomes: Callable[[dict[str, bytes]], Outcomes], tmp_path: Path
) -> None:
    vbmeta = writer.vbmeta([board.hashtree, board.line], 1, writer.make_key(tmp_path, 2048))
    partitions = avb_disk.contents(board, vbmeta)
    system = bytearray(partitions["system_a"])
    system[90] ^= 1
    assert outcomes(partitions | {"system_a": bytes(system)}) == ("pass", "pass", "fail")
