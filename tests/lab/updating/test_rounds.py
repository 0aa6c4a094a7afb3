"""Rounds of an update: one without a cut, then as many as the cuts need."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from firmward.lab.media import Media
from firmward.lab.updating import rounds
from firmward.lab.updating.moments import Moment, Stretch
from firmward.lab.updating.rounds import SPARE, Begun, Event, Last, Order, Rounds, lengths
from firmward.lab.updating.seen import Asked, Ending, Ran, Start
from firmward.lab.updating.slots import Slots

OLD, NEW = "1.0.0", "2.0.0"
SINCE = {Stretch.STARTING: 0.0, Stretch.INSTALLING: 12.0, Stretch.TRIAL: 40.0}
DONE = Start(Ending.UPDATED, 50.0, (), {}, 0, since=SINCE)


class Played(Rounds):
    """A device that is cut whenever it is asked for, and done where it is not, or at every third start."""

    def __init__(self, order: Order, ending: Ending = Ending.UPDATED) -> None:
        super().__init__(order)
        self.asked: list[Asked] = []
        self._ends = ending

    def _start(self, written: Media, slots: Slots, asked: Asked) -> Start:
        self.asked.append(asked)
        is_done = asked.moment is None or len(self.asked) % 3 == 0
        if is_done:
            return Start(self._ends, 50.0, (), {}, 0, since=SINCE)
        assert asked.moment is not None
        ran = (Ran(0.4, "b", NEW),) if asked.moment.stretch is Stretch.TRIAL else ()
        return Start(Ending.CUT, 5.0, ran, {}, 0, (), asked.moment, since=SINCE)


@pytest.fixture(autouse=True)
def _no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def copied(_folder: Path) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(disk=SimpleNamespace(fileno=lambda: -1))

    monkeypatch.setattr(rounds.media, "copied", copied)
    monkeypatch.setattr(rounds, "last", lambda _order, _written: Last(None, False, ()))
    monkeypatch.setattr(Slots, "both", lambda _self: {"a": OLD, "b": OLD})


def order(cuts: int, seed: int = 3) -> Order:
    return cast("Order", SimpleNamespace(
        device=None, base=Path(), known=(), new=NEW, expected=Ending.UPDATED, cuts=cuts, seed=seed, limit=1.0
    ))  # fmt: skip


def played(cuts: int, ending: Ending = Ending.UPDATED) -> tuple[Played, list[Event]]:
    found = Played(order(cuts), ending)
    return found, list(found.events())


def test_the_first_round_is_without_a_cut() -> None:
    found, events = played(9)
    assert found.asked[0].moment is None
    assert events[:2] == [Begun(0, {"a": OLD, "b": OLD}), DONE]


@pytest.mark.parametrize("cuts", [0, 1, 2, 7, 50])
def test_every_cut_is_made_and_the_device_is_started_once_more(cuts: int) -> None:
    _, events = played(cuts)
    starts = [one for one in events if isinstance(one, Start)]
    assert sum(one.ending is Ending.CUT for one in starts) == cuts
    assert starts[-1].ending is Ending.UPDATED
    assert [isinstance(one, Last) for one in events] == [False] * (len(events) - 1) + [True]


def test_each_round_ends_with_the_update() -> None:
    _, events = played(20)
    for before, one in itertools.pairwise(events):
        if isinstance(one, Begun | Last) and isinstance(before, Start):
            assert before.ending is Ending.UPDATED


def test_a_moment_that_did_not_come_is_the_next_rounds_first() -> None:
    found, _ = played(20)
    moments = [one.moment for one in found.asked if one.moment is not None]
    kept = [before for before, one in itertools.pairwise(moments) if before is one]
    assert kept


def test_the_new_version_is_spared_once_it_was_cut_as_often_as_it_may() -> None:
    found, _ = played(50)
    assert {one.spare for one in found.asked} == set(range(SPARE + 1))
    for before, one in zip(found.asked, found.asked[1:], strict=False):
        is_same_round = one.spare != SPARE
        if is_same_round and before.moment is not None and before.moment.stretch is Stretch.TRIAL:
            assert (one.tried, one.spare) == (True, before.spare - 1)


@pytest.mark.parametrize("ending", [Ending.SILENT, Ending.BACK, Ending.STAYED, Ending.OFF])
def test_what_is_not_expected_ends_it(ending: Ending) -> None:
    _, events = played(9, ending)
    assert [type(one) for one in events] == [Begun, Start, Last]


def test_a_later_round_that_is_not_expected_ends_it_too() -> None:
    found = Played(order(9))
    events = []
    for event in found.events():
        events.append(event)
        if isinstance(event, Start):
            found._ends = Ending.SILENT
    assert [one.number for one in events if isinstance(one, Begun)] == [0, 1]
    assert isinstance(events[-2], Start)
    assert events[-2].ending is Ending.SILENT
    assert isinstance(events[-1], Last)


def test_stretches_are_as_long_as_they_were_without_a_cut() -> None:
    assert lengths(DONE) == {Stretch.STARTING: 12.0, Stretch.INSTALLING: 28.0, Stretch.TRIAL: 10.0}
    refused = Start(Ending.STAYED, 100.0, (), {}, 0, since={Stretch.STARTING: 0.0})
    assert lengths(refused) == {Stretch.STARTING: 100.0}


def test_moments_are_told_in_words() -> None:
    assert str(Moment(Stretch.INSTALLING, 0.756)) == "installing, 76%"
