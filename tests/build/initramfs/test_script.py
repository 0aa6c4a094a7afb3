"""What is filled into the scripts: numbers that are numbers, and commands that stay what they are."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as some

from firmward.build.initramfs import script
from firmward.build.initramfs.modules import Module
from firmward.build.initramfs.script import Health
from firmward.model.errors import InputError

HASH = "5c" * 32
TABLE = f"0 24 verity 1 DEVICE DEVICE 4096 4096 3 3 sha256 {HASH} 00ff 1 panic_on_corruption"
MODULES = (Module("dm_mod", b""), Module("sha2_ce", b"", is_required=False), Module("dm_verity", b""))


def shells() -> Sequence[Sequence[str]]:
    return [command for command in (("dash",), ("busybox", "sh")) if which(command[0])]


@pytest.mark.parametrize("shell", shells(), ids=lambda one: one[0])
def test_the_scripts_are_whole(shell: Sequence[str], tmp_path: Path) -> None:
    texts = (
        script.first(MODULES, TABLE),
        script.first_of_whole(MODULES, "/sbin/init"),
        script.watcher(Health((), 5)),
        script.watcher(Health(("true", "it's"), 5)),
    )
    for text in texts:
        assert "@" not in text.replace("$@", "")
        (tmp_path / "script").write_text(text)
        subprocess.run([*shell, "-n", str(tmp_path / "script")], check=True, timeout=20)


def test_the_table_is_given_with_the_device_that_was_found() -> None:
    words = f"1 $root $root 4096 4096 3 3 sha256 {HASH} 00ff 1 panic_on_corruption"
    assert script.opened(TABLE) == f"0 24 verity {words}"
    assert script.opened(TABLE.replace(" 00ff ", " - ").replace("5c", "5C")).split()[11:13] == [HASH, "-"]
    assert f'--table "0 24 verity {words}" || fail' in script.first(MODULES, TABLE)


REFUSED = {
    "nothing": "",
    "no hash": TABLE.replace(HASH, "$(reboot)"),
    "a hash that ends too early": TABLE.replace(HASH, HASH[2:]),
    "a salt that is none": TABLE.replace("00ff", "xyz"),
    "a command behind": TABLE + '"; sh; "',
    "a line behind": TABLE + "\nsh",
    "too few sectors": TABLE.replace("0 24", "0 16"),
    "sectors that are no number": TABLE.replace("0 24", "0 $x"),
    "another start": TABLE.replace("0 24", "8 24"),
    "another device": TABLE.replace("DEVICE DEVICE", "DEVICE /dev/sda"),
    "damage passes": TABLE.replace("panic_on", "ignore"),
    "damage is an error to read": TABLE.replace(" 1 panic_on_corruption", ""),
    "more options": TABLE.replace("1 panic_on_corruption", "2 panic_on_corruption ignore_zero_blocks"),
    "another target": TABLE.replace("verity", "linear"),
}


@pytest.mark.parametrize("table", REFUSED.values(), ids=REFUSED.keys())
def test_a_table_that_is_not_of_one_verified_device_is_refused(table: str) -> None:
    with pytest.raises(InputError, match=r"table of dm-verity|root hash"):
        script.opened(table)


def test_modules_are_loaded_in_order_and_those_that_only_help_may_fail() -> None:
    text = script.first(MODULES, TABLE)
    required, faster = [line for line in text.splitlines() if line.startswith("for module")]
    assert required == "for module in dm_mod dm_verity; do"
    assert faster == "for module in sha2_ce; do"
    with pytest.raises(InputError, match="no name of a kernel module"):
        script.first((Module("a;sh", b""),), TABLE)


@pytest.mark.parametrize("start", ["", "sbin/init", "/sbin/init; sh", "/sbin/init x", "/sbin/$x"])
def test_a_first_program_that_is_no_path_is_refused(start: str) -> None:
    with pytest.raises(InputError, match="first program"):
        script.first_of_whole((), start)


def test_only_the_slot_is_taken_from_the_command_line() -> None:
    text = script.first(MODULES, TABLE)
    uses = [line for line in text.splitlines() if "cmdline" in line]
    assert uses == ["for word in $(cat /proc/cmdline); do", "first=$(cat /proc/1/cmdline)"]
    arms = [line.strip() for line in text.partition("cat /proc/cmdline")[2].partition("done")[0].splitlines()]
    assert [line for line in arms if ")" in line and ";;" in line] == [
        "firmward.slot=a) slot=a ;;",
        "firmward.slot=b) slot=b ;;",
    ]


ASK = "ask() {"


def asked(health: Health, folder: Path, shell: Sequence[str]) -> list[str]:
    """The commands that the watcher asks, by its own functions, each ended with a zero."""
    text = script.watcher(health)
    healthy = text[text.index("healthy() {") : text.index("# what was asked")]
    (folder / "run").write_text(f"ask() {{ printf '%s\\0' \"$1\"; }}\n{healthy}\nhealthy\n", newline="")
    done = subprocess.run([*shell, "run"], cwd=folder, capture_output=True, check=True, timeout=20)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


NASTY = (
    "it's", "'; sh; '", '"$(reboot)"', "`sh`", "a\nb", "\\", "\\'", "$1 @SECONDS@ @HEALTH@", "a && b || c", "# x", "é",
    "-n", "'\\''", "!!", "*", "~", "\t", "a\\\n",
)  # fmt: skip


@pytest.mark.parametrize("shell", shells(), ids=lambda one: one[0])
def test_commands_of_health_are_asked_as_they_are_written(shell: Sequence[str], tmp_path: Path) -> None:
    commands = tuple(command for command in NASTY if command.strip())
    assert asked(Health(commands, 5), tmp_path, shell) == list(commands)


TEXT = some.text(some.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=30)


@given(some.lists(TEXT.filter(lambda text: bool(text.strip())), max_size=3))
def test_any_commands_of_health_are_asked_as_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, commands: list[str]
) -> None:
    if shells():
        assert asked(Health(tuple(commands), 5), tmp_path_factory.mktemp("asked"), shells()[0]) == commands


@pytest.mark.parametrize(
    "health",
    [Health(("a\0b",), 5), Health(("",), 5), Health(("x" * 5000,), 5), Health(("a",) * 65, 5), Health(("a",), 0)],
)
def test_health_that_no_script_can_hold_is_refused(health: Health) -> None:
    with pytest.raises(InputError, match="health"):
        script.watcher(health)


@pytest.mark.parametrize("shell", shells(), ids=lambda one: one[0])
def test_the_watcher_writes_one_sector_and_keeps_what_else_was_asked(shell: Sequence[str], tmp_path: Path) -> None:
    text = script.watcher(Health((), 5))
    report = text[text.index("report() {") : text.index("# a command of the system")]
    (tmp_path / "run").write_text(
        f"slot=a state=state\n{report.replace('/asked', 'asked').replace('/request', 'request')}report\n"
    )
    state = bytearray(b"x" * 20_000)
    state[8192:8704] = b"good=b\nactive=b\nrm -rf /\nactive=c\n".ljust(512, b"\0")
    (tmp_path / "state").write_bytes(state)
    subprocess.run([*shell, "run"], cwd=tmp_path, check=True, timeout=20, capture_output=True)
    state[8192:8704] = b"good=a\nactive=b\n".ljust(512, b"\0")
    assert (tmp_path / "state").read_bytes() == state
