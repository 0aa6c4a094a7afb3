"""A camera that was built and signed for real, attacked between and during its starts, beside its unprotected twin.

What is proved here is that of the product as a whole; what the boot script alone does is proved in tests/build/uboot.
Each attack comes as a pair: the same bytes or keys against the twin, where they lead to the attacker's program or a
prompt, and against the build, where they do not.

What somebody can do who writes the disk or the flash, and what nothing here prevents:

- wear out the tries of a slot or wipe it, so that the other one starts; wipe both, so that none does
- put the slots' state back, so that an earlier slot starts; never an image below the floor, while the flash is kept
- program words of the flash bank with the floor, so that nothing starts any more; who erases it has lowered the floor
- write to the data partition, which is not signed

A power cut is SIGKILL to QEMU: what it was given is in the media, and what it was not is lost. Sectors that were half
written are the boot script's tests' part.
"""

import random
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import attacked
import pytest
from attacked import MARK, Kept, Maker
from locked_board import MISSING
from real.roots import NoPackagesError

from firmward.build.built import SLOTS
from firmward.build.verity import BLOCK
from firmward.formats.boot_state import COPIES, SECTOR, Request, State
from firmward.lab.device import Kind
from firmward.lab.machine import Machine
from firmward.lab.stages import Mishap, Stage

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing"), pytest.mark.timeout(900)]
proof = pytest.mark.proof
PROMPT = re.compile(r"^=> ", re.MULTILINE)
READY = re.compile(r"^\S*/\S* ?# ", re.MULTILINE)
"""The prompt of a shell, with a folder in it; U-Boot writes `## Loading` long before."""
SHELL = "shell-42"
HELP = "sysrq: HELP"
UNSIGNED = "it is not signed by the required key"
OLDER = "it is older than what this device has confirmed"


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maker]:
    folder = tmp_path_factory.mktemp("maker")
    made = Maker(folder)
    try:
        assert made.build.is_dir()
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    yield made
    shutil.rmtree(folder)


@pytest.fixture
def kept(maker: Maker, tmp_path: Path) -> Iterator[Kept]:
    yield Kept.of(maker.build, tmp_path / "kept")
    shutil.rmtree(tmp_path / "kept", ignore_errors=True)


@pytest.fixture
def twin(maker: Maker, tmp_path: Path) -> Iterator[Kept]:
    yield Kept.of(maker.build, tmp_path / "twin", Kind.PLAIN)
    shutil.rmtree(tmp_path / "twin", ignore_errors=True)


def test_a_build_starts_verifies_its_root_and_is_healthy(kept: Kept) -> None:
    told = kept.healthy("a")
    assert told.outcome.starts == 1
    assert list(told.outcome.stages()) == list(Stage)
    assert not [step for step in told.outcome.steps if isinstance(step.sign.what, Mishap)]
    assert "Kernel command line: ro panic=5 firmward.slot=a console=ttyAMA0\n" in told.said
    assert kept.state() == State(3, "a", "a", a_left=2)
    assert kept.records().request == Request(good="a")


# --- slots ------------------------------------------------------------------------------------------------------------


@proof
def test_a_damaged_kernel_is_refused_and_the_other_slot_serves_from_then_on(kept: Kept) -> None:
    middle = (kept.device.folder / "slot/boot.fit").stat().st_size // 2
    byte = kept.read("boot_a", middle + 1)[-1]
    kept.write("boot_a", bytes((byte ^ 1,)), middle)
    told = kept.healthy("b")
    assert told.refused == [("a", UNSIGNED)]
    again = kept.healthy("b")
    assert again.tried == [("b", 2)]
    assert (kept.state().a_left, kept.state().b_good) == (0, True)


@proof
def test_a_damaged_root_panics_three_times_and_then_the_other_slot_serves(kept: Kept) -> None:
    """Where the files' content lies, so that the root can be mounted and its first program cannot be read."""
    content = kept.read("root_a", 6 << 20)
    spoilt = bytearray(content)
    for at in range(BLOCK, len(spoilt), BLOCK):
        spoilt[at] ^= 0x80
    kept.write("root_a", spoilt)
    told = kept.healthy("b")
    assert told.tried == [("a", 2), ("a", 1), ("a", 0), ("b", 2)]
    panics = [step.sign.detail for step in told.outcome.steps if step.sign.what is Mishap.PANIC]
    assert len(panics) == 3
    assert all("dm-verity" in words for words in panics)
    assert kept.healthy("b").tried == [("b", 2)]


@proof
def test_a_version_that_is_not_healthy_is_tried_three_times_and_the_old_one_comes_back(
    maker: Maker, kept: Kept
) -> None:
    kept.install(maker.sick, "a")
    told = kept.healthy("b")
    assert told.tried == [("a", 2), ("a", 1), ("a", 0), ("b", 2)]
    assert told.said.count("firmward: slot a is not healthy after 10 seconds") == 3
    assert kept.healthy("b").tried == [("b", 2)]


@proof
def test_a_slot_that_was_asked_for_is_tried_and_becomes_good(kept: Kept) -> None:
    kept.healthy("a")
    kept.ask(Request(good="a", active="b"))
    kept.healthy("b")
    state = kept.state()
    assert (state.active, state.a_good, state.b_good) == ("b", True, False)
    kept.healthy("b")
    assert kept.state().b_good


@proof
def test_with_both_copies_of_the_state_damaged_it_starts_all_the_same(kept: Kept) -> None:
    for place in COPIES:
        kept.write("state", random.Random(place).randbytes(SECTOR), place)
    assert kept.healthy("a").tried == [("a", 2)]
    assert kept.state().last == "a"


# --- power cuts -------------------------------------------------------------------------------------------------------


@proof
def test_a_power_cut_at_any_moment_of_a_start_leaves_a_device_that_starts(kept: Kept) -> None:
    drawn = random.Random(8)
    for _ in range(12):
        kept.listen("nothing says this", drawn.uniform(0, 8))
        assert kept.records().state is not None
    told = kept.boot()
    assert told.outcome.healthy, told.outcome.log
    assert told.outcome.starts == 1
    assert not told.refused


@proof
def test_a_power_cut_while_the_slot_is_marked_good_leaves_a_device_that_starts(kept: Kept) -> None:
    """While the system writes that it is healthy, and while the boot loader takes note of it at the next start."""
    drawn = random.Random(9)
    kept.healthy("a")
    when = kept.healthy("a").outcome.seconds
    for _ in range(8):
        kept.listen("nothing says this", when + drawn.uniform(-0.6, 0.2))
        assert kept.records().request in (Request(), *(Request(good=slot) for slot in SLOTS))
        kept.listen("nothing says this", drawn.uniform(0, 0.7))
        assert kept.records().state is not None
    slot = kept.boot().outcome.slot
    assert slot in SLOTS
    assert kept.healthy(slot).outcome.starts == 1
    assert getattr(kept.state(), f"{slot}_good")


# --- the floor --------------------------------------------------------------------------------------------------------


@proof
def test_a_version_older_than_what_was_confirmed_is_refused_for_good(maker: Maker, tmp_path: Path) -> None:
    kept = Kept.of(maker.newer, tmp_path / "kept")
    kept.install(maker.build, "b")
    kept.ask(Request(active="b"))
    kept.healthy("b")  # nothing newer was confirmed yet
    kept.ask(Request(active="a"))
    kept.healthy("a")
    assert kept.healthy("a").tried == [("a", 2)]  # now it is good, and the floor is raised
    for _ in range(2):
        kept.ask(Request(active="b"))
        told = kept.healthy("a")
        assert told.refused == [("b", OLDER)]
    shutil.rmtree(tmp_path / "kept")


@proof
def test_slots_state_that_is_put_back_does_not_bring_back_an_older_version(maker: Maker, tmp_path: Path) -> None:
    kept = Kept.of(maker.newer, tmp_path / "kept")
    fresh = kept.read("state", 3 * COPIES[1])
    for _ in range(2):
        kept.healthy("a")
    kept.install(maker.build, "a")
    kept.write("state", fresh)
    told = kept.healthy("b")
    assert told.refused == [("a", OLDER)]
    shutil.rmtree(tmp_path / "kept")


# --- attacks, beside the twin -----------------------------------------------------------------------------------------


def both_slots(kept: Kept, image: Path) -> None:
    for slot in SLOTS:
        kept.write(f"boot_{slot}", image.read_bytes())


@proof
def test_an_unsigned_image_starts_on_the_twin_alone(maker: Maker, kept: Kept, twin: Kept, tmp_path: Path) -> None:
    made = attacked.unsigned(maker.build, tmp_path)
    twin.write("boot_a", made.read_bytes())
    assert MARK in twin.listen(MARK)
    kept.write("boot_a", made.read_bytes())
    told = kept.healthy("b")
    assert told.refused == [("a", UNSIGNED)]
    assert MARK not in told.said


@proof
def test_an_image_signed_by_another_key_starts_on_the_twin_alone(
    maker: Maker, kept: Kept, twin: Kept, tmp_path: Path
) -> None:
    """The same image starts on the build where the maker's own key signs it: nothing but the key keeps it out."""
    initramfs = attacked.initramfs(tmp_path)
    made = Maker(tmp_path / "other").signed(initramfs, tmp_path / "other.fit")
    twin.write("boot_a", made.read_bytes())
    assert MARK in twin.listen(MARK)
    both_slots(kept, made)
    told = kept.boot(starts=3)
    assert not told.outcome.healthy
    assert {words for _, words in told.refused} == {UNSIGNED}
    assert "Linux version" not in told.said
    assert not PROMPT.search(told.said)
    both_slots(kept, maker.signed(initramfs, tmp_path / "own.fit"))
    assert MARK in kept.listen(MARK)


@proof
def test_another_root_starts_on_the_twin_alone(kept: Kept, twin: Kept, tmp_path: Path) -> None:
    """It has a hash tree that fits it; the root hash that counts is in the signed initramfs."""
    made = attacked.root(tmp_path).read_bytes()
    twin.write("root_a", made)
    assert MARK in twin.listen(MARK)
    kept.write("root_a", made)
    told = kept.healthy("b")
    assert [slot for slot, _ in told.tried] == ["a", "a", "a", "b"]
    assert MARK not in told.said


def typing(machine: Machine, said: str) -> None:
    """To a shell, which tells itself from an echo by what it makes of the line. A key before it asks would stop the
    twin's boot loader, and may be lost."""
    if READY.search(said):
        machine.write(b"echo shell-$((6*7))\r")


def asking(machine: Machine, said: str) -> None:
    """For whoever may listen."""
    for line in (b"\x03\x04\x1a\r", b"root\r", b"\r", b"echo shell-$((6*7))\r"):
        machine.write(line)


@proof
def test_another_command_line_gives_a_shell_on_the_twin_alone(kept: Kept, twin: Kept) -> None:
    evil = "console=ttyAMA0 rdinit=/bin/sh init=/bin/sh firmward.slot=a"
    changed = twin.variables(bootargs=evil)
    twin.write_flash(changed)
    assert SHELL in twin.listen(SHELL, meanwhile=typing)
    state = State(9, "a", "a")
    body = state.to_bytes()[4:].rstrip(b"\0") + f"\0bootargs={evil}\0bootcmd=run boot\0".encode()
    body = body.ljust(SECTOR - 4, b"\0")
    for place in COPIES:
        kept.write("state", struct.pack("<I", zlib.crc32(body)) + body, place)
    said = kept.listen("is healthy", meanwhile=asking)
    assert "is healthy" in said
    assert SHELL not in said
    assert "firmward: slot a, 2 tries left" in said  # the state itself was taken
    assert "Kernel command line: ro panic=5 firmward.slot=a console=ttyAMA0\n" in said
    # in the flash it programs words of the floor: the device is spoilt, and not the attacker's
    kept.write_flash(changed)
    told = kept.boot(starts=3)
    assert {words for _, words in told.refused} == {OLDER}
    assert "Linux version" not in told.said
    assert not PROMPT.search(told.said)


@proof
def test_keys_give_a_boot_loader_prompt_on_the_twin_alone(kept: Kept, twin: Kept) -> None:
    def pressed(machine: Machine, said: str) -> None:
        machine.write(b"\x03\r")

    said = twin.listen("=> ", meanwhile=pressed)
    assert PROMPT.search(said)
    said = kept.listen("is healthy", meanwhile=pressed)
    assert "is healthy" in said
    assert not PROMPT.search(said)
    assert "<INTERRUPT>" not in said


@proof
def test_what_is_typed_reaches_a_shell_on_the_twin_alone(maker: Maker, kept: Kept, tmp_path: Path) -> None:
    """The twin with a console, as many are found in the field: root's shell on the serial line."""
    open_console = Kept.of(maker.build, tmp_path / "console", Kind.SHELL)
    said = open_console.listen(SHELL, meanwhile=typing)
    assert SHELL in said
    assert "plain: what is written to / is kept in root_b" in said

    said = kept.listen("login:", 25, meanwhile=asking)
    assert "is healthy" in said
    assert "login:" not in said
    assert SHELL not in said
    assert "firmward: slot a is healthy" in said


@proof
def test_a_break_on_the_serial_line_commands_the_twins_kernel_alone(kept: Kept, twin: Kept) -> None:
    """The SysRq key. Until the initramfs has switched it off, in its first tenths of a second, it may restart the
    device, which who holds the serial line can do as well by the plug."""

    def held(machine: Machine, said: str) -> None:
        if "going on to the system" in said:
            attacked.hold_break(machine)
            machine.write(b"h")

    assert HELP in twin.listen(HELP, meanwhile=held)
    said = kept.listen(HELP, 25, meanwhile=held)
    assert "is healthy" in said
    assert "sysrq" not in said
