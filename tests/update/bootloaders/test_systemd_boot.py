"""systemd-boot's entries; the proof starts the real one (efi_slots.py names the Debian packages)."""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest
from efi_slots import MISSING, Pc, entry
from hypothesis import given
from hypothesis import strategies as st
from played_disk import PlayedDisk, PowerCutError
from played_files import PlayedFiles
from written_parts import contents, lay

from firmward.model.errors import DeviceError, InputError
from firmward.trust.store import Store
from firmward.update.bootloaders import systemd_boot
from firmward.update.bootloaders.bootloader import BootState
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.bootloaders.systemd_boot import DRAFT, Entry, SystemdBoot, parsed
from firmward.update.program import run

Call = Callable[[SystemdBoot], None]
CALLS: dict[str, Call] = {
    "activate a": lambda loader: loader.activate("a"),
    "activate b": lambda loader: loader.activate("b"),
    "disable b": lambda loader: loader.disable("b"),
    "mark a good": lambda loader: loader.mark_good("a"),
}
A, B = "firmward-9-a", "firmward-10-b"


def laid(top: Path, *names: str) -> Path:
    """A folder of entries, each with the content of its slot."""
    folder = top / "entries"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    lay(folder, {name: entry(name.split("-")[2][0]) for name in names})
    return folder


def loader(top: Path, *names: str, running: str = "a") -> SystemdBoot:
    return SystemdBoot(laid(top, *names), Store(top / "store"), running)


def listed(top: Path) -> set[str]:
    return {path.name for path in (top / "entries").iterdir()}


def started(names: set[str]) -> tuple[str, set[str]]:
    """systemd-boot, as the proof saw it: the slot that is started, and the names behind it; a type 1 entry ends with
    .conf."""
    rows = []
    for name in names:
        if name.startswith("firmward-") and name.endswith(".conf"):
            _, rank, rest = name.removesuffix(".conf").split("-", 2)
            slot, plus, counter = rest.partition("+")
            left, _, done = counter.partition("-")
            rows.append((left != "0", int(rank), slot, plus, int(left or 0), int(done or 0), name))
    assert rows, "nothing starts"
    _, rank, slot, plus, left, done, name = max(rows)
    if not plus:
        return slot, names
    return slot, names - {name} | {f"firmward-{rank}-{slot}+{max(left - 1, 0)}-{done + 1}.conf"}


TABLE = (
    ({f"{A}.conf"}, "disable b", {f"{A}.conf"}, "a"),
    ({f"{A}.conf", "firmward-8-b.conf"}, "disable b", {f"{A}.conf", "firmward-8-b.off"}, "a"),
    ({f"{A}.conf", f"{B}+3.conf"}, "disable b", {f"{A}.conf", f"{B}.off"}, "a"),
    ({f"{A}.conf", f"{B}+0-3.conf", f"{B}.off"}, "disable b", {f"{A}.conf", f"{B}.off"}, "a"),
    ({f"{A}.conf", "firmward-3-b.off"}, "activate b", {f"{A}.conf", "firmward-10-b+3.conf"}, "b"),
    ({f"{A}.conf", "firmward-12-b+0-3.conf"}, "activate b", {f"{A}.conf", "firmward-12-b+3.conf"}, "b"),
    ({f"{A}.conf", f"{B}+3.conf"}, "activate b", {f"{A}.conf", f"{B}+3.conf"}, "b"),
    ({f"{A}.conf", f"{B}.conf"}, "activate a", {"firmward-11-a+3.conf", f"{B}.conf"}, "a"),
    ({f"{A}+2-1.conf"}, "mark a good", {f"{A}.conf"}, "a"),
    ({f"{A}+2-1.conf", f"{B}+3.conf"}, "mark a good", {f"{A}.conf", f"{B}+3.conf"}, "b"),
    ({f"{A}.conf", "other.conf"}, "mark a good", {f"{A}.conf", "other.conf"}, "a"),
)


@pytest.mark.parametrize(("before", "call", "after", "restart"), TABLE)
def test_what_is_told_to_the_loader(before: set[str], call: str, after: set[str], restart: str, tmp_path: Path) -> None:
    told = loader(tmp_path, *(before - {"other.conf"}))
    if "other.conf" in before:
        (tmp_path / "entries/other.conf").write_bytes(b"efi /shell.efi\n")
    CALLS[call](told)
    assert listed(tmp_path) == after
    assert started(after)[0] == restart == told.state().next
    for name in after - {"other.conf"}:
        assert (tmp_path / "entries" / name).read_bytes() == entry(name.split("-")[2][0])


STATES = (
    ({f"{A}.conf", f"{B}.conf"}, BootState("a", "b", frozenset({"a", "b"}))),
    ({f"{A}.conf", f"{B}+2-1.conf"}, BootState("a", "b", frozenset({"a"}))),
    ({f"{A}.conf", f"{B}+0-3.conf"}, BootState("a", "a", frozenset({"a"}))),
    ({f"{A}+0-3.conf", f"{B}+0-3.conf"}, BootState("a", "b", frozenset())),
    ({f"{A}+1-2.conf", f"{B}+0-3.conf"}, BootState("a", "a", frozenset())),
    ({f"{A}.conf", f"{B}.off"}, BootState("a", "a", frozenset({"a"}))),
    (set(), BootState("a", "a", frozenset())),
)


@pytest.mark.parametrize(("names", "state"), STATES)
def test_what_the_names_say_of_the_slots(names: set[str], state: BootState, tmp_path: Path) -> None:
    assert loader(tmp_path, *names).state() == state
    if names:
        assert started(names)[0] == state.next


ENTRIES = st.builds(
    Entry,
    st.integers(0, 999_999_999),
    st.sampled_from("ab"),
    st.none() | st.integers(0, 99),
    st.just(0),
    st.booleans(),
)


@given(ENTRIES, st.integers(0, 99))
def test_a_name_is_read_as_it_is_written(found: Entry, done: int) -> None:
    one = found if found.left is None else replace(found, done=done)
    assert parsed(one.file_name) == one


@pytest.mark.parametrize(
    "name",
    [
        "", "firmward.conf", "firmward-1-c.conf", "firmward-1-a.efi", "firmward--a.conf", "firmward-01-a.conf",
        "x-1-a.conf", "firmward-1-a+.conf", "firmward-1-a+x.conf", "firmward-1-a+3-.conf",
        "firmward-²-a.conf", "firmward-1-a-b.conf", "firmward-1234567890-a.conf", ".firmward-1-a.conf", DRAFT,
    ],
)  # fmt: skip
def test_other_names_are_none_of_ours(name: str) -> None:
    assert parsed(name) is None


def named(entries: Collection[str]) -> str:
    """In one order, in whichever process it is asked."""
    return " ".join(sorted(entries))


@pytest.mark.parametrize("fat", [False, True], ids=["renames are whole", "each name for itself"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "before",
    [row[0] for row in TABLE if "other.conf" not in row[0]],
    ids=lambda one: " ".join(sorted(one)) if isinstance(one, (set, frozenset)) else str(one),
)
def test_a_power_cut_leaves_what_was_or_what_was_told(before: set[str], call: str, fat: bool, tmp_path: Path) -> None:
    def begun(place: str, cut: int = -1) -> tuple[SystemdBoot, PlayedFiles]:
        (tmp_path / place).mkdir(exist_ok=True)
        folder = laid(tmp_path / place, *before)
        files = PlayedFiles(folder, cut)
        return SystemdBoot(folder, Store(tmp_path / place / "store"), "a", files), files

    whole, files = begun("whole")
    if call == "activate b" and not any("-b" in name for name in before):
        with pytest.raises(InputError, match="no entry of slot b"):
            CALLS[call](whole)
        return
    old = whole.state()
    CALLS[call](whole)
    new = whole.state()
    wanted = listed(tmp_path / "whole")
    for cut in range(files.steps):
        told, played = begun("cut", cut)
        with pytest.raises(PowerCutError):
            CALLS[call](told)
        for found in list(played.after_the_cut(fat=fat)):
            folder = laid(tmp_path / "cut")
            lay(folder, found)
            again = SystemdBoot(folder, Store(tmp_path / "cut/store"), "a")
            assert again.state() in (old, new)
            assert started(set(found))[0] in (old.next, new.next)
            for name, content in found.items():
                assert parsed(name) is None or content == entry(name.split("-")[2][0])
            CALLS[call](again)
            assert listed(tmp_path / "cut") - {DRAFT} == wanted, "and it is told again, whatever lies about"


def test_a_version_that_never_serves_falls_back_and_one_that_does_stays(tmp_path: Path) -> None:
    def restarted() -> str:
        slot, names = started(listed(tmp_path))
        laid(tmp_path, *names)
        return slot

    here = loader(tmp_path, "firmward-1-a.conf", "firmward-1-b.off")
    here.activate("b")
    assert [restarted() for _ in range(4)] == ["b", "b", "b", "a"]
    assert here.state() == BootState("a", "a", frozenset({"a"}))
    here.disable("b")
    here.activate("b")
    for _ in range(4):
        assert restarted() == "b"
        SystemdBoot(tmp_path / "entries", Store(tmp_path / "store"), "b").mark_good("b")
    assert listed(tmp_path) == {"firmward-1-a.conf", "firmward-2-b.conf"}


def test_an_entry_that_was_lost_is_written_anew(tmp_path: Path) -> None:
    told = loader(tmp_path, f"{A}.conf", f"{B}.conf")
    told.disable("b")
    for lost in (None, b"", b"title b\n"):
        for path in (tmp_path / "entries").glob("*-b*"):
            path.unlink() if lost is None else path.write_bytes(lost)
        told.activate("b")
        (path,) = (tmp_path / "entries").glob("*-b+3.conf")
        assert path.read_bytes() == entry("b")
        told.disable("b")


def test_a_medium_that_fails_is_told_at_each_step(tmp_path: Path) -> None:
    names = (f"{A}.conf", f"{B}.off")
    whole = PlayedFiles(laid(tmp_path, *names))
    SystemdBoot(tmp_path / "entries", Store(tmp_path / "store"), "a", whole).activate("b")
    for step in range(whole.steps):
        files = PlayedFiles(laid(tmp_path, *names), fails=step)
        with pytest.raises(DeviceError, match="Input/output error"):
            SystemdBoot(tmp_path / "entries", Store(tmp_path / "store"), "a", files).activate("b")


def test_what_holds_already_is_not_written_again(tmp_path: Path) -> None:
    told = loader(tmp_path, f"{A}.conf", f"{B}.off")
    before = {path.name: path.stat().st_ino for path in (tmp_path / "entries").iterdir()}
    told.mark_good("a")
    told.disable("b")
    assert {path.name: path.stat().st_ino for path in (tmp_path / "entries").iterdir()} == before


def test_ranks_end_somewhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ranks are used up"):
        loader(tmp_path, "firmward-999999999-a.conf", "firmward-1-b.off").activate("b")


def test_slots_that_are_none_and_the_running_one_are_refused(tmp_path: Path) -> None:
    told = loader(tmp_path, f"{A}.conf", f"{B}.conf")
    for call in (told.activate, told.disable, told.mark_good):
        with pytest.raises(InputError, match="slot"):
            call("c")
    with pytest.raises(InputError, match="runs"):
        told.disable("a")
    with pytest.raises(InputError, match="does not run"):
        told.mark_good("b")


def test_the_partition_is_found_and_its_configuration_asked(tmp_path: Path) -> None:
    around = Surroundings("a", PlayedDisk({}), Store(tmp_path / "state"), run, tmp_path)
    with pytest.raises(InputError, match="mount the EFI partition"):
        systemd_boot.adapter(around)
    (tmp_path / "boot/efi/loader/entries").mkdir(parents=True)
    config = tmp_path / "boot/efi/loader/loader.conf"
    with pytest.raises(InputError, match="cannot be read"):
        systemd_boot.adapter(around)
    for wrong in ("", "default @saved\n", "default firmward-*\ndefault x\n", "#default firmward-*\n"):
        config.write_text(wrong)
        with pytest.raises(InputError, match=r"default firmward-\*"):
            systemd_boot.adapter(around)
    config.write_text("timeout 0\ndefault  firmward-*\n")
    assert systemd_boot.adapter(around).state() == BootState("a", "a", frozenset())
    variable = tmp_path / systemd_boot.VARIABLE
    variable.parent.mkdir(parents=True)
    variable.touch()
    with pytest.raises(InputError, match="LoaderEntryDefault"):
        systemd_boot.adapter(around)


@pytest.mark.proof
@pytest.mark.timeout(1200)
@pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")
def test_systemd_boot_itself_starts_what_is_said_to_be_next(tmp_path: Path) -> None:
    pc = Pc.new(tmp_path, {"firmward-9-a.conf": entry("a"), "firmward-3-b.off": entry("b")})

    def told(call: Call | None, running: str) -> BootState:
        folder = laid(tmp_path)
        lay(folder, pc.entries())
        found = SystemdBoot(folder, Store(tmp_path / "store"), running)
        if call is not None:
            call(found)
            pc.put(contents(folder))
        return found.state()

    def start() -> str:
        before = set(pc.entries())
        slot = pc.start()
        assert (slot, set(pc.entries())) == started(before)
        return slot

    assert start() == told(None, "a").next == "a"
    assert told(CALLS["activate b"], "a").next == "b"
    for following in ("b", "b", "b", "a"):
        assert told(None, "a").next == following == start()
    assert told(CALLS["disable b"], "a").next == "a" == start()
    told(CALLS["activate b"], "a")
    assert start() == "b"
    assert told(lambda loader: loader.mark_good("b"), "b") == BootState("b", "b", frozenset({"a", "b"}))
    assert start() == "b"
