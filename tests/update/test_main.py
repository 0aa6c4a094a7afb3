"""`python3 -m firmward.update`, as a device runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from update_made import DAY, IDENTITY, SECONDS, Maker, image, manifest
from update_server import serving

from firmward.formats.canonical_json import encode
from firmward.trust.anchor import AnchoredStore
from firmward.trust.clock import Clock
from firmward.trust.spare import SIZES
from firmward.trust.store import Store
from firmward.update import outcome
from firmward.update.floors import evidence
from firmward.update.machine import Machine
from firmward.update.main import main
from firmward.update.outcome import Outcome

SOURCE = Path(__file__).parents[2] / "src"


class Shell:
    """Runs a verb, and has what it said."""

    def __init__(self, place: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.image = place / "image"
        self.state = place / "state"
        self._capture = capture
        self.said = self.complained = ""

    def run(self, *words: str, wall: float = SECONDS) -> int:
        code = main(["--image", str(self.image), "--state", str(self.state), *words], Machine(wall=lambda: wall))
        self.said, self.complained = self._capture.readouterr()
        return code

    @property
    def store(self) -> Store:
        return Store(self.state)

    def table(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.said)
        return found


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker(tmp_path / "repository")
    made.release()
    return made


@pytest.fixture
def shell(tmp_path: Path, maker: Maker, capsys: pytest.CaptureFixture[str]) -> Shell:
    image(tmp_path / "image", maker, floor="file")
    return Shell(tmp_path, capsys)


def test_an_update_is_there(shell: Shell, maker: Maker) -> None:
    assert shell.run("check", "--from", str(maker.folder)) == 10
    assert shell.said == "update: version 1.4.1 is there\n"


def test_nothing_is_newer(shell: Shell, maker: Maker) -> None:
    maker.release(manifest(version=IDENTITY.version))
    assert shell.run("check", "--from", str(maker.folder)) == 0
    assert shell.said == "current: 1.4.0 is what runs\n"


def test_what_is_refused_says_why(shell: Shell, maker: Maker) -> None:
    assert shell.run("check", "--from", str(maker.folder), wall=SECONDS + 2 * DAY) == 1
    assert shell.said.startswith("refused: timestamp: has expired")


def test_nobody_can_tell_where_the_stick_is_gone(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("check", "--from", str(tmp_path / "gone")) == 3
    assert shell.said.startswith("unknown: ")


def test_a_server_is_asked_where_no_folder_is_given(shell: Shell, maker: Maker) -> None:
    with serving(maker.folder) as server:
        image(shell.image, maker, server=f"{server.url}/")
        assert shell.run("check") == 10
        assert "/metadata/timestamp.json" in server.asked
    assert shell.run("check") == 3


@pytest.mark.parametrize("words", [("check",), ("check", "--from", "/nowhere")])
def test_an_image_that_names_no_server_or_is_none_is_the_makers_to_mend(shell: Shell, words: tuple[str, ...]) -> None:
    if len(words) > 1:
        (shell.image / "device.json").write_text("{}")
    assert shell.run(*words) == 2
    assert shell.complained.startswith("firmward update: device.json")


def test_for_programs(shell: Shell, maker: Maker) -> None:
    shell.run("--json", "check", "--from", str(maker.folder))
    assert shell.table() == {
        "schema": "firmward.update/1",
        "outcome": "update",
        "reason": "version 1.4.1 is there",
        "version": "1.4.1",
        "clock": {"now": SECONDS, "source": "wall", "wall": SECONDS},
        "expired": [],
    }


def test_status_tells_what_the_last_check_came_to_and_by_which_clock(shell: Shell, maker: Maker) -> None:
    assert shell.run("status") == 0
    assert "never checked" in shell.said
    image(shell.image, maker, floor="file", grace="30d")
    shell.run("check", "--from", str(maker.folder), wall=SECONDS + 2 * DAY)
    assert shell.run("status") == 0
    assert shell.said.splitlines() == [
        "camera 1.4.0 on qemu-arm64, channel stable",
        "rollback index 2, floor 0, kept by a signed file on the storage, which whoever swaps the storage can lower",
        "slots unknown: the kernel was not told which slot runs (firmward.slot=): there is none to install into",
        "last check: update: version 1.4.1 is there",
        "taken by grace, for it has expired: timestamp",
    ]
    shell.run("check", "--from", str(maker.folder), wall=0)
    shell.run("status")
    assert "taken is the time when the metadata was signed that was accepted last" in shell.said


@pytest.mark.parametrize("verb", ["status", "check"])
def test_there_is_room_for_what_it_keeps_from_the_first_call_on(shell: Shell, maker: Maker, verb: str) -> None:
    shell.run(verb)
    for folder in (shell.state, shell.state / "channel"):
        assert sorted(path.stat().st_size for path in folder.glob(".spare-*")) == sorted(SIZES)


def test_what_has_proved_itself_raises_the_floor(shell: Shell, maker: Maker) -> None:
    proved = manifest(version="1.9.0", rollback_index=7)
    maker.release(proved)
    assert shell.run("check", "--from", str(maker.folder)) == 10
    evidence.capture(AnchoredStore(shell.state / "channel", maker.first_root), IDENTITY, proved, shell.store, "b")
    image(shell.image, maker, floor="file", version="1.9.0", rollback_index=7)
    assert shell.run("confirm") == 0
    assert shell.said.startswith("the rollback floor is 7, kept by a signed file on the storage, which")
    image(shell.image, maker, floor="file")
    maker.release()
    assert shell.run("check", "--from", str(maker.folder)) == 1
    assert "below the rollback floor" in shell.said
    shell.run("--json", "status")
    kept = {"index": 7, "by": "a signed file on the storage", "apart": False, "refused": ""}
    assert shell.table()["floor"] == kept


def test_a_floor_that_somebody_made_up_is_told_and_stops_no_update(shell: Shell, maker: Maker) -> None:
    shell.store.keep("rollback-floor", encode({"\x9b2J": 2**31 - 1}))
    assert shell.run("check", "--from", str(maker.folder)) == 10
    assert shell.run("status") == 0
    assert "what is kept there does not count: evidence: evidence.?2J is not known\n" in shell.said
    shell.run("--json", "status")
    assert shell.table()["floor"]["index"] == 0
    assert shell.table()["floor"]["refused"] == "evidence: evidence.?2J is not known"


def test_a_device_from_the_factory_confirms_nothing_that_it_cannot_prove(shell: Shell) -> None:
    assert shell.run("confirm") == 0
    assert shell.said.startswith("the rollback floor is 0, kept by a signed file")


def test_a_chip_that_is_named_and_not_there_stops_every_update(shell: Shell, maker: Maker) -> None:
    if Path("/dev/tpmrm0").exists():
        pytest.skip("this machine has a TPM")
    image(shell.image, maker, floor="tpm")
    assert shell.run("check", "--from", str(maker.folder)) == 3
    assert shell.run("confirm") == 3


def test_no_server_speaks_to_the_terminal_or_breaks_a_record(shell: Shell, maker: Maker) -> None:
    twice = '{"keyid":"\\u001b[2J\\u0007","sig":"00"}'
    root = f'{{"signatures":[{twice},{twice}],"signed":{{}}}}'.encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(root)
    with serving(maker.folder, {"2.root.json": lambda line: line.sendall(head + root)}) as server:
        image(shell.image, maker, server=server.url)
        assert shell.run("check") == 1
        assert "?[2J?" in shell.said
        assert shell.run("--json", "check") == 1
        assert "?[2J?" in shell.table()["reason"]
    shell.run("status")
    assert "?[2J?" in shell.said


def test_a_state_that_cannot_be_written_is_told(shell: Shell, maker: Maker) -> None:
    shell.state.touch()
    assert shell.run("check", "--from", str(maker.folder)) == 3
    assert "cannot be written" in shell.complained


def test_a_last_outcome_that_is_damaged_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    said = Outcome("update", "there", "1.4.1", Clock(5, "floor", 0), ("timestamp",))
    outcome.keep(store, said)
    assert outcome.kept(store) == said
    store.keep(outcome.FILE, b'{"outcome":1}')
    assert outcome.kept(store) is None


def test_it_runs_by_itself_with_the_standard_library_alone(tmp_path: Path, maker: Maker) -> None:
    image(tmp_path / "image", maker, floor="file", grace="366d")
    program = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); sys.argv[0] = 'update'\n"
    program += "from firmward.update.machine import Machine\n"
    program += "from firmward.update.main import main; code = main(sys.argv[1:], Machine(wall=lambda: 0))\n"
    program += "costly = {'ssl', 'http', 'subprocess', 'datetime', 'asyncio'} & set(sys.modules)\n"
    program += "assert not costly, costly\nsys.exit(code)"
    words = ["--image", str(tmp_path / "image"), "--state", str(tmp_path / "state"), "check", "--from"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, *words, str(maker.folder)],
        capture_output=True,
        text=True,
        env={"PATH": os.defpath},
    )
    assert (done.returncode, done.stderr) == (10, "")
