"""What is asked of firmward's own U-Boot; boot_contract.py says what it makes of that, and in the proof U-Boot does."""

import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from boot_contract import OTHER, expected
from hypothesis import assume, given
from hypothesis import strategies as st
from locked_board import MISSING, PARTITIONS, Device, Workshop
from locked_board import SECTOR as DISK_SECTOR
from played_disk import PlayedDisk, PowerCutError
from real.roots import NoPackagesError

from firmward.formats import boot_state
from firmward.formats.boot_state import REQUEST, SECTOR, SIZE, Records, Request, State, parse
from firmward.model.errors import DeviceError, InputError
from firmward.update.bootloaders.uboot_state import PARTITION, UbootState

Call = Callable[[UbootState], None]
CALLS: dict[str, Call] = {
    "activate a": lambda loader: loader.activate("a"),
    "activate b": lambda loader: loader.activate("b"),
    "disable b": lambda loader: loader.disable("b"),
    "mark a good": lambda loader: loader.mark_good("a"),
}
STATES = st.builds(
    State,
    st.integers(1, 99),
    st.sampled_from("ab"),
    st.sampled_from(("", "a", "b")),
    st.integers(0, 3),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
)
REQUESTS = st.builds(Request, st.sampled_from((None, "a", "b")), st.sampled_from((None, "a", "b")))
RECORDS = st.builds(Records, st.tuples(st.none() | STATES, st.none() | STATES), REQUESTS)
SLOT = st.sampled_from("ab")


def disk(records: Records) -> PlayedDisk:
    return PlayedDisk.of({PARTITION: records.to_bytes() + bytes(SECTOR)})


def records(played: PlayedDisk) -> Records:
    return parse(bytes(played.medium[PARTITION]))


def started(found: Records, starts: str = "ab") -> tuple[str, State]:
    """The slot that is tried first, and the state behind the start."""
    tried, after = expected(found.state or State(0), found.request, starts)
    return tried[0][0], after


@given(RECORDS, SLOT)
def test_what_is_next_is_what_the_loader_starts(found: Records, running: str) -> None:
    told = UbootState(disk(found), running).state()
    _, after = started(found)
    assert told.running == running
    assert told.next == started(found)[0]
    assert told.good == {slot for slot, is_good in (("a", after.a_good), ("b", after.b_good)) if is_good}


@given(RECORDS, SLOT, SLOT)
def test_a_slot_that_is_activated_is_started_next_on_trial(found: Records, running: str, slot: str) -> None:
    played = disk(found)
    loader = UbootState(played, running)
    loader.activate(slot)
    assert loader.state().next == slot == started(records(played))[0]
    assert slot not in loader.state().good
    assert records(played).request.good == found.request.good, "what the watcher said stays"


@given(RECORDS, SLOT)
def test_a_slot_that_is_given_up_is_not_started_next(found: Records, running: str) -> None:
    other = OTHER[running]
    played = disk(found)
    loader = UbootState(played, running)
    loader.disable(other)
    assert loader.state().next == running == started(records(played))[0]
    assert records(played).request.good == found.request.good


@given(RECORDS, SLOT)
def test_what_was_asked_and_taken_back_leaves_no_trace(found: Records, running: str) -> None:
    assume(found.request.active is None)
    assume(started(found)[0] == running)
    played = disk(found)
    loader = UbootState(played, running)
    loader.activate(OTHER[running])
    loader.disable(OTHER[running])
    assert records(played) == found


@given(RECORDS, SLOT)
def test_a_good_slot_has_its_tries_back_and_what_was_asked_beside_stays(found: Records, running: str) -> None:
    played = disk(found)
    UbootState(played, running).mark_good(running)
    assert records(played).request == replace(found.request, good=running)


TABLE = (
    (Request(), "activate b", Request(active="b"), "b"),
    (Request(good="a"), "activate b", Request(good="a", active="b"), "b"),
    (Request(active="b"), "activate b", Request(active="b"), "b"),
    (Request(active="b"), "activate a", Request(active="a"), "a"),
    (Request(), "disable b", Request(), "a"),
    (Request(active="b"), "disable b", Request(), "a"),
    (Request(good="a", active="b"), "disable b", Request(good="a"), "a"),
    (Request(active="a"), "disable b", Request(active="a"), "a"),
    (Request(), "mark a good", Request(good="a"), "a"),
    (Request(active="b"), "mark a good", Request(good="a", active="b"), "b"),
)


@pytest.mark.parametrize(("before", "call", "after", "restart"), TABLE)
def test_what_is_asked_of_the_loader(before: Request, call: str, after: Request, restart: str) -> None:
    played = disk(Records((State(7, last="a", a_left=2), None), before))
    CALLS[call](UbootState(played, "a"))
    assert records(played).request == after
    assert started(records(played))[0] == restart


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("before", [row[0] for row in TABLE], ids=str)
def test_a_power_cut_leaves_the_old_request_or_the_new_one(call: str, before: Request) -> None:
    old = Records((State(7, last="a", a_left=2), State(6, last="a")), before)
    whole = disk(old)
    CALLS[call](UbootState(whole, "a"))
    new = records(whole)
    for cut in range(whole.steps):
        played = disk(old)
        played.cut = cut
        with pytest.raises(PowerCutError):
            CALLS[call](UbootState(played, "a"))
        assert records(played) in (old, new)
        played.keep(PARTITION)  # what was written may have come to the medium unasked
        assert records(played) in (old, new)
        played.cut = -1
        CALLS[call](UbootState(played, "a"))
        assert records(played) == new


def test_what_is_asked_is_on_the_medium() -> None:
    played = disk(boot_state.fresh())
    UbootState(played, "a").activate("b")
    assert played.waiting == []
    assert records(played).request == Request(active="b")


def test_nothing_but_the_request_is_written() -> None:
    played = disk(Records((State(7, last="a"), State(6)), Request()))
    before = bytes(played.medium[PARTITION])
    for call in CALLS.values():
        call(UbootState(played, "a"))
    after = bytes(played.medium[PARTITION])
    assert after[:REQUEST] == before[:REQUEST]
    assert after[REQUEST + SECTOR :] == before[REQUEST + SECTOR :]


def test_what_is_asked_already_is_not_written_again() -> None:
    played = disk(Records((State(7, last="a"), None), Request(good="a", active="b")))
    loader = UbootState(played, "a")
    played.takes = 0
    loader.activate("b")
    loader.mark_good("a")


def restarted(played: PlayedDisk, starts: str = "ab") -> str:
    """As the loader does it."""
    found = records(played)
    _, after = started(found, starts)
    written = Records((after, replace(after, seq=after.seq - 1)), Request()).to_bytes()
    played.medium[PARTITION][:SIZE] = written
    return after.active


def test_a_healthy_device_stays_where_it_is_however_often_it_starts() -> None:
    played = disk(boot_state.fresh())
    for _ in range(8):
        slot = restarted(played)
        assert slot == "a"
        UbootState(played, slot).mark_good(slot)


def test_a_version_that_never_serves_falls_back_and_one_that_does_stays() -> None:
    played = disk(boot_state.fresh())
    UbootState(played, restarted(played)).mark_good("a")
    UbootState(played, "a").activate("b")
    assert [restarted(played) for _ in range(4)] == ["b", "b", "b", "a"]
    assert UbootState(played, "a").state().good == {"a"}
    UbootState(played, "a").activate("b")
    for _ in range(5):
        assert restarted(played) == "b"
        UbootState(played, "b").mark_good("b")


def test_a_slot_that_is_refused_falls_back_at_once() -> None:
    played = disk(boot_state.fresh())
    UbootState(played, restarted(played)).activate("b")
    assert restarted(played, "a") == "a"


# --- what fails -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_a_disk_that_fails_is_told_at_each_step(call: str) -> None:
    old = Records((State(7, last="a"), None), Request(active="b") if call == "disable b" else Request())
    whole = disk(old)
    CALLS[call](UbootState(whole, "a"))
    for step in range(whole.steps):
        played = disk(old)
        played.fails = step
        with pytest.raises(DeviceError, match="Input/output error"):
            CALLS[call](UbootState(played, "a"))
    played = disk(old)
    played.fails = 0
    with pytest.raises(DeviceError, match="cannot be read"):
        UbootState(played, "a").state()


@pytest.mark.parametrize("takes", [1, 100, 511])
def test_a_short_write_is_continued(takes: int) -> None:
    played = disk(boot_state.fresh())
    played.takes = takes
    UbootState(played, "a").activate("b")
    assert records(played).request == Request(active="b")
    assert len(played.medium[PARTITION]) == SIZE + SECTOR


def test_a_disk_that_takes_nothing_is_told() -> None:
    played = disk(boot_state.fresh())
    played.takes = 0
    with pytest.raises(DeviceError, match="takes no bytes"):
        UbootState(played, "a").activate("b")


class Forgetful(PlayedDisk):
    """Says yes, and writes nothing."""

    def write(self, partition: str, offset: int, data: bytes) -> int:
        return len(data)


def test_a_disk_that_lost_what_it_took_is_told() -> None:
    with pytest.raises(DeviceError, match="does not hold"):
        UbootState(Forgetful({PARTITION: bytearray(SIZE)}), "a").activate("b")


def test_a_device_without_the_partition_has_another_loader() -> None:
    for call in (*CALLS.values(), UbootState.state):
        with pytest.raises(InputError, match="no partition state"):
            call(UbootState(PlayedDisk({}), "a"))


def test_a_partition_that_is_too_small_is_not_written() -> None:
    played = PlayedDisk.of({PARTITION: bytes(SIZE - 1)})
    with pytest.raises(InputError, match="less than"):
        UbootState(played, "a").activate("b")
    assert played.waiting == []


@pytest.mark.parametrize("slot", ["", "c", "ab", "A"])
def test_there_are_two_slots(slot: str) -> None:
    with pytest.raises(InputError, match="no slot"):
        UbootState(disk(boot_state.fresh()), slot)
    loader = UbootState(disk(boot_state.fresh()), "a")
    for call in (loader.activate, loader.disable, loader.mark_good):
        with pytest.raises(InputError, match="slot"):
            call(slot)


def test_the_running_slot_is_not_given_up_and_no_other_is_good() -> None:
    loader = UbootState(disk(boot_state.fresh()), "b")
    with pytest.raises(InputError, match="runs"):
        loader.disable("b")
    with pytest.raises(InputError, match="does not run"):
        loader.mark_good("a")


@pytest.mark.parametrize(
    "sector",
    [b"\xff" * 512, b"active=c\n", b"active=a\x04\n", b"good=b;reset\n", b"active=\n", b"#active=a\n", b"x" * 512],
)
def test_a_request_that_is_none_counts_as_nothing(sector: bytes) -> None:
    played = disk(Records((State(7, "b", "b"), None), Request()))
    played.medium[PARTITION][REQUEST : REQUEST + SECTOR] = sector.ljust(SECTOR, b"\0")
    loader = UbootState(played, "b")
    assert (loader.state().next, loader.state().good) == ("b", frozenset())
    loader.activate("a")
    assert records(played).request == Request(active="a")


# --- its neighbours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [Request(), Request(active="b"), Request("a", "b")], ids=str)
def test_the_watcher_of_the_initramfs_keeps_what_was_asked(asked: Request, tmp_path: Path) -> None:
    text = files("firmward.build.initramfs").joinpath("watch.sh").read_text()
    report = re.search(r"^report\(\) \{.*?^\}", text, re.M | re.S)
    assert report is not None
    script = report[0].replace("/asked", f"{tmp_path}/asked").replace("/request", f"{tmp_path}/request")
    played = disk(Records((State(7, last="a"), None), asked))
    (tmp_path / "state").write_bytes(played.medium[PARTITION])
    subprocess.run(["sh", "-c", f"slot=a state={tmp_path}/state\n{script}\nreport"], check=True, capture_output=True)
    played.medium[PARTITION][:] = (tmp_path / "state").read_bytes()
    loader = UbootState(played, "a")
    assert records(played).request == replace(asked, good="a")
    assert loader.state().good == {"a"}
    assert loader.state().next == (asked.active or "a")


class FileDisk:
    """The partitions of a virtual device."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self, partition: str) -> int:
        return PARTITIONS[partition][1] * DISK_SECTOR

    def read(self, partition: str, offset: int, length: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(PARTITIONS[partition][0] * DISK_SECTOR + offset)
            return file.read(length)

    def write(self, partition: str, offset: int, data: bytes) -> int:
        with self._path.open("r+b") as file:
            file.seek(PARTITIONS[partition][0] * DISK_SECTOR + offset)
            return file.write(data)

    def sync(self, partition: str) -> None:
        pass


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")
def test_u_boot_itself_starts_what_is_said_to_be_next(tmp_path: Path) -> None:
    """Thirty random states and requests, with a random call each."""
    (tmp_path / "board").mkdir()
    try:
        workshop = Workshop.at(tmp_path / "board")
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    image = workshop.fit("plain")
    board = Device.new(workshop, tmp_path, image, image)
    drawn = random.Random(12)
    for _ in range(30):
        running = drawn.choice("ab")
        rest = [drawn.randrange(4), drawn.randrange(4), drawn.random() < 0.5, drawn.random() < 0.5]
        state = State(drawn.choice((1, 255, 4095)), drawn.choice("ab"), drawn.choice((running, running, "")), *rest)
        request = Request(drawn.choice((None, running)), drawn.choice((None, "a", "b")))
        board.write("state", Records((state, None), request).to_bytes())
        loader = UbootState(FileDisk(board.disk), running)
        drawn.choice(
            (
                lambda: None,
                lambda: loader.activate("a"),  # noqa: B023 - called at once
                lambda: loader.activate("b"),  # noqa: B023
                lambda: loader.mark_good(running),  # noqa: B023
                lambda: loader.disable(OTHER[running]),  # noqa: B023
            )
        )()
        before = loader.state()
        said = board.start()
        assert f"firmward.slot={before.next} " in said, (state, request)
        behind = UbootState(FileDisk(board.disk), before.next).state()
        assert behind.good == before.good
