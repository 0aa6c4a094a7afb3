"""What is not as it should be, and what is told of an update in each form."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from firmward.lab.reach import Answer
from firmward.lab.updating import words
from firmward.lab.updating.forms import FORMS, rendered
from firmward.lab.updating.moments import Moment, Stretch
from firmward.lab.updating.report import Offered, Report, Round, Setting, rounds
from firmward.lab.updating.rounds import Begun, Last
from firmward.lab.updating.seen import Ending, Ran, Start

OLD, NEW = "1.0.0", "2.0.0"
MIB = 1 << 20
BOTH = {"a": OLD, "b": OLD}
HALF, DONE = {"a": OLD, "b": None}, {"a": OLD, "b": NEW}
SETTING = Setting(
    *("0.1", "camera", OLD, "qemu-arm64", "qemu -M virt", "ab" * 32, "2026-07-16", "its server"), 1, 7, Ending.UPDATED
)
OFFERED = Offered(NEW, 30 * MIB, 30 * MIB, {"/full": "full", "/small": "blocks"})
RUNS, TRIES = Ran(0.4, "a", OLD, healthy=True), Ran(0.4, "b", NEW, healthy=True)
BEGUN = {Stretch.STARTING: 0.0, Stretch.INSTALLING: 12.0}
CALM = Start(Ending.UPDATED, 60.0, (RUNS, TRIES), DONE, 30 * MIB, ("/full",), since={Stretch.STARTING: 0.0})
CUT = Start(Ending.CUT, 30.0, (RUNS,), HALF, 10 * MIB, ("/full",), Moment(Stretch.INSTALLING, 0.5), since=BEGUN)
REST = replace(CALM, taken=21 * MIB)
SERVES = Last(Ran(0.4, "b", NEW, healthy=True), good=True, answers=(Answer(443, True, "TLSv1.3"),))


def report(*starts: Start, last: Last | None = SERVES, setting: Setting = SETTING, interrupted: bool = False) -> Report:
    """A round without a cut, and one of these starts."""
    found = (Round(Begun(0, BOTH), (CALM,)), Round(Begun(1, BOTH), starts or (CUT, REST)))
    return Report(setting, OFFERED, found, last, interrupted)


def test_what_came_as_expected_has_no_problem() -> None:
    assert list(report().problems()) == []
    assert report().holds
    assert words.headline(report()) == "1.0.0 became 2.0.0, with the power cut once"


def changed(**values: object) -> tuple[Start, Start]:
    return CUT, replace(REST, **values)  # type: ignore[arg-type]


WRONG = (
    (report(CUT), "round 1: the device is without power"),
    (report(*changed(ending=Ending.SILENT)), "round 1: the device is out of time; expected was: at the new version"),
    (report(replace(CUT, slots={"a": None, "b": OLD}), REST), "round 1, start 1: slot a was written while it ran"),
    (report(replace(CUT, slots={"a": None, "b": None}), REST), "neither slot holds a whole version"),
    (
        report(replace(CUT, ran=(Ran(0.4, "b", None, healthy=True),)), REST),
        "round 1, start 1: slot b was started, and is no version whole",
    ),
    (
        report(replace(CUT, ran=(Ran(0.4, "b", None), RUNS)), REST),
        "round 1, start 1: slot b was started, and is no version whole",
    ),
    (report(*changed(again=True)), "what it had come back from was taken again"),
    (report(CALM), "the power was cut 0 times of 1"),
    (report(last=None), "was not seen to start in the end"),
    (report(last=replace(SERVES, ran=RUNS)), "in the end it runs 1.0.0, and not 2.0.0"),
    (report(last=replace(SERVES, ran=replace(TRIES, healthy=False))), "in the end it is not healthy"),
    (report(last=replace(SERVES, good=False)), "its boot loader does not keep slot b"),
    (report(last=replace(SERVES, answers=(Answer(443, False, "silence"),))), "port 443 does not answer in the end"),
)


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=str)
def test_what_is_wrong_is_told(wrong: Report, said: str) -> None:
    problems = list(wrong.problems())
    assert any(said in one for one in problems), problems
    assert not wrong.holds
    assert words.headline(wrong).startswith("not as expected: ")


def test_a_refused_slot_that_is_not_whole_is_as_it_should_be() -> None:
    refused = Ran(0.4, "b", None, refused=True)
    assert report(replace(CUT, ran=(refused, RUNS)), REST).holds


def test_a_cut_leaves_open_what_the_last_choice_would_have_become() -> None:
    assert report(replace(CUT, ran=(RUNS, Ran(9, "b", None))), REST).holds


def test_who_comes_back_is_expected_to_run_the_old_version() -> None:
    back = replace(SETTING, expected=Ending.BACK, cuts=0)
    start = replace(CALM, ending=Ending.BACK, ran=(RUNS, replace(TRIES, healthy=False), RUNS))
    last = replace(SERVES, ran=RUNS)
    found = Report(back, OFFERED, (Round(Begun(0, BOTH), (start,)),), last)
    assert list(found.problems()) == []
    assert words.headline(found) == "2.0.0 did not prove itself: back to 1.0.0, and not tried again"
    assert any(replace(found, last=SERVES).problems())


def test_an_interruption_is_no_proof_and_no_problem_of_the_device() -> None:
    found = report(CUT, last=None, interrupted=True)
    assert list(found.problems()) == []
    assert not found.holds
    assert words.headline(found) == "interrupted, after the power was cut once"
    begun = replace(found, rounds=(Round(Begun(0, BOTH), ()),))
    assert words.headline(begun) == "interrupted before the power was cut"
    assert words.taken(begun) == "no start was followed to its end"
    assert words.headline(begun) in rendered(begun, Path("report.md"))


def test_events_become_rounds() -> None:
    events = (Begun(0, BOTH), CALM, Begun(1, BOTH), CUT, REST, SERVES)
    assert rounds(events) == (report().rounds, SERVES)


def test_what_cuts_cost_is_told_against_the_round_without() -> None:
    assert words.taken(report()) == (
        "without a cut the device took 30.0 MiB of 30.0 MiB; with cuts 31.0 MiB in 1 round, 1.0 MiB more a cut"
    )


def test_each_round_with_cuts_had_to_take_the_update_too() -> None:
    first, second = report().rounds
    found = replace(report(), rounds=(first, second, replace(second, begun=Begun(2, BOTH))))
    assert words.taken(found).endswith("with cuts 62.0 MiB in 2 rounds, 1.0 MiB more a cut")


def test_which_source_was_taken_is_told() -> None:
    assert words.kinds(OFFERED, report().rounds[0]) == ("full",)
    small = Round(Begun(0, BOTH), (replace(CALM, paths=("/metadata", "/small", "/full")),))
    assert words.kinds(OFFERED, small) == ("blocks", "full")


def test_next_to_each_stretch_stands_what_ran_then() -> None:
    assert list(words.by_stretch(report())) == [(Stretch.INSTALLING, 1, 1)]


def test_a_cut_is_told_where_it_came_and_not_where_it_was_drawn_for() -> None:
    late = replace(CUT, moment=Moment(Stretch.STARTING, 0.9))
    assert words.cut(late) == "installing, 18.0 s in"
    assert list(words.by_stretch(report(late, REST))) == [(Stretch.INSTALLING, 1, 1)]


@pytest.mark.parametrize("suffix", sorted(FORMS))
def test_each_form_tells_the_same(suffix: str) -> None:
    text = rendered(report(), Path(f"report{suffix}"))
    for word in (words.headline(report()), "camera", "qemu-arm64", "ab" * 32, "2026-07-16", "7"):
        assert word in text


def test_the_json_tells_each_start() -> None:
    found = json.loads(rendered(report(), Path("report.json")))
    assert (found["schema"], found["holds"], found["cuts"], found["taken"]) == (
        *("firmward.lab-update/1", True, 1),
        61 * MIB,
    )
    first = found["rounds"][1]["starts"][0]
    assert first["cut"] == {"stretch": "installing", "part": 0.5}
    assert first["slots"] == HALF
    assert first["ran"][0] == {"at": 0.4, "slot": "a", "version": OLD, "healthy": True, "refused": False}
