"""Whenever the power is cut, the device starts, and what it starts is whole; and the update comes to its end.

`tools/power-cuts` plays the same stories in thousands, and with `--play` the one that a failure here names.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from power import story
from power.images import image
from power.loader import PlayedUboot
from power.medium import SECTOR, Left, PlayedDisk, PlayedFiles, WroteRunningSlotError
from power.story import Story
from power.timeline import Cut, Moment, PowerCut, Timeline

from firmward.formats.boot_state import State

BY_CHANCE = 500


def played(stories: Iterable[Story]) -> Counter[str]:
    """Where they were cut. Fails with the story's name."""
    places: Counter[str] = Counter()
    for one in stories:
        try:
            places.update(one.play())
        except Exception as error:
            raise AssertionError(f"story {one.name}: {error!r}") from error
    return places


@pytest.mark.parametrize("loader", story.LOADERS)
@pytest.mark.parametrize("seed", [0, 10_000])
def test_a_cut_at_every_step_leaves_a_device_that_starts_and_goes_on(seed: int, loader: str) -> None:
    places, steps = played(story.systematic(seed, loader)), story.steps_of_one_install(loader)
    assert set(steps) <= set(places)
    assert sum(places.values()) >= 2 * len(steps)


@pytest.mark.parametrize("loader", story.LOADERS)
def test_cuts_by_chance_and_during_recovery_too(loader: str) -> None:
    places = played(islice(story.by_chance(0, loader), BY_CHANCE))
    assert sum(places.values()) >= BY_CHANCE
    assert {"disk: sync boot", "file: settle", "file: remove installed"} <= set(places)


@pytest.mark.parametrize("loader", story.LOADERS)
def test_a_story_is_the_same_each_time(loader: str) -> None:
    for one in (*islice(story.by_chance(7, loader), 20), *islice(story.systematic(7, loader), 20)):
        assert one.play() == one.play() == Story.named(one.name).play()


@pytest.mark.parametrize("name", ["17", "grub:17", "flags:x", "flags:17:later:3"])
def test_what_is_no_story_is_told(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (argparse says the rest)
        Story.named(name)


def test_an_install_is_long_enough_to_be_cut() -> None:
    steps = Counter(story.steps_of_one_install("flags"))
    assert steps["disk: write root"] > 20
    assert steps["file: rename journal"] > 20


# ---------------------------------------------------------------- the medium that is played loses what it may lose

SEEDS = range(60)


def disk(chance: Random) -> PlayedDisk:
    played = PlayedDisk(Timeline(), chance, {"root_b": bytes(4 * SECTOR), "root_a": bytes(SECTOR)})
    played.takes_little = 0
    played.running = "a"
    return played


@pytest.mark.parametrize("left", Left, ids=str)
def test_what_was_synced_stays(left: Left) -> None:
    for seed in SEEDS:
        one = disk(Random(seed))
        one.write("root_b", 100, b"x" * 900)
        one.sync("root_b")
        one.write("root_b", 3 * SECTOR, b"y")
        one.cut(left)
        assert one.read("root_b", 100, 900) == b"x" * 900


def test_of_what_was_not_synced_any_sector_may_be_there() -> None:
    found = set()
    for seed in SEEDS:
        one = disk(Random(seed))
        one.write("root_b", 0, b"x" * 3 * SECTOR)
        one.cut(Left.TORN)
        found.add(tuple(one.read("root_b", at * SECTOR, SECTOR).count(b"x") > SECTOR // 2 for at in range(3)))
    assert len(found) == 8


def test_a_later_write_may_come_first_and_a_bit_turn_over() -> None:
    found = set()
    for seed in SEEDS:
        one = disk(Random(seed))
        one.write("root_b", 0, b"x")
        one.write("root_b", 0, b"y")
        one.cut(Left.SOME)
        found.add(one.read("root_b", 0, 1))
    assert {b"x", b"y", b"\0"} < found


def test_a_write_may_take_fewer_bytes() -> None:
    one = disk(Random(1))
    one.takes_little = 1.0
    assert {one.write("root_b", 0, bytes(100)) for _ in range(40)} != {100}


def test_the_running_slot_cannot_be_written_unnoticed() -> None:
    with pytest.raises(WroteRunningSlotError):
        disk(Random(0)).write("root_a", 0, b"x")


def kept(seed: int, *, synced: bool, settled: bool) -> bytes | None:
    files = PlayedFiles(Timeline(), Random(seed))
    files.write("new", b"x" * 600)
    if synced:
        files.sync("new")
    files.rename("new", "name")
    if settled:
        files.settle()
    files.cut(Random(seed).choice(list(Left)))
    return files.read("name", 1000)


def test_a_file_that_was_synced_renamed_and_settled_is_there() -> None:
    assert {kept(seed, synced=True, settled=True) for seed in SEEDS} == {b"x" * 600}


def test_a_name_that_was_not_settled_may_be_gone() -> None:
    assert {kept(seed, synced=True, settled=False) for seed in SEEDS} == {b"x" * 600, None}


def test_a_file_that_was_not_synced_may_have_its_name_and_be_empty_or_torn() -> None:
    found = {kept(seed, synced=False, settled=True) for seed in SEEDS}
    assert {b"", b"x" * 600} < found
    assert any(one and one != b"x" * 600 for one in found)


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.HALF_WAY], ids=str)
def test_nothing_is_done_when_the_power_is_gone(moment: Moment) -> None:
    timeline = Timeline(Cut(1, moment))
    files = PlayedFiles(timeline, Random(0))
    files.write("one", b"")
    for _ in range(2):
        with pytest.raises(PowerCut):
            files.write("two", b"")
    assert timeline.places == ["file: write one", "file: write two"]


# --------------------------------------------------------------------- the boot loader that is played, as boot.env says


def uboot(*, a_good: bool = False) -> PlayedUboot:
    return PlayedUboot(Timeline(), Random(0), State(1, a_good=a_good))


def test_a_slot_on_trial_is_tried_three_times_and_left() -> None:
    one = uboot(a_good=True)
    assert one.start(lambda _: True) == "a"
    one.adapter("a").mark_good("a")
    one.adapter("a").activate("b")
    assert one.adapter("a").state().next == "b"
    assert [one.start(lambda _: True) for _ in range(4)] == ["b", "b", "b", "a"]


def test_a_slot_that_was_marked_good_is_kept() -> None:
    one = uboot()
    one.adapter("a").activate("b")
    assert one.start(lambda _: True) == "b"
    one.adapter("b").mark_good("b")
    assert one.adapter("b").state().good == {"b"}
    assert [one.start(lambda _: True) for _ in range(3)] == ["b", "b", "b"]


def test_a_slot_that_does_not_verify_is_not_started() -> None:
    one = uboot()
    one.adapter("a").activate("b")
    assert one.start(lambda slot: slot == "a") == "a"
    assert one.start(lambda _: False) is None


def test_what_was_asked_for_a_slot_is_taken_back() -> None:
    one = uboot()
    one.adapter("a").mark_good("a")
    one.adapter("a").activate("b")
    one.adapter("a").disable("b")
    assert one.adapter("a").state().next == "a"
    assert one.request.good == "a"


def test_images_differ_where_it_counts() -> None:
    assert len({image(version).boot[:SECTOR] for version in ("1.3.0", "1.4.0", "1.4.1")}) == 3


# ------------------------------------------------------------------------------------------------------------ the tool

TOOL = Path(__file__).parents[2] / "tools" / "power-cuts"


def told(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *words], capture_output=True, text=True, timeout=60)


def test_the_tool_plays_as_many_cuts_as_it_is_told_and_says_where_they_fell() -> None:
    done = told("--cuts", "40", "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| cut at | times |\n")
    assert "from seed 3" in done.stdout
    assert "file: settle" in done.stdout


@pytest.mark.parametrize("name", ["flags:17", "uboot-state:5:half-way:20"])
def test_the_tool_plays_one_story_again(name: str) -> None:
    done = told("--play", name)
    assert done.returncode == 0, done.stderr
    assert f"{len(Story.named(name).play())} cuts in 1 stories" in done.stdout


def test_the_tool_says_which_story_failed() -> None:
    """A medium that fails is none of its stories: the installer says so, and the story ends there."""
    done = told("--play", "flags:1:fails:3")
    assert done.returncode == 1
    assert "FAILED: tools/power-cuts --play flags:1:fails:3" in done.stdout
