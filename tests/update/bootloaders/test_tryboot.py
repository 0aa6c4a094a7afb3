"""A Raspberry Pi's autoboot.txt; `started` is its loader as documented, for there is none that runs elsewhere."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from played_disk import PlayedDisk, PowerCutError
from played_files import PlayedFiles

from firmward.model.errors import DeviceError, InputError
from firmward.trust.store import Store
from firmward.update.bootloaders import tryboot
from firmward.update.bootloaders.bootloader import BootState, restart_argument
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.bootloaders.tryboot import FILE, FolderDisk, Tryboot
from firmward.update.program import run

A = b"# slots\n[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
B = b"# slots\n[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n"
Call = Callable[[Tryboot], object]
CALLS: dict[str, Call] = {
    "activate a": lambda loader: loader.activate("a"),
    "activate b": lambda loader: loader.activate("b"),
    "disable b": lambda loader: loader.disable("b"),
    "mark good": lambda loader: loader.mark_good(loader.state().running),
    "restart": lambda loader: loader.restart_argument(),
}


def started(content: bytes, argument: str) -> str:
    """The loader: which slot a restart with this argument begins with."""
    section, found = "[all]", {}
    for line in content.decode().split("\n"):
        if line.startswith("["):
            section = line
        elif line.startswith("boot_partition="):
            found[section] = int(line.partition("=")[2])
    return {2: "a", 3: "b"}[found["[tryboot]" if argument == "0 tryboot" else "[all]"]]


class Pi:
    """What lasts over restarts."""

    def __init__(self, folder: Path, content: bytes = A) -> None:
        self.disk = PlayedDisk.of({FILE: content})
        self.store = Store(folder)
        self.runs = started(content, "")

    @property
    def loader(self) -> Tryboot:
        return Tryboot(self.disk, self.store, self.runs)

    @property
    def content(self) -> bytes:
        return bytes(self.disk.medium[FILE])

    def restart(self, argument: str | None = None) -> str:
        said = restart_argument(self.loader) if argument is None else argument
        self.runs = started(self.content, said)
        return self.runs


TABLE = (
    (A, "a", [], "a", "", {"a"}),
    (A, "a", ["activate b"], "b", "0 tryboot", {"a"}),
    (A, "a", ["activate b", "activate a"], "a", "", {"a"}),
    (A, "a", ["activate b", "disable b"], "a", "", {"a"}),
    (A, "a", ["activate b", "mark good"], "b", "0 tryboot", {"a"}),
    (A, "a", ["activate b", "restart", "restart", "restart"], "a", "", {"a"}),
    (A, "b", ["mark good"], "b", "", {"b"}),
    (A, "b", ["activate b", "mark good"], "b", "", {"b"}),
    (B, "b", ["activate a"], "a", "0 tryboot", {"b"}),
    (B, "b", ["activate b"], "b", "", {"b"}),
)


@pytest.mark.parametrize(("content", "running", "calls", "restart", "argument", "good"), TABLE)
def test_what_is_told_to_the_loader(
    content: bytes, running: str, calls: list[str], restart: str, argument: str, good: set[str], tmp_path: Path
) -> None:
    pi = Pi(tmp_path, content)
    pi.runs = running
    for call in calls:
        CALLS[call](pi.loader)
    assert pi.loader.state() == BootState(running, restart, frozenset(good))
    assert restart_argument(pi.loader) == argument
    assert started(pi.content, argument) == restart


def test_a_version_that_serves_is_kept_and_goes_back_the_same_way(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.loader.activate("b")
    assert pi.restart() == "b"
    pi.loader.mark_good("b")
    assert pi.content == B
    assert [pi.restart() for _ in range(3)] == ["b", "b", "b"]
    pi.loader.activate("a")
    assert pi.restart() == "a"
    pi.loader.mark_good("a")
    assert pi.content == A


def test_a_version_that_never_serves_is_tried_three_times(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.loader.activate("b")
    for _ in range(3):
        assert pi.loader.state().next == "b"
        assert pi.restart() == "b"
        assert pi.restart("") == "a", "it hangs, and a watchdog restarts it"
    assert pi.loader.state() == BootState("a", "a", frozenset({"a"}))
    assert pi.restart() == "a"
    assert pi.content == A


def test_a_power_cut_before_the_restart_costs_no_trial(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.loader.activate("b")
    for _ in range(5):
        assert pi.restart("") == "a"
        assert pi.loader.state().next == "b"


def test_what_the_device_falls_back_to_is_not_given_up(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.runs = "b"
    with pytest.raises(DeviceError, match="falls back to until slot b is good"):
        pi.loader.disable("a")


@pytest.mark.parametrize(
    ("call", "running"), [(call, slot) for call in CALLS for slot in "ab" if (call, slot) != ("disable b", "b")]
)
def test_a_power_cut_leaves_what_was_or_what_was_told(call: str, running: str, tmp_path: Path) -> None:
    """Of the file and of the record, at each step of both."""

    def looked(medium: PlayedDisk, files: dict[str, bytes]) -> tuple[BootState, str]:
        folder = tmp_path / "looked"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        loader = Tryboot(PlayedDisk.of({name: bytes(one) for name, one in medium.medium.items()}), Store(folder), "a")
        state = loader.state()
        argument = loader.restart_argument()
        assert started(bytes(medium.medium[FILE]), argument) == state.next
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        return state, argument

    def begun(name: str) -> tuple[PlayedDisk, Path]:
        folder = tmp_path / name
        Store(folder).keep("tryboot", b'{"left":2,"slot":"b"}')
        return PlayedDisk.of({FILE: A}), folder

    disk, folder = begun("whole")
    files = PlayedFiles(folder)
    old = looked(disk, {path.name: path.read_bytes() for path in folder.iterdir()})
    CALLS[call](Tryboot(disk, Store(folder, files), running))
    new = looked(disk, {path.name: path.read_bytes() for path in folder.iterdir()})
    for disk_cut, files_cut in [*((step, -1) for step in range(disk.steps)), *((-1, s) for s in range(files.steps))]:
        one, place = begun(f"cut{disk_cut}{files_cut}")
        one.cut = disk_cut
        played = PlayedFiles(place, files_cut)
        with pytest.raises(PowerCutError):
            CALLS[call](Tryboot(one, Store(place, played), running))
        for found in list(played.after_the_cut()):
            assert looked(one, found) in (old, new)
        one.keep(FILE)  # what was written may have come to the medium unasked
        for found in list(played.after_the_cut()):
            assert looked(one, found) in (old, new)


@pytest.mark.parametrize("content", [A, B], ids=["a", "b"])
def test_the_file_is_one_sector_and_keeps_its_length(content: bytes, tmp_path: Path) -> None:
    pi = Pi(tmp_path, content)
    pi.runs = "b" if content == A else "a"
    pi.loader.mark_good(pi.runs)
    assert pi.content == (B if content == A else A)


LONG = b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=10\n"


def test_numbers_of_another_length_change_places_too(tmp_path: Path) -> None:
    pi = Pi(tmp_path, LONG)
    pi.runs = "b"
    pi.loader.mark_good("b")
    assert pi.content == b"[all]\ntryboot_a_b=1\nboot_partition=10\n[tryboot]\nboot_partition=2\n"
    assert pi.loader.state() == BootState("b", "b", frozenset({"b"}))


# --- what is refused, and what fails ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[all]\nboot_partition=2\n[tryboot]\nboot_partition=3\n",
        b"[all]\ntryboot_a_b=1\nboot_partition=2\n",
        b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=2\n",
        b"[all]\ntryboot_a_b=1\nboot_partition=x\n[tryboot]\nboot_partition=3\n",
        b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=300\n",
        b"[all]\ntryboot_a_b=1\nboot_partition=2\nboot_partition=3\n[tryboot]\nboot_partition=3\n",
        b"[all]\ntryboot_a_b=1\nboot_partition=2\n[pi4]\nboot_partition=4\n[tryboot]\nboot_partition=3\n",
        b"[tryboot]\ntryboot_a_b=1\nboot_partition=3\n[all]\nboot_partition=2\n",
        A + b"kernel=other.img\n",
        A + bytes(512),
        b"\xff" * 512,
    ],
    ids=repr,
)
def test_a_file_that_does_not_choose_between_two_is_refused(content: bytes, tmp_path: Path) -> None:
    for call in (*CALLS.values(), Tryboot.state):
        with pytest.raises(InputError, match=r"autoboot\.txt"):
            call(Tryboot(PlayedDisk.of({FILE: content}), Store(tmp_path), "a"))


@given(st.binary(max_size=600) | st.lists(st.sampled_from(A.split(b"\n")), max_size=9).map(b"\n".join))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    loader = Tryboot(PlayedDisk.of({FILE: content}), Store(Path("/nowhere")), "a")
    try:
        said = loader.state().next
    except InputError as error:
        said = str(error)
    assert said in ("a", "b") or (said.startswith(FILE) and said.isprintable())


@pytest.mark.parametrize(
    "record", [b"", b"[]", b'{"left":4,"slot":"b"}', b'{"left":1,"slot":"c"}', b'{"left":-1,"slot":"b"}', b"\xff"]
)
def test_a_record_that_is_none_asks_for_no_trial(record: bytes, tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.store.keep("tryboot", record)
    assert pi.loader.state().next == "a"
    assert pi.loader.restart_argument() == ""


def test_a_disk_that_fails_is_told_at_each_step(tmp_path: Path) -> None:
    whole = PlayedDisk.of({FILE: A})
    Tryboot(whole, Store(tmp_path), "b").mark_good("b")
    for step in range(whole.steps):
        disk = PlayedDisk.of({FILE: A})
        disk.fails = step
        with pytest.raises(DeviceError, match="Input/output error"):
            Tryboot(disk, Store(tmp_path), "b").mark_good("b")


@pytest.mark.parametrize("takes", [0, 1, 50])
def test_a_short_write_is_continued_and_none_is_told(takes: int, tmp_path: Path) -> None:
    disk = PlayedDisk.of({FILE: A})
    disk.takes = takes
    loader = Tryboot(disk, Store(tmp_path), "b")
    if takes:
        loader.mark_good("b")
        assert bytes(disk.medium[FILE]) == B
    else:
        with pytest.raises(DeviceError, match="takes no bytes"):
            loader.mark_good("b")


def test_slots_that_are_none_and_the_running_one_are_refused(tmp_path: Path) -> None:
    told = Pi(tmp_path).loader
    for call in (told.activate, told.disable, told.mark_good):
        with pytest.raises(InputError, match="slot"):
            call("c")
    with pytest.raises(InputError, match="runs"):
        told.disable("a")
    with pytest.raises(InputError, match="does not run"):
        told.mark_good("b")


def test_the_file_is_found_and_written_in_place(tmp_path: Path) -> None:
    around = Surroundings("b", PlayedDisk({}), Store(tmp_path / "state"), run, tmp_path)
    with pytest.raises(InputError, match="there is no autoboot"):
        tryboot.adapter(around)
    (tmp_path / "boot/firmware").mkdir(parents=True)
    path = tmp_path / "boot/firmware" / FILE
    path.write_bytes(A)
    before = path.stat()
    tryboot.adapter(around).mark_good("b")
    assert path.read_bytes() == B
    assert (path.stat().st_ino, path.stat().st_size) == (before.st_ino, before.st_size)
    assert FolderDisk(path.parent).write(FILE, 0, b"#") == 1
    assert path.read_bytes() == b"#" + B[1:], "it is never empty in between"
    path.unlink()
    with pytest.raises(InputError, match="is not there"):
        Tryboot(FolderDisk(path.parent), Store(tmp_path), "a").state()
