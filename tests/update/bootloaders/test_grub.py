"""GRUB's environment block as its own program writes it (Debian: grub-common)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from played_disk import PlayedDisk, PowerCutError
from played_files import PlayedFiles
from program import find_program
from written_parts import contents, lay

from firmward.model.errors import DeviceError, InputError
from firmward.trust.store import Store
from firmward.update.bootloaders import grub
from firmward.update.bootloaders.bootloader import BootState
from firmward.update.bootloaders.grub import Grub
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.program import run

pytestmark = pytest.mark.skipif(find_program("grub-editenv") is None, reason="grub-editenv missing")
Call = Callable[[Grub], None]
CALLS: dict[str, Call] = {
    "activate a": lambda loader: loader.activate("a"),
    "activate b": lambda loader: loader.activate("b"),
    "disable b": lambda loader: loader.disable("b"),
    "mark a good": lambda loader: loader.mark_good("a"),
}
START = ("ORDER=A B", "A_OK=1", "A_TRY=1", "B_OK=1", "B_TRY=0")


def made(folder: Path, *words: str) -> Path:
    path = folder / "grubenv"
    run(("grub-editenv", str(path), "create"))
    run(("grub-editenv", str(path), "set", "saved_entry=0", *words))
    return path


def loader(folder: Path, *words: str, running: str = "a") -> Grub:
    return Grub(run, running, made(folder, *words))


def listed(folder: Path) -> dict[str, str]:
    said = run(("grub-editenv", str(folder / "grubenv"), "list"))
    return dict(line.split("=", 1) for line in said.split("\n") if line)


def started(found: dict[str, str]) -> tuple[str, dict[str, str]]:
    """RAUC's grub.conf, slot a being the default entry: the slot that is started, and the variables behind it."""
    found = {"ORDER": "A B", "A_OK": "0", "B_OK": "0", "A_TRY": "0", "B_TRY": "0"} | found
    for slot in found["ORDER"].split():
        if slot in ("A", "B"):
            left = found[f"{slot}_OK"] == "1" and found[f"{slot}_TRY"] == "0"
            found = found | {f"{slot}_TRY": "1"}
            if left:
                return slot.lower(), found
    cleared = {f"{slot}_TRY": "0" for slot in "AB" if found[f"{slot}_OK"] == found[f"{slot}_TRY"] == "1"}
    return "a", found | cleared


TABLE = (
    ((), "activate b", ("B A", "0", "0", "1", "0"), "b"),
    (START, "activate b", ("B A", "1", "1", "1", "0"), "b"),
    (("ORDER=B", "A_OK=0", "A_TRY=0", "B_OK=0", "B_TRY=1"), "activate b", ("B A", "0", "0", "1", "0"), "b"),
    (("ORDER=A B", "A_OK=1", "A_TRY=0", "B_OK=1", "B_TRY=1"), "activate b", ("B A", "1", "0", "1", "0"), "b"),
    (("ORDER=B A R", "A_OK=1", "A_TRY=1", "B_OK=1", "B_TRY=0"), "activate a", ("A B R", "1", "0", "1", "0"), "a"),
    (START, "disable b", ("A B", "1", "1", "0", "0"), "a"),
    (("ORDER=B A", "A_OK=1", "A_TRY=0", "B_OK=1", "B_TRY=0"), "disable b", ("A B", "1", "0", "0", "0"), "a"),
    (START, "mark a good", ("A B", "1", "0", "1", "0"), "a"),
    (("ORDER=B A", "A_OK=1", "A_TRY=1", "B_OK=1", "B_TRY=0"), "mark a good", ("B A", "1", "0", "1", "0"), "b"),
    (("ORDER=B", "A_OK=0", "A_TRY=0", "B_OK=0", "B_TRY=0"), "mark a good", ("B A", "1", "0", "0", "0"), "a"),
)
NAMES = ("ORDER", "A_OK", "A_TRY", "B_OK", "B_TRY")


@pytest.mark.parametrize(("before", "call", "after", "restart"), TABLE)
def test_what_is_told_to_the_loader(
    before: tuple[str, ...], call: str, after: tuple[str, ...], restart: str, tmp_path: Path
) -> None:
    told = loader(tmp_path, *before)
    CALLS[call](told)
    found = listed(tmp_path)
    assert tuple(found[name] for name in NAMES) == after
    assert started(found)[0] == restart == told.state().next
    assert found["saved_entry"] == "0", "what others keep there stays"
    assert len((tmp_path / "grubenv").read_bytes()) == 1024
    assert sorted(contents(tmp_path)) == ["grubenv"]


STATES = (
    ((), BootState("a", "a", frozenset())),
    (START, BootState("a", "b", frozenset())),
    (("ORDER=A B", "A_OK=1", "A_TRY=0", "B_OK=1", "B_TRY=0"), BootState("a", "a", frozenset({"a", "b"}))),
    (("ORDER=B A", "A_OK=1", "A_TRY=0", "B_OK=1", "B_TRY=0"), BootState("a", "b", frozenset({"a"}))),
    (("ORDER=B A", "A_OK=1", "A_TRY=1", "B_OK=1", "B_TRY=1"), BootState("a", "a", frozenset())),
    (("ORDER=X", "A_OK=yes", "A_TRY=2"), BootState("a", "a", frozenset())),
)


@pytest.mark.parametrize(("words", "state"), STATES)
def test_what_the_block_says_of_the_slots(words: tuple[str, ...], state: BootState, tmp_path: Path) -> None:
    assert loader(tmp_path, *words).state() == state
    assert started(listed(tmp_path))[0] == state.next


@pytest.mark.parametrize("content", [b"", b"x" * 1024, b"# GRUB"], ids=str)
def test_a_lost_block_is_made_anew(content: bytes, tmp_path: Path) -> None:
    told = loader(tmp_path)
    (tmp_path / "grubenv").write_bytes(content)
    assert told.state() == BootState("a", "a", frozenset())
    told.activate("b")
    assert told.state() == BootState("a", "b", frozenset())


@pytest.mark.parametrize("call", CALLS)
def test_a_power_cut_leaves_what_was_or_what_was_told(call: str, tmp_path: Path) -> None:
    words = ("ORDER=B A", "A_OK=1", "A_TRY=1", "B_OK=1", "B_TRY=0")
    path = made(tmp_path, *words)
    old = path.read_bytes()
    whole = PlayedFiles(tmp_path)
    CALLS[call](Grub(run, "a", path, whole))
    new = path.read_bytes()
    for cut in range(whole.steps):
        lay(tmp_path, {"grubenv": old})
        (tmp_path / grub.DRAFT).unlink(missing_ok=True)
        files = PlayedFiles(tmp_path, cut)
        with pytest.raises(PowerCutError):
            CALLS[call](Grub(run, "a", path, files))
        for found in list(files.after_the_cut()):
            assert found["grubenv"] in (old, new)
            for one in contents(tmp_path):
                (tmp_path / one).unlink()
            lay(tmp_path, found)
            CALLS[call](Grub(run, "a", path))
            assert path.read_bytes() == new, "and it is told again, whatever lies about"


def restarted(folder: Path) -> str:
    slot, found = started(listed(folder))
    run(("grub-editenv", str(folder / "grubenv"), "set", *(f"{name}={value}" for name, value in found.items())))
    return slot


def test_a_version_that_never_serves_falls_back_and_one_that_does_stays(tmp_path: Path) -> None:
    path = made(tmp_path, "ORDER=A B", "A_OK=1", "A_TRY=0")
    assert restarted(tmp_path) == "a"
    here = Grub(run, "a", path)
    assert here.state().good == frozenset()
    here.mark_good("a")
    here.activate("b")
    assert [restarted(tmp_path) for _ in range(2)] == ["b", "a"]
    here.mark_good("a")
    assert here.state() == BootState("a", "a", frozenset({"a"}))
    here.activate("b")
    for _ in range(4):
        assert restarted(tmp_path) == "b"
        Grub(run, "b", path).mark_good("b")


def test_a_medium_that_fails_is_told_at_each_step(tmp_path: Path) -> None:
    path = made(tmp_path, *START)
    old = path.read_bytes()
    whole = PlayedFiles(tmp_path)
    Grub(run, "a", path, whole).activate("b")
    for step in range(whole.steps):
        lay(tmp_path, {"grubenv": old})
        with pytest.raises(DeviceError, match="Input/output error"):
            Grub(run, "a", path, PlayedFiles(tmp_path, fails=step)).activate("b")


def test_what_was_not_written_is_told(tmp_path: Path) -> None:
    def deaf(words: tuple[str, ...], feed: bytes = b"") -> str:
        return run(words, feed) if words[2] == "list" else ""

    with pytest.raises(DeviceError, match="does not hold"):
        Grub(deaf, "a", made(tmp_path)).activate("b")


def test_what_holds_already_is_not_written_again(tmp_path: Path) -> None:
    told = loader(tmp_path, "ORDER=A B", "A_OK=1", "A_TRY=0", "B_OK=0", "B_TRY=0")
    before = (tmp_path / "grubenv").stat().st_ino
    told.mark_good("a")
    told.disable("b")
    assert (tmp_path / "grubenv").stat().st_ino == before


def test_slots_that_are_none_and_the_running_one_are_refused(tmp_path: Path) -> None:
    told = loader(tmp_path)
    for call in (told.activate, told.disable, told.mark_good):
        with pytest.raises(InputError, match="slot"):
            call("c")
    with pytest.raises(InputError, match="runs"):
        told.disable("a")
    with pytest.raises(InputError, match="does not run"):
        told.mark_good("b")


def test_the_block_is_found_and_a_link_to_it_stays(tmp_path: Path) -> None:
    around = Surroundings("a", PlayedDisk({}), Store(tmp_path / "state"), run, tmp_path)
    with pytest.raises(InputError, match="no environment block"):
        grub.adapter(around)
    real, link = tmp_path / "boot/efi/EFI/debian", tmp_path / "boot/grub2"
    real.mkdir(parents=True)
    link.mkdir(parents=True)
    made(real)
    (link / "grubenv").symlink_to(real / "grubenv")
    grub.adapter(around).activate("b")
    assert (link / "grubenv").is_symlink()
    assert listed(real)["ORDER"] == "B A"
