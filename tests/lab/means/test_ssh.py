"""The SSH client as an attacker has it: its own passwords in their order, and nothing that is left behind."""

import os
import subprocess
import time
from pathlib import Path

from firmward.lab.means import ssh
from firmward.lab.means.ssh import Client

ADDRESS = ("127.0.0.1", 2222)


def test_each_time_it_is_asked_it_gives_the_next_password(tmp_path: Path) -> None:
    client = ssh.with_passwords(ADDRESS, "root", ("xc3511", "with space"), tmp_path)
    asked = client.variables["SSH_ASKPASS"]
    given = [subprocess.run([asked, "password:"], cwd=tmp_path, capture_output=True).stdout for _ in range(3)]
    assert given == [b"xc3511\n", b"with space\n", b""]
    assert "NumberOfPasswordPrompts=2" in client.words


def test_passwords_of_the_one_before_are_forgotten(tmp_path: Path) -> None:
    ssh.with_passwords(ADDRESS, "root", ("first",), tmp_path)
    client = ssh.with_passwords(ADDRESS, "admin", ("second",), tmp_path)
    assert subprocess.run([client.variables["SSH_ASKPASS"]], cwd=tmp_path, capture_output=True).stdout == b"second\n"


def test_nothing_of_the_users_own_is_used(tmp_path: Path) -> None:
    for client in (
        ssh.with_passwords(ADDRESS, "root", ("a",), tmp_path),
        ssh.with_key(ADDRESS, "root", None, tmp_path, "id"),
        ssh.that_asks(ADDRESS, tmp_path),
    ):
        said = subprocess.run([client.words[0], "-G", *client.words[1:]], capture_output=True, text=True).stdout
        settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        assert settings["userknownhostsfile"] == "/dev/null"
        assert settings["identityfile"] == "none"
        assert settings["port"] == "2222"
        assert "HOME" not in client.variables


def test_what_it_says_on_both_outputs_is_told(tmp_path: Path) -> None:
    assert Client(("sh", "-c", "echo one; echo two >&2"), tmp_path).said() == "one\ntwo\n"


def test_it_ends_with_its_context_and_what_it_started_too(tmp_path: Path) -> None:
    begun = time.monotonic()
    with Client(("sh", "-c", "sleep 30 & echo $!; wait"), tmp_path).started() as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
    assert time.monotonic() - begun < 20
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    assert os.getpgid(0) != process.pid
