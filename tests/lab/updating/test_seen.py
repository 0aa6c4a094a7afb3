"""What is made of a device that is watched while it updates itself."""

from dataclasses import dataclass, replace

import pytest

from firmward.lab.stages import Mishap, Sign, Stage, Step
from firmward.lab.updating.moments import Moment, Stretch
from firmward.lab.updating.seen import Asked, Ending, Ran, Seen

OLD, NEW = "1.0.0", "2.0.0"
MIB = 1 << 20


@dataclass
class Line:
    asked: bool = False
    takes: bool = False
    taken: int = 0


def asked(moment: Moment | None = None, *, tried: bool = False, spare: int = 2) -> Asked:
    lengths = {Stretch.STARTING: 20.0, Stretch.INSTALLING: 30.0, Stretch.TRIAL: 10.0}
    return Asked(NEW, moment, lengths, tried, spare, patience=90, rest=60, limit=900)


def followed(order: Asked, *events: tuple[float, str], slots: dict[str, str | None] | None = None) -> Seen:
    """`a`: slot a is chosen, `+a`: it is healthy, `-a`: it is refused; `?`: asked, `!`: takes, a number: MiB taken."""
    held = slots or {"a": OLD, "b": NEW}
    seen, line = Seen(order, held.__getitem__), Line()
    for at, word in events:
        if word[-1] in "ab":
            what = {"+": Stage.HEALTHY, "-": Mishap.REFUSED}.get(word[0], Stage.SLOT)
            seen.step(Step(at, 1, Sign(what, "", word[-1])))
        elif word.isdecimal():
            line.taken = int(word) * MIB
        else:
            line.asked, line.takes = True, line.takes or word == "!"
        seen.line(at, line)
    return seen


FORWARD = ((0.4, "a"), (7, "+a"), (15, "?"), (16, "!"), (40, "b"), (50, "+b"))
FAILS = ((0.4, "a"), (7, "+a"), (15, "?"), (16, "!"), (40, "b"), (60, "b"), (80, "b"), (100, "a"), (110, "+a"))
ROWS = (
    (FORWARD[:-1], 49, None),
    (FORWARD, 50, Ending.UPDATED),
    (FORWARD[:1], 900, Ending.SILENT),
    (FORWARD[:2], 186, None),
    (FORWARD[:2], 187, Ending.STAYED),
    (FORWARD[:3], 100, None),
    (FORWARD[:3], 105, Ending.STAYED),
    (FORWARD[:4], 200, None),
    (FAILS[:-1], 200, None),
    (FAILS, 169, None),
    (FAILS, 170, Ending.BACK),
    ((*FAILS, (120, "3")), 121, Ending.BACK),
    ((*FAILS, (120, "b")), 121, Ending.BACK),
    ((*FAILS, (120, "b"), (130, "+b")), 131, Ending.BACK),
    (((0.4, "a"), (1, "-a"), (1.4, "b"), (9, "+b")), 10, Ending.UPDATED),
)


@pytest.mark.parametrize(("events", "now", "ending"), ROWS)
def test_how_it_ends(events: tuple[tuple[float, str], ...], now: float, ending: Ending | None) -> None:
    assert followed(asked(), *events).ending(now) is ending


def test_the_stretches_begin_with_power_with_a_payload_and_with_the_new_version() -> None:
    assert followed(asked(), *FORWARD).since == {Stretch.STARTING: 0, Stretch.INSTALLING: 16, Stretch.TRIAL: 40}


def test_what_is_fetched_behind_the_switch_begins_no_stretch() -> None:
    assert followed(asked(), (0.4, "b"), (15, "!")).since == {Stretch.STARTING: 0, Stretch.TRIAL: 0.4}


@pytest.mark.parametrize(
    ("stretch", "events", "due"),
    [
        (Stretch.STARTING, (), 10.0),
        (Stretch.INSTALLING, FORWARD[:3], None),
        (Stretch.INSTALLING, FORWARD[:4], 31.0),
        (Stretch.TRIAL, FORWARD[:4], None),
        (Stretch.TRIAL, FORWARD[:5], 45.0),
    ],
)
def test_a_moment_is_a_part_of_its_stretch(
    stretch: Stretch, events: tuple[tuple[float, str], ...], due: float | None
) -> None:
    assert followed(asked(Moment(stretch, 0.5)), *events).due() == due


def test_a_new_version_that_was_cut_often_enough_is_let_alone() -> None:
    order = asked(Moment(Stretch.STARTING, 0.5), spare=0)
    assert followed(order, *FORWARD[:4]).due() == 10.0
    assert followed(order, *FORWARD[:5]).due() is None


def test_a_device_that_came_back_before_is_watched_from_its_health_on() -> None:
    seen = followed(asked(tried=True), (0.4, "a"), (7, "+a"), (15, "?"))
    assert (seen.ending(66), seen.ending(68)) == (None, Ending.BACK)


def test_a_choice_between_two_looks_is_told_by_what_came_of_it() -> None:
    seen = followed(asked(), (0.4, "a"), (7, "+a"), (50, "+b"))
    assert seen.ran == [Ran(0.4, "a", OLD, healthy=True), Ran(50, "b", NEW, healthy=True)]


def test_a_refused_slot_is_no_trial_of_the_new_version() -> None:
    seen = followed(asked(), (0.4, "b"), (0.5, "-b"), (1, "a"), (8, "+a"))
    assert seen.ran[0] == Ran(0.4, "b", NEW, refused=True)
    assert (seen.ending(20), seen.ending(68)) == (None, Ending.BACK)
    order = asked(Moment(Stretch.STARTING, 0.5), spare=0)
    assert followed(order, (0.4, "b"), (0.5, "-b")).due() == 10.0


def test_a_slot_that_is_not_whole_is_no_version() -> None:
    seen = followed(asked(), (0.4, "b"), slots={"a": OLD, "b": None})
    assert seen.ran == [Ran(0.4, "b", None)]
    assert replace(seen.ran[0], version=NEW) != seen.ran[0]
