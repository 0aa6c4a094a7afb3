"""A start followed to its end, with a program that plays QEMU."""

import io
from pathlib import Path

import pytest
from built_device import small_build
from played_qemu import BOOT, HEALTHY, play

from firmward.lab.boot import Ending, Limits, Outcome, boot
from firmward.lab.device import Kind, opened, refuse_changed
from firmward.lab.stages import Mishap, Stage, Step
from firmward.lab.timing import medians, shares
from firmward.model.errors import DeviceError, InputError, ToolError

WAIT = "time.sleep(600)"


class Lab:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out = small_build(folder / "out")
        self.told: list[Step] = []
        self.log = io.BytesIO()
        self._programs = folder / "programs"
        monkeypatch.setenv("PATH", str(self._programs))

    def boot(self, body: str, *, seconds: float = 10.0, starts: int = 3, keep: Path | None = None) -> Outcome:
        play(self._programs, body)
        return boot(opened(self.out, keep=keep), Limits(seconds, starts), self.told.append, self.log)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def test_a_start_is_told_stage_by_stage_until_it_is_healthy(lab: Lab) -> None:
    outcome = lab.boot(f"say(*{BOOT!r})\ntime.sleep(0.4)\nsay({HEALTHY!r})\n{WAIT}")
    assert outcome.healthy
    assert (outcome.slot, outcome.starts) == ("a", 1)
    assert [step.sign.what for step in lab.told] == list(Stage)
    assert lab.told == list(outcome.steps)
    stages = outcome.stages()
    assert stages[Stage.HEALTHY] - stages[Stage.SYSTEM] >= 0.3
    assert HEALTHY.encode() in lab.log.getvalue()


def test_with_the_console_off_health_is_seen_in_the_request(lab: Lab) -> None:
    body = "state(0, seq='1', last='b', a_left=3, b_left=2)\ntime.sleep(1)\nwrite(8192, b'good=b\\n')\n"
    outcome = lab.boot(body + WAIT)
    assert outcome.healthy
    assert outcome.slot == "b"
    assert [step.sign.what for step in outcome.steps] == [Stage.POWER, Stage.SLOT, Stage.HEALTHY]
    assert outcome.steps[1].sign.detail == "2 tries left"


def test_the_request_of_an_earlier_start_is_not_this_ones_health(lab: Lab, tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    assert lab.boot(f"write(8192, b'good=a\\n')\n{WAIT}", keep=keep).healthy
    outcome = lab.boot(f"say('U-Boot 2023.01')\n{WAIT}", keep=keep, seconds=1.0)
    assert outcome.ending is Ending.OUT_OF_TIME


def test_a_device_that_starts_again_and_again_is_ended(lab: Lab) -> None:
    body = "while True:\n    say('U-Boot 2023.01', 'firmward: slot a refused: no')\n    tell(event='RESET')\n"
    outcome = lab.boot(body + "    time.sleep(1)")  # on a busy machine two of them would be heard at once
    assert outcome.ending is Ending.TOO_MANY_STARTS
    assert outcome.starts == 4
    whats = [step.sign.what for step in outcome.steps]
    assert whats.count(Mishap.REFUSED) == 3
    assert whats.count(Mishap.RESTARTED) == 3


def test_resets_are_counted_where_the_console_is_off(lab: Lab) -> None:
    outcome = lab.boot(f"for _ in range(9):\n    tell(event='RESET')\n{WAIT}")
    assert outcome.ending is Ending.TOO_MANY_STARTS


def test_a_refusal_belongs_to_the_start_that_it_ended_where_the_console_is_off(lab: Lab) -> None:
    body = (
        "state(0, seq='1', last='a', a_left=2, b_left=3)\ntime.sleep(1)\n"
        "state(1, seq='2', last='a', a_left=0, b_left=3)\ntell(event='RESET')\ntime.sleep(1)\n"
        "state(0, seq='3', last='b', a_left=0, b_left=2)\ntime.sleep(1)\nwrite(8192, b'good=b\\n')\n"
    )
    outcome = lab.boot(body + WAIT)
    assert [(step.start, step.sign.what, step.sign.slot) for step in outcome.steps] == [
        (1, Stage.POWER, None),
        (1, Stage.SLOT, "a"),
        (1, Mishap.REFUSED, "a"),
        (1, Mishap.RESTARTED, None),
        (2, Stage.SLOT, "b"),
        (2, Stage.HEALTHY, "b"),
    ]


def test_times_of_the_last_start_count_from_its_own_power_on(lab: Lab) -> None:
    body = f"say('U-Boot 2023.01')\ntime.sleep(1.5)\ntell(event='RESET')\nsay(*{BOOT!r}, {HEALTHY!r})\n{WAIT}"
    outcome = lab.boot(body)
    assert outcome.starts == 2
    assert outcome.stages()[Stage.HEALTHY] < 1.5 <= outcome.seconds


def test_a_device_that_falls_silent_is_ended_in_time(lab: Lab) -> None:
    outcome = lab.boot(f"say(*{BOOT!r})\n{WAIT}", seconds=1.0)
    assert outcome.ending is Ending.OUT_OF_TIME
    assert 1.0 <= outcome.seconds < 20
    assert outcome.log[-1] == BOOT[-1]


def test_a_machine_without_any_sign_is_an_error(lab: Lab, tmp_path: Path) -> None:
    play(tmp_path / "programs", "import time\ntime.sleep(600)", prelude="")
    with pytest.raises(DeviceError, match="no sign within 1 seconds"):
        boot(opened(lab.out), Limits(1.0), lab.told.append)


def test_a_device_that_is_switched_off_is_told(lab: Lab) -> None:
    outcome = lab.boot("say('U-Boot 2023.01')\ntell(event='SHUTDOWN')")
    assert outcome.ending is Ending.POWERED_OFF
    assert outcome.steps[-1].sign.what is Mishap.OFF


def test_a_machine_that_dies_is_an_error_with_its_words(lab: Lab) -> None:
    with pytest.raises(DeviceError, match="invalid option"):
        lab.boot("sys.exit('invalid option')")


def test_the_build_keeps_its_bytes(lab: Lab) -> None:
    before = (lab.out / "disk.img").read_bytes()
    assert lab.boot(f"write(8192, b'good=a\\n')\n{WAIT}").healthy
    assert (lab.out / "disk.img").read_bytes() == before


def test_the_last_lines_are_kept_and_no_more(lab: Lab) -> None:
    outcome = lab.boot("say(*(f'line {n}' for n in range(50)))")
    assert outcome.log == tuple(f"line {number}" for number in range(38, 50))


@pytest.mark.parametrize("name", ["disk.img", "boot/u-boot.bin", "boot/control.dtb"])
def test_a_file_that_was_changed_after_the_build_is_told(lab: Lab, name: str) -> None:
    refuse_changed(opened(lab.out))
    with (lab.out / name).open("r+b") as file:
        file.write(b"!")
    with pytest.raises(InputError, match=f"{name}: was changed after the build.*--as-is"):
        refuse_changed(opened(lab.out))


def test_a_file_that_is_not_there_is_told(lab: Lab) -> None:
    (lab.out / "boot/u-boot.bin").unlink()
    with pytest.raises(InputError, match=r"u-boot\.bin: is not there"):
        opened(lab.out)


def test_a_partition_that_is_not_on_the_disk_is_told(lab: Lab) -> None:
    with (lab.out / "disk.img").open("r+b") as disk:
        disk.truncate(1 << 20)
    with pytest.raises(InputError, match="state does not lie on the disk"):
        lab.boot(WAIT)


def test_a_board_that_nobody_plays_is_told(lab: Lab) -> None:
    path = lab.out / "build.json"
    path.write_text(path.read_text().replace("qemu-arm64", "imx6ull"))
    with pytest.raises(InputError, match="imx6ull: no virtual device plays this board; the lab has qemu-arm64"):
        lab.boot(WAIT)


def test_the_twin_needs_the_distributions_boot_loader(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: not str(path).startswith("/usr/lib/u-boot"))
    play(lab.out.parent / "programs", WAIT)
    with pytest.raises(ToolError, match="apt install u-boot-qemu"):
        boot(opened(lab.out, Kind.PLAIN), Limits(), lab.told.append)


def test_shares_are_the_whole_time() -> None:
    found = shares({Stage.POWER: 0.0, Stage.LOADER: 1.0, Stage.HEALTHY: 4.0})
    assert [(one.since, one.reached, one.seconds, one.part) for one in found] == [
        (Stage.POWER, Stage.LOADER, 1.0, 0.25),
        (Stage.LOADER, Stage.HEALTHY, 3.0, 0.75),
    ]
    assert shares({Stage.POWER: 0.0}) == ()


def test_medians_are_of_the_rounds_that_became_healthy(lab: Lab) -> None:
    good = lab.boot(f"say({HEALTHY!r})\n{WAIT}")
    bad = lab.boot("say('U-Boot 2023.01')")
    assert medians([bad, good, bad]) == good.stages()
    assert medians([bad]) == {}
