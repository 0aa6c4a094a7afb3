"""Each cut comes at its stage and not before, and what is made of a device that comes back, that does not, or that
comes back with something else. The device is played, its disk is one in memory."""

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
from firmward.lab.attack import update_interrupted
from firmward.lab.attacks import Result, Unseen
from firmward.lab.means import offered_update, outcome, slot_content
from firmward.lab.means.slot_content import Release
from firmward.lab.means.update_server import Asked, UpdateServer, nothing

SIZES = {STATE: 1 << 16, "boot_a": 32 << 10, "boot_b": 32 << 10, "root_a": 1 << 20, "root_b": 1 << 20}


@dataclass
class Played:
    """Does a step of an update each time it is listened to, and goes on with it after a cut. It does not serve any more
    from start number `dead` on, and falls back in the end where it is `fickle`."""

    disk: LyingDisk
    release: Release
    server: UpdateServer
    dead: int = 99
    fickle: bool = False
    starts: int = 0
    done: list[str] = field(default_factory=list)
    cuts: list[str] = field(default_factory=list)

    @contextmanager
    def power(self, _ports: Sequence[int], station: object = None) -> Iterator["Started"]:
        self.starts += 1
        started = Started(self)
        yield started
        self.cuts.append(self.done[-1] if self.done else "")

    def comes(self, partition: str, share: float) -> None:
        """What was missing, so far, but for the first block of boot."""
        content = self.release.content(partition)
        self.server.log.append(Asked(next(iter(self.release.urls(partition))), 1e12, offset=len(self.done)))
        first = slot_content.BLOCK if partition == "boot" else 0
        self.disk.write(f"{partition}_b", content[first : int(len(content) * share)], first)

    def say(self, request: Request, last: str) -> None:
        self.disk.write(STATE, Records((State(1), State(self.starts + 1, last=last)), request).to_bytes())

    def lay(self) -> None:
        slot_content.placed(self.disk.target, "b", self.release)


class Started:
    """One start of it."""

    def __init__(self, played: Played) -> None:
        self.played, self.target, self.served = played, played.disk, ""
        self.steps = self._steps()

    def _steps(self) -> Iterator[str]:
        played = self.played
        new = "switched" in played.done and not (played.fickle and played.starts > 5)
        played.say(Request(), "b" if new else "a")
        yield "started"
        if played.starts >= played.dead:
            while True:
                yield "dead"
        if new and played.starts == 5:
            yield "first start"
            return
        self.served = "b" if new else "a"
        yield "serves"
        stages: dict[str, Callable[[], None]] = {
            "begun": lambda: played.comes("root", 0.4),
            "root": lambda: played.comes("root", 0.6),
            "boot begun": lambda: played.comes("boot", 0.4),
            "boot": lambda: played.comes("boot", 0.8),
            "all": lambda: played.comes("boot", 1.0),
            "whole": played.lay,
            "switched": lambda: played.say(Request(active="b"), "a"),
        }
        for name, step in stages.items():
            step()
            if name not in played.done:
                played.done.append(name)
            yield name

    @property
    def is_healthy(self) -> bool:
        return bool(self.served)

    def hear(self, _seconds: float) -> None:
        next(self.steps, None)

    def until(self, seen: Callable[[], bool], seconds: float) -> bool:
        for _ in range(12 if seconds else 0):
            if seen():
                return True
            self.hear(0)
        return seen()


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    release = published(tmp_path / "blobs")
    disk = LyingDisk(SIZES, tmp_path, updates=SimpleNamespace())
    server = UpdateServer(nothing)
    one = Played(disk, release, server)
    disk.power = one.power  # type: ignore[attr-defined]

    @contextmanager
    def serving(_site: object) -> Iterator[UpdateServer]:
        yield server

    monkeypatch.setattr(update_interrupted, "serving_beside", serving)
    monkeypatch.setattr(update_interrupted, "COMES", 0.2)
    monkeypatch.setattr(slot_content, "release", lambda _updates, _name: release)
    monkeypatch.setattr(offered_update, "honest", lambda _updates: nothing)
    monkeypatch.setattr(outcome, "answers", lambda *_: True)
    yield one
    server.wire.close()


def ran(played: Played) -> Result:
    device: Any = played.disk
    return update_interrupted.run(device)


def test_each_cut_comes_at_its_stage_and_the_new_version_serves_in_the_end(played: Played) -> None:
    assert ran(played) is Result.STOPPED
    assert played.cuts[:4] == ["root", "boot", "whole", "switched"]
    assert played.starts == len(update_interrupted.CUTS) + 1
    told = [note for note in played.disk.notes if note.startswith("cuts the power")]
    assert len(told) == len(update_interrupted.CUTS)
    assert "asked for root from byte" in told[1]


@pytest.mark.parametrize("start", [1, 2, 3, 4, 6])
def test_a_device_that_does_not_come_back_has_lost(start: int, played: Played) -> None:
    played.dead = start
    assert ran(played) is Result.SUCCEEDED
    assert "did not serve" in played.disk.notes[-1]


def test_of_a_device_that_serves_the_old_version_in_the_end_nothing_is_proved(played: Played) -> None:
    played.fickle = True
    with pytest.raises(Unseen, match=r"slot a serves in the end, and 1\.5\.0 was to serve from b"):
        ran(played)


def test_a_slot_that_serves_and_is_not_whole_is_not_the_new_version(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(played, "lay", lambda: played.disk.write("boot_b", played.release.content("boot")))
    with pytest.raises(Unseen, match="slot b serves in the end"):
        ran(played)


def test_an_update_that_never_comes_is_not_cut(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(played, "comes", lambda *_: None)
    monkeypatch.setattr(played, "lay", lambda: None)
    with pytest.raises(Unseen, match="so far as to be cut in the middle of the root"):
        ran(played)
    assert played.starts == 1


def test_a_port_that_is_silent_in_the_end_is_told(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "answers", lambda *_: False)
    with pytest.raises(Unseen, match="port 443 does not answer"):
        ran(played)
