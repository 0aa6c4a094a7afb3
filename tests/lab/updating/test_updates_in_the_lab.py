"""The sample camera updates itself on its virtual board, and loses its power meanwhile: forward, back, from a stick."""

from pathlib import Path

import pytest
from lab_updates import PROJECT, Made, Trial, filled, for_another_board, made
from locked_board import MISSING
from real.roots import NoPackagesError

from firmward.lab.updating import words
from firmward.lab.updating.report import Report
from firmward.lab.updating.seen import Ending

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing"),
    pytest.mark.timeout(3600),
    pytest.mark.proof,
]
OLD = "1.4.0"


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Made:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        try:
            return made(tmp_path_factory.mktemp("updates"))
        except NoPackagesError as reason:
            pytest.skip(f"Debian's archive is out of reach: {reason}")


def held(report: Report) -> Report:
    assert list(report.problems()) == [], report
    return report


def sources(report: Report) -> set[tuple[str, ...]]:
    return {words.kinds(report.offered, one) for one in report.rounds}


def test_it_goes_forward_by_whole_payloads_however_its_power_is_cut(maker: Made, tmp_path: Path) -> None:
    found = held(Trial(maker, "full", cuts=3).report(tmp_path))
    assert sources(found) == {("full",)}
    calm, *cut = found.rounds
    assert found.offered.size < calm.taken < found.offered.size * 1.02
    for one in cut:
        # a mebibyte at the most is fetched twice, and the metadata at each start
        assert one.taken < calm.taken + one.cuts * (3 << 19)


def test_it_goes_forward_by_deltas_however_its_power_is_cut(maker: Made, tmp_path: Path) -> None:
    found = held(Trial(maker, "delta", cuts=3, seed=2).report(tmp_path))
    assert sources(found) == {("blocks",)}
    assert all(one.taken < found.offered.size // 4 for one in found.rounds)


def test_it_goes_back_from_a_version_that_does_not_serve_and_tries_it_no_more(maker: Made, tmp_path: Path) -> None:
    found = held(Trial(maker, "broken", Ending.BACK, cuts=2, seed=3).report(tmp_path))
    assert found.last is not None
    assert found.last.ran is not None
    assert found.last.ran.version == OLD


def test_it_goes_forward_from_a_stick_however_its_power_is_cut(maker: Made, tmp_path: Path) -> None:
    held(Trial(maker, "full", cuts=2, seed=4, by_stick=True).report(tmp_path))


def test_it_refuses_what_is_for_another_board_though_it_is_signed(maker: Made, tmp_path: Path) -> None:
    wrong = for_another_board(maker, "full", tmp_path / "repository")
    (tmp_path / "media").mkdir()
    found = held(Trial(maker, "full", Ending.STAYED).report(tmp_path / "media", wrong))
    (start,) = found.rounds[0].starts
    assert any(path.endswith("qemu-arm64.json") for path in start.paths)
    assert words.kinds(found.offered, found.rounds[0]) == ()


def test_a_device_with_a_full_disk_goes_on_and_updates(maker: Made, tmp_path: Path) -> None:
    """But for what a few records need, beside the third of a mebibyte that ext4 keeps to itself."""
    (tmp_path / "media").mkdir()
    base = filled(maker, tmp_path / "media", spare=1 << 20)
    held(Trial(maker, "full", base=base).report(tmp_path))


def test_a_device_without_a_free_byte_goes_on_as_it_is(maker: Made, tmp_path: Path) -> None:
    """What it would have to remember of an update has no room: it serves, and asks for none."""
    (tmp_path / "media").mkdir()
    base = filled(maker, tmp_path / "media", spare=0)
    found = held(Trial(maker, "full", Ending.STAYED, base=base).report(tmp_path))
    assert found.last is not None
    assert found.last.serves
