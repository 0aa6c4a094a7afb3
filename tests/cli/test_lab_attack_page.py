"""A campaign in the terminal: a line for each attack, the chain of both devices, and what was proved."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from proof_sample import HOSTILE, SAMPLES, bad, good

import firmward
from firmward.cli.console import Color
from firmward.cli.lab_attack_page import Page, Progress
from firmward.lab.proof.record import Proof

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def shown(proof: Proof, capfd: Capture, color: Color = Color.NEVER, *, quiet: bool = False) -> str:
    page = Page(color, quiet=quiet)
    for number, one in enumerate(proof.attempts, 1):
        page.attempt(one, number, len(proof.attempts))
    page.close(proof)
    page.wrote((Path("proof.html"),))
    return capfd.readouterr().out


def test_what_was_proved_is_said_at_the_end(capfd: Capture) -> None:
    lines = shown(good(), capfd).splitlines()
    assert lines[-3:] == [
        "8 attacks succeed on the unprotected twin; the device stops 6 and detects 2.",
        "The audit of the twin had warned of every one of them. It took 5 min 12 s.",
        "Wrote proof.html",
    ]


def test_the_chain_is_shown_before_and_after(capfd: Capture) -> None:
    rows = [line.split("  ") for line in shown(good(), capfd).splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["Kernel", "✗ unverified", "✓ verified"] in cells
    assert ["Boot ROM", "? unknown", "? unknown"] in cells


def test_what_went_wrong_is_said_beside_its_attack(capfd: Capture) -> None:
    lines = shown(bad(), capfd).splitlines()
    (at,) = (number for number, line in enumerate(lines) if "fit-unsigned" in line and "3/6" in line)
    assert lines[at].split()[1] == "✗"
    assert lines[at + 1].strip().startswith("device: </pre><script>alert(1)</script>")
    assert HOSTILE not in "".join(lines)
    assert "  The audit of the twin does not warn of fit-byte-flip, which succeeds there." in lines
    assert "  not tried: default-credentials: the board has no network card" in lines


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_terminal_that_knows_ascii_alone_gets_signs_that_it_has(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, sample: str
) -> None:
    monkeypatch.setattr("rich.console.ConsoleOptions.ascii_only", property(lambda _: True))
    assert shown(SAMPLES[sample](), capfd).isascii()


@pytest.mark.parametrize("sample", SAMPLES)
def test_without_colours_there_is_no_escape(capfd: Capture, sample: str) -> None:
    assert "\x1b" not in shown(SAMPLES[sample](), capfd)
    assert "\x1b[" in shown(SAMPLES[sample](), capfd, Color.ALWAYS)


ATTACKED = """
import time
from proof_sample import good
from firmward.cli.console import Color
from firmward.cli.lab_attack_page import Page
page = Page(Color.AUTO, quiet=False)
with page.doing("Attacking, 0 of 1 done"):
    time.sleep(0.3)
    page.attempt(good().attempts[0], 1, 1)
    time.sleep(0.3)
"""


def on_terminal(stdout: int | None = None) -> tuple[str, str]:
    """What comes on a terminal, and what goes elsewhere where `stdout` is a pipe."""
    mine, theirs = os.openpty()
    paths = (Path(__file__).parents[1] / "support", Path(firmward.__file__).parents[1])
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-c", ATTACKED]
    process = subprocess.Popen(command, stdin=theirs, stdout=stdout or theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said = b""
    with process:
        with suppress(OSError):  # the terminal is gone with the last that had it open
            while piece := os.read(mine, 4096):
                said += piece
        other = process.stdout.read().decode() if process.stdout else ""
    os.close(mine)
    return said.decode(), other


def test_a_line_on_a_terminal_stands_apart_from_the_one_that_moves() -> None:
    said, _ = on_terminal()
    assert "Attacking" in said
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said).splitlines()
    (line,) = (line for line in lines if "prompt-by-key-spam" in line)
    assert "Attacking" not in line


def test_a_line_goes_where_the_output_goes() -> None:
    said, other = on_terminal(subprocess.PIPE)
    assert "prompt-by-key-spam" not in said
    assert "Attacking" not in other


def test_quietly_nothing_is_said(capfd: Capture) -> None:
    assert shown(bad(), capfd, quiet=True) == ""


@pytest.mark.parametrize(
    ("done", "now", "words"),
    [
        (0, 10.0, "Attacking, 0 of 8 done"),
        (2, 40.0, "Attacking, 2 of 8 done, about 90 s left"),
        (4, 210.0, "Attacking, 4 of 8 done, about 3 min 20 s left"),
        (8, 90.0, "Attacking, 8 of 8 done, about 0 s left"),
    ],
)
def test_how_long_it_will_take_is_told(done: int, now: float, words: str) -> None:
    assert Progress(8, 10.0).words(done, now) == words
