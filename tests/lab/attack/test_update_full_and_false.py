"""What is made of a device that is full, or that was told a lie, by what is seen of it; and what the attacker puts
there is what the device reads. The device is played."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lying_disk import LyingDisk
from published import published

from firmward.build.built import STATE
from firmward.formats.boot_state import Records, Request, State
from firmward.lab.attack import update_fills_disk, update_health_lies, update_slot_overwrite
from firmward.lab.attacks import Result, Unseen
from firmward.lab.challenge import LEAST, MOST, Challenge
from firmward.lab.means import data_partition, fit, offered_update, outcome, slot_content
from firmward.lab.means.slot_content import Release
from firmward.lab.means.update_server import Asked, UpdateServer, nothing
from firmward.lab.means.web import Web
from firmward.trust.store import Store
from firmward.update import journal, landing, slots

SIZES = {STATE: 1 << 16, "boot_a": 32 << 10, "boot_b": 32 << 10, "root_a": 1 << 20, "root_b": 2 << 20}
ASKED = Challenge(LEAST + 3, MOST - 5)
MODULES = (update_fills_disk, update_health_lies, update_slot_overwrite)


@dataclass
class Played:
    """Does one of `steps` each time it is listened to."""

    disk: LyingDisk
    server: UpdateServer
    release: Release
    steps: list[Callable[[], None]] = field(default_factory=list)
    served: str | None = None
    answered: bool = False
    resets: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def target(self) -> LyingDisk:
        return self.disk

    @property
    def powered(self) -> "Played":
        return self

    @property
    def web(self) -> Web:
        return Web(("", 0), "name:word")

    @property
    def is_healthy(self) -> bool:
        return self.served is not None

    def await_healthy(self, _seconds: float) -> None: ...

    def answers(self) -> bool:
        return self.answered

    @contextmanager
    def power(self, ports: Sequence[int] = (), station: object = None) -> Iterator["Played"]:
        yield self

    @contextmanager
    def taken(self, _target: object, station: object = None, login: str | None = None) -> Iterator["Played"]:
        yield self

    def run(self, code: str, _seconds: float) -> str:
        self.left += ["left"] if "echo left" in code else []
        return "/data/settings\nfilled\n"

    def goes_on(self, says: str) -> Result:
        self.disk.note(None, says)
        return Result.STOPPED

    def until(self, seen: Callable[[], bool], _seconds: float) -> bool:
        for _ in range(4):
            if seen():
                return True
            if self.steps:
                self.steps.pop(0)()
        return seen()

    def asks(self, *paths: str) -> Callable[[], None]:
        return lambda: self.server.log.extend(Asked(path, 0.0) for path in paths)

    def says(self, request: Request, **state: object) -> Callable[[], None]:
        record = State(9, **state)  # type: ignore[arg-type]
        return lambda: self.disk.write(STATE, Records((record, record), request).to_bytes())

    def serves(self, slot: str) -> Callable[[], None]:
        """With the release in it."""

        def step() -> None:
            slot_content.placed(self.disk.target, slot, self.release)
            self.served = slot

        return step


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    releases = {name: published(tmp_path / name, name) for name in ("current", "broken")}
    disk: Any = LyingDisk(SIZES, tmp_path, updates=SimpleNamespace())
    disk.challenge = ASKED
    server = UpdateServer(nothing)
    one = Played(disk, server, releases["current"])
    disk.power = one.power

    @contextmanager
    def serving(_site: object) -> Iterator[UpdateServer]:
        yield server

    for module in MODULES:
        monkeypatch.setattr(module, "serving_beside", serving)
    monkeypatch.setattr(update_fills_disk, "taken", one.taken)
    monkeypatch.setattr(slot_content, "release", lambda _updates, name: releases[name])
    monkeypatch.setattr(offered_update, "honest", lambda _updates: nothing)
    monkeypatch.setattr(outcome, "answers", lambda *_: True)
    yield one
    server.wire.close()


def ran(module: Any, played: Played, *, plain: bool = False) -> Result:
    played.disk.is_plain = plain
    result: Result = module.run(played.disk)
    return result


# ------------------------------------------------------------------ a full disk


def test_a_device_that_installs_though_all_is_full_has_stopped_it(played: Played) -> None:
    played.steps = [played.says(Request(active="b")), played.serves("b")]
    assert ran(update_fills_disk, played) is Result.STOPPED
    assert not played.left
    assert "while all is full" in " ".join(played.disk.notes)


def test_a_device_that_installs_once_there_is_room_has_stopped_it_too(played: Played) -> None:
    played.steps = [*[lambda: None] * 4, played.serves("b")]
    assert ran(update_fills_disk, played) is Result.STOPPED
    assert played.left
    assert "has no room" in " ".join(played.disk.notes)


def test_a_device_that_never_installs_again_has_stopped_nothing(played: Played) -> None:
    with pytest.raises(Unseen, match="did not come to serve"):
        ran(update_fills_disk, played)


def test_his_code_that_ends_early_has_filled_nothing(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(played, "run", lambda *_: "/data/settings\n")
    with pytest.raises(Unseen, match="did not come to its end"):
        ran(update_fills_disk, played)


def test_a_twin_that_asks_and_fetches_nothing_is_not_updated_any_more(played: Played) -> None:
    played.steps = [played.asks("/firmware/cam-2.txt")]
    assert ran(update_fills_disk, played, plain=True) is Result.SUCCEEDED


@pytest.mark.parametrize(
    ("resets", "served", "answers", "result"),
    [
        (3, None, False, Result.SUCCEEDED),
        (3, None, True, Result.STOPPED),
        (0, "a", True, Result.STOPPED),
    ],
)
def test_a_twin_that_fetches_it_is_looked_at(
    resets: int, served: str | None, answers: bool, result: Result, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "answers", lambda *_: answers)
    played.resets, played.served = resets, served
    played.steps = [played.asks("/firmware/cam-2.txt", "/firmware/cam-2-current.img")]
    assert ran(update_fills_disk, played, plain=True) is result


# ------------------------------------------------------------------ a lie about health


def test_a_device_that_leaves_the_broken_version_has_seen_it(played: Played) -> None:
    played.steps = [played.says(Request(), active="b", last="b", b_good=True), played.serves("a")]
    assert ran(update_health_lies, played) is Result.DETECTED
    assert "counts slot b as healthy" in played.disk.notes[1]
    assert "slot a serves in its place, with current, which it fetched itself" in played.disk.notes[-1]


def test_a_device_that_serves_nobody_any_more_has_lost(played: Played) -> None:
    played.steps = [played.says(Request(), active="b", last="b", b_good=True)]
    assert ran(update_health_lies, played) is Result.SUCCEEDED


def test_a_claim_that_nobody_reads_proves_nothing(played: Played) -> None:
    with pytest.raises(Unseen, match="did not read the claim"):
        ran(update_health_lies, played)


def test_a_broken_version_that_serves_is_none(played: Played) -> None:
    played.steps = [played.says(Request(), active="b"), played.serves("b")]
    with pytest.raises(Unseen, match="that does not serve"):
        ran(update_health_lies, played)


def test_the_broken_version_and_the_claim_are_what_the_device_reads(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = []
    monkeypatch.setattr(update_health_lies, "_believed", lambda _: found.append(played.disk.records()))
    ran(update_health_lies, played)
    broken = slot_content.release(played.disk.updates, "broken")
    assert slot_content.holds(played.disk.target, "b", broken)
    assert (found[0].request, found[0].state.last) == (Request(good="b"), "b")


@pytest.mark.parametrize(("serves", "result"), [(False, Result.SUCCEEDED), (True, Result.STOPPED)])
def test_a_twin_that_does_not_serve_with_it_stays_so(
    serves: bool, result: Result, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "answers", lambda *_: serves)
    assert ran(update_health_lies, played, plain=True) is result


# ------------------------------------------------------------------ forged records


@pytest.fixture
def forged(played: Played, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What is planted, by its path."""
    files: dict[str, bytes] = {}
    place = played.disk.work / "unsigned.fit"
    place.write_bytes(b"his own")
    monkeypatch.setattr(fit, "unsigned", lambda _target: place)
    monkeypatch.setattr(
        data_partition, "plant", lambda _target, things, _folders=(): files.update({x.path: x.content for x in things})
    )
    monkeypatch.setattr(update_slot_overwrite, "_digest", lambda _updates: "ab" * 32)
    return files


def test_the_forged_records_are_ones_that_the_installer_reads(
    played: Played, forged: dict[str, bytes], tmp_path: Path
) -> None:
    played.steps = [played.serves("b")]
    assert ran(update_slot_overwrite, played) is Result.STOPPED
    for path, content in forged.items():
        place = tmp_path / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
    store, boot = Store(tmp_path / "firmward"), played.release.payload("boot")
    kept = journal.kept(store)
    assert kept is not None
    assert (kept.manifest, kept.slot, kept.payload) == ("ab" * 32, "b", "boot")
    assert (kept.offset, kept.prefix) == (boot.size, boot.sha256)
    assert store.recall(landing.HEAD) == played.release.content("boot")[:4096]
    held = [slots.held(store, slot) for slot in "ab"]
    assert [one and (one.version, one.sha256) for one in held] == [("1.4.0", "ab" * 32), ("current", "ab" * 32)]


def test_his_kernel_lies_in_the_slot_that_is_asked_for(played: Played, forged: dict[str, bytes]) -> None:
    played.steps = [lambda: setattr(played, "answered", True)]
    assert ran(update_slot_overwrite, played) is Result.SUCCEEDED
    assert played.disk.read("boot_b", 7) == b"his own"
    assert played.disk.records().request == Request(active="b")
    assert forged


@pytest.mark.usefixtures("forged")
@pytest.mark.parametrize("partition", ["boot_a", "root_a"])
def test_a_device_that_writes_over_what_runs_has_lost(partition: str, played: Played) -> None:
    played.steps = [lambda: played.disk.write(partition, b"x", 5000), played.serves("b")]
    assert ran(update_slot_overwrite, played) is Result.SUCCEEDED
    assert "wrote over slot a" in played.disk.notes[-1]


@pytest.mark.usefixtures("forged")
def test_a_device_that_is_held_back_by_it_has_stopped_nothing(played: Played) -> None:
    played.served = "a"
    with pytest.raises(Unseen, match="slot a serves, and current did not come to serve"):
        ran(update_slot_overwrite, played)


@pytest.mark.usefixtures("forged")
def test_a_slot_that_serves_with_other_bytes_is_not_the_makers(played: Played) -> None:
    played.steps = [lambda: setattr(played, "served", "b")]
    with pytest.raises(Unseen, match="does not hold current"):
        ran(update_slot_overwrite, played)
