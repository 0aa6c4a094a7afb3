"""Which script is overwritten, and that what takes its place runs what is posted."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from firmward.lab.means.taken_service import LABEL, OWN, as_root, can_be_taken, script_of
from firmward.model.memory import MemoryTree

LONG = "#!/bin/sh\n" + "# a comment\n" * 20


@pytest.mark.parametrize("folder", ["var/www/cgi-bin", "www/cgi-bin", "usr/lib/cgi-bin"])
def test_a_script_of_the_web_server_is_found_with_its_address(folder: str) -> None:
    found = script_of(MemoryTree({f"{folder}/state.cgi": LONG}))
    assert found is not None
    assert (found.url, found.content) == ("/cgi-bin/state.cgi", LONG.encode())


@pytest.mark.parametrize(
    "files",
    [{"var/www/index.html": LONG}, {"var/www/cgi-bin/a.cgi": "\x7fELF" + LONG}, {"www/cgi-bin/a.cgi": "#!/bin/sh\n"}],
    ids=["a page", "a program", "too short"],
)
def test_nothing_else_can_be_overwritten(files: dict[str, str]) -> None:
    assert script_of(MemoryTree(files)) is None


@pytest.mark.parametrize(("name", "can"), [("var/www/cgi-bin/state.cgi", True), ("var/www/state.html", False)])
def test_a_build_is_tried_where_its_root_has_such_a_script(tmp_path: Path, name: str, can: bool) -> None:
    assert not can_be_taken(tmp_path / "without a root")
    (tmp_path / "slot").mkdir()
    with tarfile.open(tmp_path / "slot/root.img", "w") as root:
        member = tarfile.TarInfo(name)
        member.size = len(LONG)
        root.addfile(member, io.BytesIO(LONG.encode()))
    assert can_be_taken(tmp_path) is can


def test_what_takes_its_place_runs_what_is_posted_and_says_errors_too() -> None:
    posted = "ls /nowhere-at-all\necho $((6 * 7))\n"
    program = ["sh", "-c", OWN.ljust(900, b"#").decode()]
    said = subprocess.run(program, input=posted, capture_output=True, text=True, check=True)
    header, _, body = said.stdout.partition("\n\n")
    assert header == "Content-Type: text/plain"
    assert body.endswith("42\n")
    assert "nowhere-at-all" in body


@pytest.mark.parametrize("code", ["true", "echo 'a' \"$b\" `c`", "for n in 1 2; do\n\techo $n\ndone"])
def test_code_with_roots_rights_is_a_whole_script_and_keeps_its_words(code: str) -> None:
    """It is not run here: it would change this machine's accounts."""
    text = as_root(code)
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)
    assert f"\n{code}\nEND\n" in text


def test_the_label_of_a_camera_gives_name_and_password() -> None:
    found = LABEL.match(b"web admin k2J9xwYyQ1aB\nmqtt camera abc\n" + bytes(100))
    assert found is not None
    assert found.groups() == (b"admin", b"k2J9xwYyQ1aB")
    assert LABEL.match(b"web admin %s\\nmqtt") is None
