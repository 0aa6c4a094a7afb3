"""U-Boot's environment as libubootenv's own programs write it (Debian: libubootenv-tool; mkenvimage: u-boot-tools)."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from program import find_program
from written_parts import contents, lay, torn

from firmward.formats import uboot_env
from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, InputError
from firmward.update.bootloaders.bootloader import BootState
from firmward.update.bootloaders.fw_setenv import FwSetenv
from firmward.update.program import run

MISSING = [name for name in ("fw_printenv", "fw_setenv", "mkenvimage") if find_program(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")
SIZE = 0x2000
Call = Callable[[FwSetenv], None]
CALLS: dict[str, Call] = {
    "activate a": lambda loader: loader.activate("a"),
    "activate b": lambda loader: loader.activate("b"),
    "disable b": lambda loader: loader.disable("b"),
    "mark a good": lambda loader: loader.mark_good("a"),
}
START = "BOOT_ORDER=A B\nBOOT_A_LEFT=2\nBOOT_B_LEFT=3\n"


def made(folder: Path, text: str = START) -> Path:
    """The configuration of two copies with these variables."""
    (folder / "text").write_text(f"bootcmd=run rauc\n{text}")
    for copy in ("one", "two"):
        subprocess.run(
            ["mkenvimage", "-r", "-s", hex(SIZE), "-o", folder / copy, folder / "text"], check=True, capture_output=True
        )
    config = folder / "fw_env.config"
    config.write_text(f"# device offset size\n{folder}/one 0x0 {SIZE:#x}\n{folder}/two 0x0 {SIZE:#x}\n")
    return config


def loader(folder: Path, text: str = START, running: str = "a") -> FwSetenv:
    return FwSetenv(run, running, made(folder, text))


def variables(folder: Path) -> dict[str, str]:
    """As U-Boot has them, by firmward's own reading of the copies."""
    copies = []
    for name in ("one", "two"):
        data = (folder / name).read_bytes()
        try:
            copies.append(uboot_env.parse(lambda at, size, data=data: data[at : at + size]))  # type: ignore[misc]
        except Malformed:
            copies.append(None)
    active = uboot_env.active(*copies)
    assert active is not None
    return dict(active.variables)


def started(found: dict[str, str]) -> tuple[str, dict[str, str]]:
    """RAUC's script: the slot that is started, and the variables behind it."""
    found = {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"} | found
    for slot in found["BOOT_ORDER"].split():
        left = int(found.get(f"BOOT_{slot}_LEFT", "0"), 16)
        if left > 0:
            return slot.lower(), found | {f"BOOT_{slot}_LEFT": f"{left - 1:x}"}
    return started(found | {"BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"})


TABLE = (
    ("", "activate b", ("B A", "3", "3"), "b"),
    (START, "activate b", ("B A", "2", "3"), "b"),
    ("BOOT_ORDER=A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=0\n", "activate b", ("B A", "3", "3"), "b"),
    ("BOOT_ORDER=B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=0\n", "activate b", ("B A", "3", "3"), "b"),
    ("BOOT_ORDER=A B R\nBOOT_A_LEFT=3\nBOOT_B_LEFT=0\n", "activate b", ("B A R", "3", "3"), "b"),
    ("BOOT_ORDER=B A\nBOOT_A_LEFT=2\nBOOT_B_LEFT=3\n", "activate a", ("A B", "3", "3"), "a"),
    (START, "disable b", ("A", "2", "0"), "a"),
    ("BOOT_ORDER=B A\nBOOT_A_LEFT=2\nBOOT_B_LEFT=3\n", "disable b", ("A", "2", "0"), "a"),
    ("BOOT_ORDER=B\nBOOT_A_LEFT=0\nBOOT_B_LEFT=3\n", "disable b", ("A", "0", "0"), "a"),
    (START, "mark a good", ("A B", "3", "3"), "a"),
    ("BOOT_ORDER=B A\nBOOT_A_LEFT=2\nBOOT_B_LEFT=3\n", "mark a good", ("B A", "3", "3"), "b"),
    ("BOOT_ORDER=B\nBOOT_A_LEFT=2\nBOOT_B_LEFT=0\n", "mark a good", ("B A", "3", "0"), "a"),
)


@pytest.mark.parametrize(("before", "call", "after", "restart"), TABLE)
def test_what_is_told_to_the_loader(
    before: str, call: str, after: tuple[str, str, str], restart: str, tmp_path: Path
) -> None:
    told = loader(tmp_path, before)
    CALLS[call](told)
    found = variables(tmp_path)
    defaults = {"BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
    assert tuple((defaults | found)[name] for name in ("BOOT_ORDER", "BOOT_A_LEFT", "BOOT_B_LEFT")) == after
    assert started(found)[0] == restart == told.state().next
    assert found["bootcmd"] == "run rauc", "what others keep there stays"


STATES = (
    ("", BootState("a", "a", frozenset({"a", "b"}))),
    (START, BootState("a", "a", frozenset({"b"}))),
    ("BOOT_ORDER=B A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n", BootState("a", "b", frozenset({"a"}))),
    ("BOOT_ORDER=B A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=0\n", BootState("a", "a", frozenset({"a"}))),
    ("BOOT_ORDER=A B\nBOOT_A_LEFT=0\nBOOT_B_LEFT=0\n", BootState("a", "a", frozenset())),
    ("BOOT_ORDER=X Y\nBOOT_A_LEFT=zz\nBOOT_B_LEFT=-1\n", BootState("a", "a", frozenset())),
    ("BOOT_ORDER=b A\nBOOT_A_LEFT=3\nBOOT_B_LEFT=99999999\n", BootState("a", "a", frozenset({"a"}))),
)


@pytest.mark.parametrize(("text", "state"), STATES)
def test_what_the_environment_says_of_the_slots(text: str, state: BootState, tmp_path: Path) -> None:
    assert loader(tmp_path, text).state() == state


@pytest.mark.parametrize("call", CALLS)
def test_a_torn_copy_leaves_what_was_or_what_was_told(call: str, tmp_path: Path) -> None:
    """Whatever sectors or bytes of the copy came onto the medium: fw_printenv reads the old or the new."""
    told = loader(tmp_path, "BOOT_ORDER=B A\nBOOT_A_LEFT=2\nBOOT_B_LEFT=1\n")
    before = contents(tmp_path)
    old = variables(tmp_path)
    CALLS[call](told)
    after = contents(tmp_path)
    new = variables(tmp_path)
    changed = [name for name in before if before[name] != after[name]]
    assert len(changed) <= 1, "one copy is written"
    for name in changed:
        for content in torn(before[name], after[name], step=90):
            lay(tmp_path, before | {name: content})
            assert variables(tmp_path) in (old, new)
        for content in list(torn(before[name], after[name], step=150))[:6]:
            lay(tmp_path, before | {name: content})
            assert told.state().next in (started(old)[0], started(new)[0])
            CALLS[call](told)
            assert variables(tmp_path) == new, "and it is told again"


def restarted(folder: Path) -> str:
    """As U-Boot does it, with its own way to save."""
    slot, found = started(variables(folder))
    lines = "".join(f"{name}={value}\n" for name, value in found.items())
    run(("fw_setenv", "-c", str(folder / "fw_env.config"), "-s", "-"), lines.encode())
    return slot


def test_a_version_that_never_serves_falls_back_and_one_that_does_stays(tmp_path: Path) -> None:
    config = made(tmp_path, "BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=0\n")
    assert restarted(tmp_path) == "a"
    here = FwSetenv(run, "a", config)
    assert here.state().good == frozenset()
    here.mark_good("a")
    assert here.state().good == {"a"}
    here.activate("b")
    assert [restarted(tmp_path) for _ in range(4)] == ["b", "b", "b", "a"]
    assert here.state() == BootState("a", "a", frozenset())
    here.mark_good("a")
    here.activate("b")
    for _ in range(4):
        assert restarted(tmp_path) == "b"
        FwSetenv(run, "b", config).mark_good("b")
    assert FwSetenv(run, "b", config).state() == BootState("b", "b", frozenset({"a", "b"}))


COUNTED = "upgrade_available=0\nbootcount=2\n"


def test_counting_begins_with_a_trial_and_ends_when_the_slot_is_good(tmp_path: Path) -> None:
    told = loader(tmp_path, START + COUNTED)
    told.activate("b")
    assert (variables(tmp_path)["upgrade_available"], variables(tmp_path)["bootcount"]) == ("1", "0")
    told.mark_good("a")
    assert variables(tmp_path)["upgrade_available"] == "1", "the other's trial is still asked for"
    FwSetenv(run, "b", tmp_path / "fw_env.config").mark_good("b")
    assert variables(tmp_path)["upgrade_available"] == "0"


def test_counting_is_not_begun_where_nobody_counts(tmp_path: Path) -> None:
    loader(tmp_path).activate("b")
    assert not {"upgrade_available", "bootcount"} & set(variables(tmp_path))


@pytest.mark.parametrize("text", ["", COUNTED.replace("2", "0")], ids=["no counter", "counter"])
def test_what_holds_already_is_not_written_again(text: str, tmp_path: Path) -> None:
    told = loader(tmp_path, "BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n" + text)
    before = contents(tmp_path)
    told.mark_good("a")
    assert contents(tmp_path) == before


# --- what is refused, and what fails ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# none\n",
        "/one 0x0 0x2000\n",
        "/one 0x0 0x2000\n/one 0x0 0x2000\n",
        "uboot:\n  size: 0x2000\n",
        "a b\n" * 9,
    ],
    ids=str,
)
def test_an_environment_of_one_copy_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(InputError, match="two copies"):
        FwSetenv(run, "a", tmp_path / "config")


def test_a_device_without_the_configuration_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        FwSetenv(run, "a", tmp_path / "none")


def test_two_lost_copies_are_told(tmp_path: Path) -> None:
    told = loader(tmp_path)
    for copy in ("one", "two"):
        (tmp_path / copy).write_bytes(bytes(SIZE))
    with pytest.raises(DeviceError, match="fw_printenv"):
        told.state()


def test_a_medium_that_is_gone_is_told(tmp_path: Path) -> None:
    told = loader(tmp_path)
    for copy in ("one", "two"):
        (tmp_path / copy).unlink()
    for call in CALLS.values():
        with pytest.raises(DeviceError, match="fw_printenv"):
            call(told)


def test_what_was_not_written_is_told(tmp_path: Path) -> None:
    def deaf(words: tuple[str, ...], feed: bytes = b"") -> str:
        return run(words, feed) if words[0] == "fw_printenv" else ""

    with pytest.raises(DeviceError, match="does not hold"):
        FwSetenv(deaf, "a", made(tmp_path)).activate("b")


def test_slots_that_are_none_and_the_running_one_are_refused(tmp_path: Path) -> None:
    told = loader(tmp_path)
    for call in (told.activate, told.disable, told.mark_good):
        with pytest.raises(InputError, match="slot"):
            call("c")
    with pytest.raises(InputError, match="runs"):
        told.disable("a")
    with pytest.raises(InputError, match="does not run"):
        told.mark_good("b")
    with pytest.raises(InputError, match="no slot"):
        FwSetenv(run, "", made(tmp_path))
