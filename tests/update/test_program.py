"""Programs that are run for what they say: well-behaved ones, and the others."""

import os
import time
from pathlib import Path

import pytest

from firmward.model.errors import DeviceError, InputError
from firmward.update import program
from firmward.update.program import FEED_LIMIT, run


def test_what_it_says_is_heard_and_what_it_is_fed_is_read() -> None:
    assert run(("cat",), b"words\n") == "words\n"
    assert run(("echo", "$HOME; true")) == "$HOME; true\n"
    assert run(("true",), b"nobody reads this") == ""


def test_nothing_of_ours_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    assert set(run(("env",)).split()) == {f"PATH={':'.join(program.PLACES)}", "LC_ALL=C"}


def test_one_that_path_names_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("echo", "of-mine"):
        (tmp_path / name).write_text("#!/bin/sh\necho mine\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(("echo", "theirs")) == "theirs\n"
    with pytest.raises(InputError, match="of-mine: is not installed"):
        run(("of-mine",))


def test_one_that_fails_is_told_in_its_last_words() -> None:
    with pytest.raises(DeviceError, match=r"^sh: failed with code 3: why\?\[2J$"):
        run(("sh", "-c", "echo out; echo first >&2; printf 'why\\033[2J\\n\\n' >&2; exit 3"))
    with pytest.raises(DeviceError, match=r"^sh: failed with code 4: out$"):
        run(("sh", "-c", "echo out; exit 4"))


@pytest.mark.parametrize("script", ["sleep 60", "sleep 60 & exit 0", "exec >&- 2>&-; sleep 60"])
def test_one_that_does_not_end_is_ended_with_what_it_started(script: str) -> None:
    begun = time.monotonic()
    with pytest.raises(DeviceError, match="does not end"):
        run(("sh", "-c", script), seconds=0.3)
    assert time.monotonic() - begun < 10


def test_one_that_leaves_others_behind_leaves_none(tmp_path: Path) -> None:
    run(("sh", "-c", f"sleep 60 >/dev/null 2>&1 & echo $! >{tmp_path}/pid"))
    number = int((tmp_path / "pid").read_text())
    for _ in range(50):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    os.kill(number, 9)
    raise AssertionError("it runs on")


@pytest.mark.parametrize("redirected", ["", ">&2"])
def test_one_that_never_falls_silent_is_ended(redirected: str) -> None:
    with pytest.raises(DeviceError, match="more than 1000 bytes"):
        run(("sh", "-c", f"while :; do echo words {redirected}; done"), limit=1000)


def test_no_more_is_fed_than_a_pipe_takes() -> None:
    with pytest.raises(DeviceError, match="fed"):
        run(("sleep", "60"), bytes(FEED_LIMIT + 1))
