"""`install`, `rollback`, `status` and `confirm` on a device with two slots."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import update_device
from update_device import CLOCK, CONTENT, Device, publish
from update_made import DAY, SECONDS, Maker
from update_server import serving

from firmward.trust.store import Store
from firmward.update import journal, lock, restarts, slots, spent
from firmward.update.manifest import encoded

SOURCE, SUPPORT = Path(__file__).parents[2] / "src", Path(__file__).parents[1] / "support"
BLOB = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker(tmp_path / "repository")
    publish(made)
    return made


@pytest.fixture
def device(tmp_path: Path, maker: Maker, capsys: pytest.CaptureFixture[str]) -> Device:
    return Device(tmp_path, maker, capsys)


def test_an_update_is_installed_into_the_other_slot_and_what_follows_is_said(device: Device) -> None:
    assert device.installs() == 11
    assert device.said == "installed: version 1.4.1 is in slot b: restart to use it\n"
    assert device.has("b")
    assert device.files["boot_a"].read_bytes().startswith(b"factory")
    assert device.loader.told == ["disable b", "activate b"]
    assert device.restarted == []


def test_what_waits_for_its_restart_is_not_installed_again(device: Device) -> None:
    device.installs()
    device.loader.told.clear()
    assert device.installs() == 11
    assert device.loader.told == []


def test_it_restarts_where_it_is_told_to(device: Device) -> None:
    assert device.installs("--restart") == 11
    assert device.restarted == [""]
    device.loader.restart_argument = lambda: "0 tryboot"  # type: ignore[attr-defined]
    device.installs("--restart")
    assert device.restarted == ["", "0 tryboot"]


def test_nothing_newer_restarts_nothing(device: Device, maker: Maker) -> None:
    publish(maker, device.table("status")["version"])
    assert device.installs("--restart") == 0
    assert device.restarted == []


def test_after_the_restart_it_is_what_runs_and_the_floor_rises_once_it_is_good(device: Device, maker: Maker) -> None:
    publish(maker, rollback_index=3)
    device.installs()
    device.boots("b", "1.4.1", rollback_index=3)
    assert device.installs() == 0
    assert device.table("status")["floor"]["index"] == 0
    device.loader.mark_good("b")
    assert device.installs() == 0
    assert device.table("status")["floor"]["index"] == 3
    device.boots("a")
    publish(maker, rollback_index=2)
    assert device.installs() == 1


def test_a_check_raises_it_too(device: Device, maker: Maker) -> None:
    device.installs()
    device.boots("b", "1.4.1")
    device.loader.mark_good("b")
    assert device.runs("check", "--from", str(maker.folder)) == 0
    assert device.table("status")["floor"]["index"] == 2


def test_a_floor_that_somebody_made_up_is_told_and_no_update_is_refused_for_it(device: Device) -> None:
    (device.state / "rollback-floor.json").parent.mkdir(exist_ok=True)
    (device.state / "rollback-floor.json").write_text('{"index":2147483647}')
    assert "; what is kept there does not count: " in told(device, "status")
    assert device.installs() == 11


def test_a_version_that_fell_back_is_refused_until_somebody_says_again(device: Device) -> None:
    device.installs()
    device.loader.next = "a"  # its tries are over
    assert device.installs() == 1
    assert "fell back" in device.said
    assert "fell back from the version" in told(device, "status")
    assert device.installs() == 1
    assert device.installs("--again") == 11
    assert device.loader.next == "b"


def told(device: Device, *words: str) -> str:
    device.runs(*words)
    return device.said


def test_a_boot_loader_that_never_keeps_its_word_does_not_keep_the_device_restarting(device: Device) -> None:
    codes = [device.installs("--restart") for _ in range(restarts.MOST + 2)]
    assert codes == [11] * restarts.MOST + [3, 3]
    assert len(device.restarted) == restarts.MOST
    assert "nothing more is done by itself" in device.complained
    assert device.installs("--again", "--restart") == 11
    assert len(device.restarted) == restarts.MOST + 1


def test_a_running_version_that_did_not_prove_itself_is_kept_alone(device: Device) -> None:
    device.loader.good = {"b"}
    assert device.installs() == 3
    assert "not proved itself" in device.said
    assert not device.has("b")


@pytest.mark.parametrize("harm", ["other bytes", "absent"])
def test_payloads_that_are_not_the_named_ones_are_refused(device: Device, maker: Maker, harm: str) -> None:
    blob = maker.folder / "targets/blobs" / BLOB
    blob.unlink() if harm == "absent" else blob.write_bytes(bytes(len(CONTENT)))
    assert device.installs() == 1
    assert "activate b" not in device.loader.told
    assert not any(device.files["boot_b"].read_bytes()[:4096])


def test_no_check_installs_and_no_refused_repository_does(device: Device, maker: Maker) -> None:
    assert device.runs("check", "--from", str(maker.folder)) == 10
    assert device.installs(wall=CLOCK + 3 * DAY) == 1
    assert "expired" in device.said
    assert device.loader.told == []


def test_without_slots_or_a_boot_loader_it_says_so(device: Device) -> None:
    device.loader.fails = True
    assert device.installs() == 3
    device.command_line.write_text("quiet\n")
    assert device.installs() == 2
    assert "firmward.slot=" in device.complained


# ---------------------------------------------------------------- lines that cost


def test_a_server_is_installed_from_within_the_window_alone(device: Device, maker: Maker) -> None:
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window="02:00-04:00")
        for wall, code in ((at(1, 59), 10), (at(4, 0), 10), (at(12, 0), 10), (at(3, 59), 11)):
            assert device.runs("install", wall=wall) == code, wall
            assert device.has("b") == (code == 11)
        assert "/targets/blobs/" in "".join(server.asked)


def at(hour: int, minute: int) -> float:
    """On the day on which the repository is fresh, which it is from midnight on."""
    return SECONDS + hour * 3600 + minute * 60


def test_what_waits_says_for_what(device: Device, maker: Maker) -> None:
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window="02:00-04:00")
        device.runs("install", wall=at(5, 0))
    assert device.said == "update: version 1.4.1 is there, and waits for the window 02:00-04:00\n"
    assert device.table("status")["last"]["outcome"] == "update"


def test_now_is_now_and_a_stick_knows_no_hours(device: Device, maker: Maker) -> None:
    device.boots("a", window="02:00-04:00", quota="1/month", rate="1K/s")
    assert device.installs(wall=at(5, 0)) == 11
    with serving(maker.folder) as server:
        device.loader.next = "a"
        device.boots("a", window="02:00-04:00", server=server.url)
        assert device.runs("install", "--now", "--again", wall=at(5, 0)) == 11


@pytest.mark.parametrize("wall", [0.0, 3600.0])
def test_a_clock_that_is_known_to_be_wrong_keeps_no_update_away(device: Device, maker: Maker, wall: float) -> None:
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window="02:00-02:01")
        assert device.runs("install", wall=wall) == 11


def test_the_hours_are_those_of_the_device(device: Device, maker: Maker) -> None:
    device.local = lambda seconds: time.gmtime(seconds + 9 * 3600)
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window="12:00-12:30")
        assert device.runs("install", wall=at(12, 5)) == 10
        assert device.runs("install", wall=at(3, 5)) == 11


def test_a_quota_ends_it_and_the_next_month_goes_on_where_it_was(device: Device, maker: Maker) -> None:
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window=None, quota="200K/month")
        assert device.runs("install") == 3
        assert "is used up" in device.said
        assert told(device, "status").splitlines()[-2].startswith("quota: 200000 bytes in 20")
        for wall in (0.0, CLOCK, CLOCK + DAY / 2):  # the signed time has not moved
            assert device.runs("install", wall=wall) in (1, 3), wall
        last_month = {"bytes": 200_000, "month": spent.month_of(SECONDS) - 1}
        (device.state / "spent.json").write_text(json.dumps(last_month))
        assert device.runs("install") == 11
    assert device.has("b")


def test_a_rate_is_kept(device: Device, maker: Maker) -> None:
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window=None, rate="10K/s")
        assert device.runs("install") == 11
    assert device.slept == pytest.approx(len(CONTENT) / 10_000, rel=0.1)


def test_an_address_is_a_repository_as_a_folder_is(device: Device, maker: Maker) -> None:
    with serving(maker.folder) as server:
        assert device.runs("install", server.url) == 11
    device.loader.next = "a"
    assert device.runs("install", "--again", str(maker.folder)) == 11


@pytest.mark.parametrize("address", ["ftp://updates.example", "http://", "file:///etc"])
def test_an_address_that_is_none_is_the_callers_to_mend(device: Device, address: str) -> None:
    assert device.runs("install", address) == 2


# ---------------------------------------------------------------- one at a time, and stopped


def test_a_second_install_is_turned_away(device: Device) -> None:
    with lock.held(device.state):
        for words in (("install",), ("rollback",)):
            assert device.runs(*words) == 3
            assert device.complained.count("\n") == 1
        assert device.runs("check", "--from", str(device.maker.folder)) == 10
    assert device.installs() == 11


def dripping(connection: socket.socket) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
    connection.sendall(head.encode() + CONTENT[:200_000])
    try:
        for _ in range(100):
            time.sleep(0.1)
            connection.sendall(b"x")
    except OSError:
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_stopped_it_ends_in_one_line_and_goes_on_later(device: Device, maker: Maker, number: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with serving(maker.folder, {BLOB: dripping}) as server:
        device.boots("a", server=server.url, window=None, quota="50M/month")

        def stop() -> None:
            while not any(BLOB in path for path in server.asked):
                time.sleep(0.01)
            time.sleep(0.4)
            os.kill(os.getpid(), number)

        threading.Thread(target=stop).start()
        assert device.runs("install") == 3
    assert device.complained == "firmward update: stopped; what came is kept, and is gone on with next time\n"
    used = spent.kept(Store(device.state))
    assert used is not None
    assert 190_000 < used.amount < len(CONTENT), "what was reserved and not used was not given back"
    assert signal.getsignal(signal.SIGTERM) == before
    assert device.installs() == 11
    assert device.has("b")


# ---------------------------------------------------------------- what is said


def test_how_far_it_is_is_said_to_terminals_and_who_asks(device: Device) -> None:
    device.installs("--progress")
    lines = device.said.splitlines()
    assert lines[0] == f"boot: 20 % of {len(CONTENT)} bytes"
    assert lines[-2:] == ["boot: read back and verified", "installed: version 1.4.1 is in slot b: restart to use it"]
    assert len(lines) < 25


def test_for_programs_there_is_one_table(device: Device) -> None:
    found = device.table("install", "--progress", "--from", str(device.maker.folder))
    assert found == {
        "schema": "firmward.update/1",
        "outcome": "installed",
        "reason": "version 1.4.1 is in slot b: restart to use it",
        "version": "1.4.1",
        "clock": {"now": CLOCK, "source": "wall", "wall": CLOCK},
        "expired": [],
    }
    assert device.table("status")["last"] == found


def test_status_tells_of_both_slots(device: Device) -> None:
    device.installs()
    device.runs("status")
    assert device.said.splitlines()[2:] == [
        "slot a: 1.4.0, runs, good",
        "slot b: 1.4.1, starts next, not proved",
        "last check: installed: version 1.4.1 is in slot b: restart to use it",
    ]
    found = device.table("status")["slots"]
    digest = hashlib.sha256(encoded(update_device.released())).hexdigest()
    assert found["holds"]["b"] == {"version": "1.4.1", "sha256": digest, "rollback_index": 2}
    assert (found["running"], found["next"], found["good"]) == ("a", "b", ["a"])
    assert found["installing"] is None


def test_status_tells_how_far_an_install_came(device: Device, maker: Maker) -> None:
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window=None, quota="200K/month")
        device.runs("install")
    assert "being installed: 1.4.1 into slot b, boot: 196608 of 307200 bytes" in told(device, "status")
    assert device.table("status")["slots"]["installing"]["offset"] == 196_608


@pytest.mark.parametrize("lack", ["slot", "loader", "state", "disk"])
def test_status_never_fails_for_what_it_cannot_ask(device: Device, lack: str) -> None:
    if lack == "slot":
        device.command_line.unlink()
    elif lack == "state":
        device.state.write_text("no folder")
    elif lack == "disk":
        device.files.clear()
    else:
        device.loader.fails = True
    assert device.runs("status") == 0
    assert ("slots unknown: " in device.said) == (lack in ("slot", "loader"))
    assert device.runs("--json", "status") == 0


def test_damaged_records_are_none(device: Device) -> None:
    device.installs()
    for name in (journal.FILE, "installed-b", "spent", "restarts", "fell-back", "checked"):
        (device.state / f"{name}.json").write_bytes(b"\xff{")
    assert device.runs("status") == 0
    assert device.installs("--restart") == 11


# ---------------------------------------------------------------- rollback and confirm


def test_a_rollback_begins_with_the_other_slot(device: Device) -> None:
    device.installs()
    device.boots("b", "1.4.1")
    device.loader.mark_good("b")
    assert device.runs("rollback", "--restart") == 11
    assert device.said == "slot a is started next, with version 1.4.0: restart to use it\n"
    assert device.loader.next == "a"
    assert device.restarted == [""]


def test_a_rollback_below_the_floor_is_refused(device: Device, maker: Maker) -> None:
    publish(maker, rollback_index=3)
    device.installs()
    device.boots("b", "1.4.1", rollback_index=3)
    device.runs("confirm")
    assert device.runs("rollback") == 1
    assert "below the rollback floor" in device.complained
    assert device.loader.next == "b"


def test_a_slot_that_is_half_there_is_nothing_to_go_back_to(device: Device, maker: Maker) -> None:
    with serving(maker.folder) as server:
        device.boots("a", server=server.url, window=None, quota="200K/month")
        device.runs("install")
    assert device.runs("rollback") == 2


def test_who_confirms_has_the_running_slot_kept_and_then_the_floor_raised(device: Device, maker: Maker) -> None:
    assert device.runs("confirm") == 0
    assert device.said.splitlines()[0] == "a boot loader of tests keeps what runs"
    assert device.loader.told == ["good a"]
    publish(maker, rollback_index=3)
    device.installs()
    device.boots("b", "1.4.1", rollback_index=3)
    device.loader.fails = True
    assert device.runs("confirm") == 3
    assert device.table("status")["floor"]["index"] == 0
    device.loader.fails = False
    assert device.runs("confirm") == 0
    assert device.table("status")["floor"]["index"] == 3


def health(*commands: str, seconds: int = 5) -> dict[str, object]:
    return {"health": {"commands": list(commands), "seconds": seconds}}


def test_a_system_that_is_well_is_kept(device: Device) -> None:
    device.boots("a", **health("true", "exit 0"))
    assert device.runs("confirm", "--health") == 0
    assert device.loader.told == ["good a"]
    assert device.restarted == []


def test_a_system_that_is_not_well_is_restarted_and_not_kept(device: Device) -> None:
    device.boots("a", **health("true", "exit 7"))
    assert device.runs("confirm", "--health", "--dry-run") == 3
    assert device.said.startswith("not well: exit 7: ended with 7; the device restarts")
    assert device.restarted == []
    assert device.runs("confirm", "--health") == 3
    assert device.restarted == ["", "forced"]
    assert device.loader.told == []
    assert device.table("status")["floor"]["index"] == 0


def test_health_is_nothing_to_a_device_whose_boot_loader_cannot_be_told(device: Device) -> None:
    device.boots("a", **health("true"))
    device.command_line.write_text("quiet\n")
    assert device.runs("confirm", "--health") == 2


def test_it_is_marked_good_while_another_version_is_installed(device: Device) -> None:
    with lock.held(device.state):
        assert device.runs("confirm") == 0


# ---------------------------------------------------------------- as a program

PROGRAM = f"""
import sys
sys.path[:0] = [{str(SOURCE)!r}, {str(SUPPORT)!r}]
from firmward.update.main import main
sys.exit(main(sys.argv[1:]))
"""


def run(device: Device, *words: str, output: int = subprocess.PIPE) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", "-c", PROGRAM, "--image", str(device.image), "--state", str(device.state), *words]
    return subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60)


@pytest.mark.parametrize("words", [("status",), ("--json", "status"), ("confirm",)], ids=str)
def test_a_reader_who_has_gone_brings_no_traceback(device: Device, words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run(device, *words, output=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_call_brings_a_traceback(device: Device) -> None:
    for words in (
        (),
        ("fetch",),
        ("install", "a", "--from", "b"),
        ("install", "--now"),
        ("rollback",),
        ("status", "x"),
    ):
        done = run(device, *words)
        assert done.returncode in (2, 3), words
        assert "Traceback" not in done.stderr


def test_the_records_are_of_slots_that_run(device: Device) -> None:
    device.installs()
    held = slots.held(Store(device.state), "a")
    assert held is not None
    assert held.version == "1.4.0"
