"""One at a time installs, and the lock is gone with who held it."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from firmward.model.errors import DeviceError
from firmward.update import lock
from firmward.update.bootloaders.bootloader import BootState
from firmward.update.guarded import Guarded

SOURCE = Path(__file__).parents[2] / "src"
HOLDER = """
import sys, time
from pathlib import Path
from firmward.update import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_one_is_turned_away_in_one_line(tmp_path: Path) -> None:
    with lock.held(tmp_path / "state"):
        with pytest.raises(DeviceError, match="another update is at work") as caught, lock.held(tmp_path / "state"):
            pass
        assert "\n" not in str(caught.value)
    with lock.held(tmp_path / "state"):
        pass


def test_who_is_killed_holds_it_no_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(SOURCE)}) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DeviceError), lock.held(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with lock.held(tmp_path):
        pass


def test_programs_that_are_started_meanwhile_do_not_keep_it(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        with lock.held(tmp_path):
            pass
    finally:
        child.kill()
        child.wait()


def test_a_folder_that_cannot_be_written_is_the_devices_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / lock.FILE).symlink_to(tmp_path / "elsewhere")
    for state in (tmp_path / "file", tmp_path):
        with pytest.raises(DeviceError, match="cannot be written"), lock.held(state):
            pass
    assert not (tmp_path / "elsewhere").exists()


class Slow:
    """A boot loader that notes whether two speak with it at once."""

    name = "slow"

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.told: list[str] = []

    def state(self) -> BootState:
        return BootState("a", "a", frozenset())

    def disable(self, slot: str) -> None:
        self._tell(f"disable {slot}")

    def activate(self, slot: str) -> None:
        self._tell(f"activate {slot}")

    def mark_good(self, slot: str) -> None:
        self._tell(f"good {slot}")

    def _tell(self, words: str) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.02)
        self.told.append(words)
        self.inside -= 1


def test_one_at_a_time_speaks_with_the_boot_loader_even_while_another_installs(tmp_path: Path) -> None:
    slow = Slow()
    with lock.held(tmp_path):
        calls = [Guarded(slow, tmp_path) for _ in range(3)]
        doing = (calls[0].disable, calls[1].activate, calls[2].mark_good)
        threads = [threading.Thread(target=one, args=("b",)) for one in doing]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(slow.told) == ["activate b", "disable b", "good b"]
    assert slow.most == 1


def test_what_a_restart_has_to_hand_on_is_the_loaders_to_say(tmp_path: Path) -> None:
    slow = Slow()
    assert Guarded(slow, tmp_path).restart_argument() == ""
    slow.restart_argument = lambda: "0 tryboot"  # type: ignore[attr-defined]
    assert Guarded(slow, tmp_path).restart_argument() == "0 tryboot"
