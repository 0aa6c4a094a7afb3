"""What is made of what an updater was seen to do: a twin that ran it, a device that took it, refused it or did nothing.

The device is played; what it asks for is what its own client would."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from firmward.lab.attack import update_endless, update_freeze, update_slow
from firmward.lab.attacks import Result, Unseen
from firmward.lab.means import offered_update
from firmward.lab.means.update_server import Asked, UpdateServer, nothing
from firmward.lab.target import Powered, drives

BAD = frozenset(("/targets/blobs/bad",))
GOOD = "/targets/blobs/good"
BLOB = SimpleNamespace(sha256="good")
MANIFEST = SimpleNamespace(version="1.5.0", payloads=[SimpleNamespace(sources=[SimpleNamespace(blob=BLOB)])])


@dataclass
class Played:
    """Does one of `steps` after another while somebody waits for it."""

    server: UpdateServer
    steps: list[Callable[[], None]] = field(default_factory=list)
    answered: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def target(self) -> Any:
        updates = SimpleNamespace(manifest=lambda _name: MANIFEST, place=lambda _name: None)
        return SimpleNamespace(note=lambda _witness, says: self.notes.append(says), updates=updates)

    def until(self, seen: Callable[[], bool], _seconds: float) -> bool:
        while not seen() and self.steps:
            self.steps.pop(0)()
        return seen()

    def answers(self) -> bool:
        return self.answered

    def asks(self, *paths: str, ended: float | None = None) -> Callable[[], None]:
        def step() -> None:
            now = time.monotonic()
            self.server.log += [Asked(path, now, None if ended is None else now + ended) for path in paths]

        return step

    def runs(self) -> None:
        self.answered = True


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setattr(offered_update, "QUIET", -1.0)
    monkeypatch.setattr(offered_update.update_server, "folder", lambda _place: nothing)
    server = UpdateServer(nothing)
    yield Played(server)
    server.station.close()


def powered(one: Played) -> Powered:
    return cast("Powered", one)


def device(one: Played) -> Result:
    offered_update.until_quiet(powered(one), one.server)
    if offered_update.took(powered(one), one.server, BAD):
        return Result.SUCCEEDED
    return offered_update.leaves(powered(one), one.server, BAD)


def test_a_twin_that_runs_what_it_fetched_has_lost(played: Played) -> None:
    played.steps = [played.asks("/firmware/cam-2.txt"), played.runs]
    assert offered_update.twin(powered(played), played.server) is Result.SUCCEEDED


def test_a_twin_that_asks_and_runs_nothing_has_not(played: Played) -> None:
    played.steps = [played.asks("/firmware/cam-2.txt")]
    assert offered_update.twin(powered(played), played.server) is Result.STOPPED


def test_of_an_updater_that_asks_for_nothing_nothing_can_be_told(played: Played) -> None:
    with pytest.raises(Unseen, match="asked for nothing"):
        offered_update.twin(powered(played), played.server)
    with pytest.raises(Unseen, match="asked for nothing"):
        device(played)


def test_a_device_that_asks_for_the_payload_has_lost(played: Played) -> None:
    played.steps = [played.asks("/metadata/timestamp.json", *BAD)]
    assert device(played) is Result.SUCCEEDED


def test_a_device_that_refuses_and_takes_its_makers_update_has_stopped_it(played: Played) -> None:
    played.steps = [played.asks("/metadata/timestamp.json"), played.asks("/metadata/timestamp.json", GOOD)]
    assert device(played) is Result.STOPPED
    assert "fetches 1.5.0 of its maker" in played.notes[-1]


def test_a_device_that_takes_nothing_at_all_has_stopped_nothing(played: Played) -> None:
    played.steps = [played.asks("/metadata/timestamp.json"), played.asks("/metadata/timestamp.json")]
    with pytest.raises(Unseen, match=r"did not take 1\.5\.0"):
        device(played)


def test_a_device_that_falls_for_it_in_the_end_has_lost(played: Played) -> None:
    played.steps = [played.asks("/metadata/timestamp.json"), played.asks(*BAD, GOOD)]
    assert device(played) is Result.SUCCEEDED


def test_an_updater_that_takes_too_much_has_lost(played: Played) -> None:
    played.asks("/firmware/cam-2.txt")()
    played.server.taken = update_endless.TOO_MUCH + 1
    assert update_endless._seen(powered(played), played.server) is Result.SUCCEEDED


def test_an_updater_that_breaks_off_and_goes_on_has_stopped_it(played: Played) -> None:
    played.asks("/metadata/timestamp.json", ended=0.0)()
    played.steps = [played.asks(GOOD)]
    assert update_endless._seen(powered(played), played.server) is Result.STOPPED


def test_an_updater_that_neither_takes_nor_ends_is_not_told(played: Played) -> None:
    played.asks("/metadata/timestamp.json")()
    with pytest.raises(Unseen, match="neither took"):
        update_endless._seen(powered(played), played.server)


def test_who_waits_for_ever_is_held_and_who_breaks_off_has_seen_it(played: Played) -> None:
    played.asks("/metadata/2.root.json")()
    first = played.server.log[0]
    assert update_slow._seen(powered(played), played.server, first) is Result.SUCCEEDED
    first.ended = first.at + 124
    played.steps = [played.asks(GOOD)]
    assert update_slow._seen(powered(played), played.server, first) is Result.DETECTED


def test_who_rests_with_the_past_is_frozen_and_who_asks_again_is_not(played: Played) -> None:
    assert update_freeze._rests(powered(played)) is Result.SUCCEEDED
    played.asks("/metadata/timestamp.json", "/metadata/timestamp.json")()
    played.steps = [played.asks(GOOD)]
    assert update_freeze._goes_on(powered(played), played.server, 1) is Result.DETECTED


WRONG = [{"device": "card", "stats": {"rd_bytes": "7"}}, {"device": "disk", "stats": []}]


def test_what_was_read_of_a_drive_is_found_in_any_answer() -> None:
    said = [{"device": "disk", "stats": {"rd_bytes": 5}}, {"device": "card", "stats": {"rd_bytes": 7}}, {}, "x"]
    assert drives(said) == {"disk": 5, "card": 7}
    for answer in (None, {}, "text", [{"device": "card"}], [{"device": 5, "stats": {"rd_bytes": 5}}], WRONG):
        assert drives(answer) == {}
