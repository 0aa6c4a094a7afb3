"""barebox' state as its own program writes it (Debian: dt-utils, and device-tree-compiler for the description)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from barebox_state import STRIDE, BareboxState, missing
from written_parts import torn

from firmward.model.errors import DeviceError, InputError
from firmward.update.bootloaders.barebox import ATTEMPTS, Barebox
from firmward.update.bootloaders.bootloader import BootState

REASON = missing()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
Call = Callable[[Barebox], None]
CALLS: dict[str, Call] = {
    "activate a": lambda loader: loader.activate("a"),
    "activate b": lambda loader: loader.activate("b"),
    "disable b": lambda loader: loader.disable("b"),
    "mark a good": lambda loader: loader.mark_good("a"),
}
Numbers = tuple[int, int, int, int]
"""Priority and attempts of slot a, and of slot b."""
NAMES = [f"bootstate.system{number}.{word}" for number in (0, 1) for word in ("priority", "remaining_attempts")]


def made(folder: Path, numbers: Numbers) -> BareboxState:
    tool = BareboxState.new(folder)
    put(tool, numbers)
    return tool


def put(tool: BareboxState, numbers: Numbers) -> None:
    words = [word for name, number in zip(NAMES, numbers, strict=True) for word in ("-s", f"{name}={number}")]
    tool(("barebox-state", *words))


def kept(tool: BareboxState) -> Numbers:
    values = dict(line.split("=", 1) for line in tool(("barebox-state", "--dump")).split("\n") if line)
    one, two, three, four = (int(values[name]) for name in NAMES)
    return one, two, three, four


def started(numbers: Numbers) -> tuple[str, Numbers]:
    """barebox' bootchooser with reset_attempts=all-zero: the slot that is started, and the numbers behind it."""
    a_first, a_left, b_first, b_left = numbers
    rows = sorted([(-a_first, "a", a_left), (-b_first, "b", b_left)])
    for priority, slot, left in rows:
        if priority < 0 and left:
            return slot, (a_first, a_left - (slot == "a"), b_first, b_left - (slot == "b"))
    assert a_first or b_first, "nothing would start"
    return started((a_first, ATTEMPTS, b_first, ATTEMPTS))


TABLE: tuple[tuple[Numbers, str, Numbers, str], ...] = (
    ((20, 2, 10, 3), "activate b", (10, 2, 20, 3), "b"),
    ((20, 3, 0, 0), "activate b", (10, 3, 20, 3), "b"),
    ((0, 2, 20, 0), "activate b", (10, 2, 20, 3), "b"),
    ((10, 2, 20, 3), "activate a", (20, 3, 10, 3), "a"),
    ((10, 2, 0, 0), "activate a", (20, 3, 0, 0), "a"),
    ((20, 2, 10, 3), "disable b", (20, 2, 0, 0), "a"),
    ((10, 2, 20, 3), "disable b", (10, 2, 0, 0), "a"),
    ((0, 0, 20, 3), "disable b", (10, 0, 0, 0), "a"),
    ((20, 2, 10, 3), "mark a good", (20, 3, 10, 3), "a"),
    ((10, 2, 20, 3), "mark a good", (10, 3, 20, 3), "b"),
    ((0, 0, 0, 0), "mark a good", (10, 3, 0, 0), "a"),
)


@pytest.mark.parametrize(("before", "call", "after", "restart"), TABLE)
def test_what_is_told_to_the_loader(before: Numbers, call: str, after: Numbers, restart: str, tmp_path: Path) -> None:
    tool = made(tmp_path, before)
    told = Barebox(tool, "a")
    CALLS[call](told)
    assert kept(tool) == after
    assert started(after)[0] == restart == told.state().next


STATES: tuple[tuple[Numbers, BootState], ...] = (
    ((20, 2, 10, 3), BootState("a", "a", frozenset({"b"}))),
    ((20, 3, 10, 3), BootState("a", "a", frozenset({"a", "b"}))),
    ((10, 3, 20, 3), BootState("a", "b", frozenset({"a"}))),
    ((10, 3, 20, 0), BootState("a", "a", frozenset({"a"}))),
    ((10, 0, 20, 0), BootState("a", "b", frozenset())),
    ((10, 0, 0, 3), BootState("a", "a", frozenset())),
    ((20, 3, 20, 3), BootState("a", "a", frozenset({"a", "b"}))),
)


@pytest.mark.parametrize(("numbers", "state"), STATES)
def test_what_the_numbers_say_of_the_slots(numbers: Numbers, state: BootState, tmp_path: Path) -> None:
    assert Barebox(made(tmp_path, numbers), "a").state() == state
    assert started(numbers)[0] == state.next


def test_a_new_state_has_the_numbers_of_its_description(tmp_path: Path) -> None:
    assert Barebox(BareboxState.new(tmp_path), "a").state() == BootState("a", "a", frozenset({"a", "b"}))


def test_a_torn_copy_leaves_what_was_or_what_was_told(tmp_path: Path) -> None:
    """The copies are written one behind the other: those before the torn one are new, those behind it old."""
    old, new = (10, 2, 20, 1), (10, 2, 0, 0)
    tool = made(tmp_path, old)
    before = tool.disk.read_bytes()
    Barebox(tool, "a").disable("b")
    after = tool.disk.read_bytes()
    for copy in range(3):
        at = copy * STRIDE
        for piece in torn(before[at : at + STRIDE], after[at : at + STRIDE], step=7):
            tool.disk.write_bytes(after[:at] + piece + before[at + STRIDE :])
            assert kept(tool) in (old, new), copy
    for lost in (before[: 2 * STRIDE], after[:STRIDE]):
        tool.disk.write_bytes(bytes(len(lost)) + before[len(lost) :])
        assert kept(tool) == old
        Barebox(tool, "a").disable("b")
        assert kept(tool) == new


def test_a_version_that_never_serves_falls_back_and_one_that_does_stays(tmp_path: Path) -> None:
    tool = made(tmp_path, (20, 3, 10, 0))

    def restarted() -> str:
        slot, numbers = started(kept(tool))
        put(tool, numbers)
        return slot

    assert restarted() == "a"
    here = Barebox(tool, "a")
    assert here.state().good == frozenset()
    here.mark_good("a")
    here.activate("b")
    assert [restarted() for _ in range(4)] == ["b", "b", "b", "a"]
    here.mark_good("a")
    assert here.state() == BootState("a", "a", frozenset({"a"}))
    here.activate("b")
    for _ in range(4):
        assert restarted() == "b"
        Barebox(tool, "b").mark_good("b")


def test_what_holds_already_is_not_written_again(tmp_path: Path) -> None:
    tool = made(tmp_path, (20, 3, 0, 0))
    tool.disk.chmod(0o400)
    before = tool.disk.stat().st_mtime_ns
    Barebox(tool, "a").mark_good("a")
    Barebox(tool, "a").disable("b")
    assert tool.disk.stat().st_mtime_ns == before


# --- what is refused, and what fails ----------------------------------------------------------------------------------


def test_a_state_without_our_numbers_is_told(tmp_path: Path) -> None:
    for call in (*CALLS.values(), Barebox.state):
        with pytest.raises(InputError, match=r"bootstate\.system1\.priority"):
            call(Barebox(BareboxState.new(tmp_path, systems=1), "a"))


@pytest.mark.parametrize("number", ["", "-1", "0x3", "99999999999", "²", "many"])
def test_what_is_no_number_is_told(number: str) -> None:
    said = "".join(f"{name}={number}\n" for name in NAMES)
    with pytest.raises(InputError, match="no numbers"):
        Barebox(lambda _words, _feed=b"": said, "a").state()


def test_storage_that_is_gone_is_told(tmp_path: Path) -> None:
    tool = BareboxState.new(tmp_path)
    tool.disk.unlink()
    for call in CALLS.values():
        with pytest.raises(DeviceError, match="failed with code"):
            call(Barebox(tool, "a"))


def test_what_was_not_written_is_told(tmp_path: Path) -> None:
    tool = made(tmp_path, (20, 3, 10, 3))

    def deaf(words: tuple[str, ...], feed: bytes = b"") -> str:
        return tool(words, feed) if "--dump" in words else ""

    with pytest.raises(DeviceError, match="does not hold"):
        Barebox(deaf, "a").activate("b")


def test_slots_that_are_none_and_the_running_one_are_refused(tmp_path: Path) -> None:
    told = Barebox(BareboxState.new(tmp_path), "a")
    for call in (told.activate, told.disable, told.mark_good):
        with pytest.raises(InputError, match="slot"):
            call("c")
    with pytest.raises(InputError, match="runs"):
        told.disable("a")
    with pytest.raises(InputError, match="does not run"):
        told.mark_good("b")
