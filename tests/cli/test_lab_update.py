"""`firmward lab update` as a newcomer meets it; what the device does is told to it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import Firmward
from played_pair import tiny_build

from firmward.cli import lab_update
from firmward.lab.device import Device
from firmward.lab.reach import Answer
from firmward.lab.updating.moments import Moment, Stretch
from firmward.lab.updating.report import Offered
from firmward.lab.updating.rounds import Begun, Event, Last, Order, Rounds
from firmward.lab.updating.seen import Ending, Ran, Start
from firmward.lab.updating.way import FromServer

MIB = 1 << 20
BOTH, HALF, DONE = {"a": "1.0.0", "b": "1.0.0"}, {"a": "1.0.0", "b": None}, {"a": "1.0.0", "b": "2.0.0"}
RUNS, TRIES = Ran(0.4, "a", "1.0.0", healthy=True), Ran(0.4, "b", "2.0.0", healthy=True)
CALM = Start(Ending.UPDATED, 60.0, (RUNS, TRIES), DONE, 30 * MIB, since={Stretch.STARTING: 0.0})
CUT = Start(
    Ending.CUT, 30.0, (RUNS,), HALF, 10 * MIB, (), Moment(Stretch.INSTALLING, 0.5), since={Stretch.INSTALLING: 12.0}
)
LAST = Last(TRIES, good=True, answers=(Answer(443, True, "TLSv1.3"),))
WELL: tuple[Event, ...] = (Begun(0, BOTH), CALM, Begun(1, BOTH), CUT, CALM, LAST)
FORM = "firmward.lab-update/1"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def order(device: Device, work: Path, repository: Path, *, from_stick: bool) -> tuple[Order, Offered]:
        way = FromServer(repository, frozenset(), "a stick" if from_stick else "its server")
        return Order(device, work, way, (), "2.0.0"), Offered("2.0.0", 30 * MIB, 2 * MIB, {})

    monkeypatch.setattr(lab_update, "_order", order)
    return tiny_build(tmp_path / "out")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the device does; an exception may be among it."""

    def tell(*events: Event | BaseException) -> None:
        def played(_self: Rounds) -> Iterator[Event]:
            for one in events:
                if isinstance(one, BaseException):
                    raise one
                yield one

        monkeypatch.setattr(Rounds, "events", played)

    tell(*WELL)
    return tell


def test_what_came_of_it_is_told_line_by_line(firmward: Firmward, out: Path, told: Callable[..., None]) -> None:
    done = firmward("lab", "update", str(out), "--to", "repository", "--cuts", "1")
    assert done.code == 0, done
    for words in (
        *(
            "2.0.0 from its server",
            "30.0 MiB go into a slot, of which it has to take 2.0 MiB",
            "round 1: slots a: 1.0.0",
        ),
        *("1.1   ran a (1.0.0) healthy; cut while installing, 18.0 s in", "then a: 1.0.0, b: not whole", "443 answers"),
        *("slot b (2.0.0) is healthy, kept by its boot loader", "became 2.0.0, with the power cut once."),
    ):
        assert words in done.out


def test_a_dry_run_starts_nothing(firmward: Firmward, out: Path, told: Callable[..., None]) -> None:
    told(AssertionError("it was started"))
    done = firmward("lab", "update", str(out), "--to", "x", "--from-stick", "--cuts", "5", "--seed", "9", "--dry-run")
    assert done.code == 0
    assert "5 cuts drawn from the seed 9; expected: the device is at the new version" in done.out
    assert "from a stick" in done.out


@pytest.mark.parametrize(
    ("words", "events", "code"),
    [
        ((), WELL[:2] + WELL[-1:], 0),
        (("--cuts", "2"), WELL, 1),
        (("--expect", "back"), WELL, 1),
        (("--quiet",), (Begun(0, BOTH), CUT, LAST), 1),
        ((), (Begun(0, BOTH), KeyboardInterrupt()), 130),
    ],
)
def test_the_exit_code_says_whether_it_came_as_expected(
    words: tuple[str, ...], events: tuple[Event, ...], code: int, firmward: Firmward, out: Path,
    told: Callable[..., None],
) -> None:  # fmt: skip
    told(*events)
    assert firmward("lab", "update", str(out), "--to", "repository", *words).code == code


def test_an_interruption_keeps_what_was_seen(
    firmward: Firmward, out: Path, told: Callable[..., None], tmp_path: Path
) -> None:
    told(*WELL[:4], KeyboardInterrupt())
    done = firmward("lab", "update", str(out), "--to", "repository", "--cuts", "3", "-o", str(tmp_path / "report.json"))
    assert done.code == 130
    found = json.loads((tmp_path / "report.json").read_text())
    assert (found["schema"], found["interrupted"], found["cuts"], found["holds"]) == (FORM, True, 1, False)


def test_both_forms_are_written(firmward: Firmward, out: Path, told: Callable[..., None], tmp_path: Path) -> None:
    outputs = [tmp_path / "report.md", tmp_path / "report.json"]
    words = [word for path in outputs for word in ("-o", str(path))]
    assert firmward("lab", "update", str(out), "--to", "repository", "--cuts", "1", "--quiet", *words).code == 0
    assert outputs[0].read_text().startswith("# An update in the lab\n")
    assert json.loads(outputs[1].read_text())["holds"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "--to", "repository"), "nowhere: is no folder that `firmward build` has written"),
        (("{out}", "--to", "repository", "-o", "report.pdf"), "report.pdf"),
    ],
)
def test_a_wrong_call_is_told_in_words(
    words: tuple[str, ...], said: str, firmward: Firmward, out: Path, told: Callable[..., None]
) -> None:
    done = firmward("lab", "update", *(word.format(out=out) for word in words))
    assert done.code == 2
    assert said in done.err
