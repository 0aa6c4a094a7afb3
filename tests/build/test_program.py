"""Programs that a build starts: their environment, their end, and what is told when they fail."""

import os
import threading
import time
from pathlib import Path

import pytest

from firmward.build.program import ProgramError, found, require, run
from firmward.model.errors import InputError, ToolError


def sh(script: str, **more: object) -> str:
    return run(["sh", "-c", script], epoch=1700000000, package="dash", **more)  # type: ignore[arg-type]


def ended(pid: int) -> bool:
    """Gone, or a zombie that only waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def waits_for(condition: object, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def test_what_a_program_prints_is_returned() -> None:
    assert sh("printf 'one\\ntwo\\n'; echo three >&2") == "one\ntwo\n"


def test_the_environment_is_the_builds_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    monkeypatch.setenv("SECRET_PIN", "1234")
    own = dict(line.split("=", 1) for line in sh("env").splitlines())
    assert own["LC_ALL"] == "C.UTF-8"
    assert own["TZ"] == "UTC"
    assert own["SOURCE_DATE_EPOCH"] == "1700000000"
    assert "SECRET_PIN" not in own
    assert sh("echo $ENGINE", variables={"ENGINE": "pkcs11"}) == "pkcs11\n"


def test_programs_outside_a_users_path_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert found("mke2fs", "e2fsprogs").endswith("sbin/mke2fs")


def test_a_missing_program_names_its_package() -> None:
    with pytest.raises(ToolError, match="no-such-program is not installed; on Debian: apt install its-package"):
        run(["no-such-program"], epoch=0, package="its-package")


def test_a_failure_tells_the_code_and_the_last_lines() -> None:
    with pytest.raises(ProgramError, match=r"^sh ended with code 3: line 4 \| line 5 \|.* \| line 9$") as told:
        sh("for n in 0 1 2 3 4 5 6 7 8 9; do echo line $n >&2; done; exit 3")
    assert told.value.code == 3
    with pytest.raises(ProgramError, match=r"^sh was ended by signal 9: it said nothing"):
        sh("kill -9 $$")


def test_a_failure_without_errors_tells_what_was_printed() -> None:
    with pytest.raises(ProgramError, match="code 1: printed"):
        sh("echo printed; exit 1")


def test_a_full_disk_is_the_callers_matter() -> None:
    with pytest.raises(InputError, match="the disk is full"):
        sh("cat /proc/version > /dev/full")


def test_a_program_that_does_not_end_is_stopped_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"sh did not end within 0\.5 seconds"):
        sh(f"sleep 60 & echo $! > {tmp_path}/child; wait", seconds=0.5)
    child = int((tmp_path / "child").read_text())
    assert waits_for(lambda: ended(child))


def test_a_child_that_stays_behind_is_ended(tmp_path: Path) -> None:
    sh(f"sleep 60 > /dev/null 2>&1 & echo $! > {tmp_path}/child")
    child = int((tmp_path / "child").read_text())
    assert waits_for(lambda: ended(child))


def test_an_interruption_ends_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        waits_for((tmp_path / "child").exists)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        sh(f"echo $$ > {tmp_path}/child.new; mv {tmp_path}/child.new {tmp_path}/child; sleep 60")
    child = int((tmp_path / "child").read_text())
    assert waits_for(lambda: ended(child))


def test_input_folder_and_descriptors_reach_the_program(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"given\n")
    with (tmp_path / "in").open("rb") as stdin:
        assert sh("cat; pwd", stdin=stdin, cwd=tmp_path) == f"given\n{tmp_path}\n"
    with (tmp_path / "in").open("rb") as more:
        assert sh(f"cat /proc/self/fd/{more.fileno()}", pass_fds=(more.fileno(),)) == "given\n"


def test_without_input_a_program_reads_nothing() -> None:
    assert sh("cat") == ""


def test_missing_packages_are_named_once() -> None:
    require({"sh": "dash"}, {"stdlib.h": "libc6-dev"})
    with pytest.raises(ToolError, match=r"apt install one two$"):
        require({"no-such-program": "two", "no-such-other": "two"}, {"no/such.h": "one"})


def test_a_disk_that_is_full_is_told_where_the_program_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("sh", "-c", "echo cannot; exit 1")
    with pytest.raises(ProgramError, match="cannot"):
        run(command, epoch=0, package="dash", cwd=tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 4096}))
    with pytest.raises(InputError, match="the disk is full"):
        run(command, epoch=0, package="dash", cwd=tmp_path)
