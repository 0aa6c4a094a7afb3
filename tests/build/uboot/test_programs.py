"""Outside programs: their end, their failures."""

import sys
import time
from pathlib import Path

import pytest
from processes import is_alive

from firmward.build.uboot import programs
from firmward.model.errors import ToolError


def test_what_a_program_says_is_told_when_it_fails() -> None:
    with pytest.raises(ToolError, match=r"failed with 3: words"):
        programs.run([sys.executable, "-c", "print('words'); raise SystemExit(3)"], 20)


def test_a_program_that_hangs_ends_with_all_that_it_started(tmp_path: Path) -> None:
    child = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(99)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    begin = time.monotonic()
    with pytest.raises(ToolError, match="did not end within 2 seconds"):
        programs.run([sys.executable, "-c", parent], 2)
    assert time.monotonic() - begin < 20
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_variables_of_this_process_do_not_change_what_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KCPPFLAGS", "MAKEFLAGS", "CROSS_COMPILE", "CFLAGS", "PYTHONPATH"):
        monkeypatch.setenv(name, "x")
    said = programs.run([sys.executable, "-c", "import os; print(sorted(os.environ))"], 20).stdout.decode()
    assert not {"KCPPFLAGS", "MAKEFLAGS", "CROSS_COMPILE", "CFLAGS", "PYTHONPATH"} & set(eval(said))
    assert "PATH" in said


def test_missing_packages_are_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    programs.require({"sh": "dash"}, {"stdlib.h": "libc6-dev"})
    with pytest.raises(ToolError, match=r"packages one two$"):
        programs.require({"no-such-program": "two", "no-such-other": "two"}, {"no/such.h": "one"})
