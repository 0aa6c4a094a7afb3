"""What attacks post to the service that they took is whole, and is told from outside by what it computes."""

import re
import socket
import subprocess
import threading
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.lab.attack import (
    call_home,
    disk_from_service,
    flood_from_service,
    memory_filled,
    persist_from_service,
    root_by_setuid,
    update_fills_disk,
)
from firmward.lab.attacks import Need, Position, attacks
from firmward.lab.challenge import LEAST, MOST, Challenge
from firmward.lab.means.taken_service import as_root
from firmward.lab.network import HOST, Forward, forwards

ASKED = Challenge(LEAST + 3, MOST - 5)
POSTED = {
    "call-home": call_home.CALL.format(word=ASKED.shell, host=call_home.MASTER, port=call_home.PORT),
    "disk-from-service": disk_from_service.CODE.format(word=ASKED.shell, size=512, number=4096),
    "flood-from-service": flood_from_service.CODE.format(word=ASKED.shell, victim=flood_from_service.VICTIM),
    "memory-filled": memory_filled.CODE.format(name="own", files=2),
    "persist-from-service": persist_from_service.put("#!/bin/sh\necho own\n"),
    "update-fills-disk": update_fills_disk.code(update_fills_disk.FILL, update_fills_disk.LASTING, ASKED),
    "root-by-setuid": root_by_setuid.LISTEN.format(word=ASKED.shell, port=root_by_setuid.PORT),
}


@pytest.mark.parametrize("attack", POSTED)
def test_what_is_posted_is_a_script_that_a_shell_reads(attack: str) -> None:
    """It is not run here: it would change this machine."""
    for text in (POSTED[attack], as_root(POSTED[attack])):
        subprocess.run(["sh", "-n"], input=text, text=True, check=True)


@pytest.mark.parametrize("attack", ["call-home", "disk-from-service", "flood-from-service", "root-by-setuid"])
def test_it_holds_the_question_and_not_the_answer(attack: str) -> None:
    assert ASKED.shell in POSTED[attack]
    assert not ASKED.is_answered(POSTED[attack])


@settings(max_examples=15)
@given(st.builds(Challenge, *[st.integers(LEAST, MOST)] * 2))
def test_the_forged_source_is_the_one_that_the_devices_shell_computes(asked: Challenge) -> None:
    lines = flood_from_service.CODE.format(word=asked.shell, victim="nobody").splitlines()[:2]
    text = "\n".join((*lines, "echo $forged"))
    said = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout
    assert IPv4Address(said.strip()) == flood_from_service.forged(asked)


def test_each_one_begins_in_a_service_and_is_foretold() -> None:
    found = [one for one in attacks().values() if one.position is Position.SERVICE]
    assert {*POSTED} <= {one.id for one in found}
    assert all(Need.SCRIPT in one.needs for one in found)
    assert all(one.foretold and re.search(r"\d{4}", one.case) for one in found)


def test_what_was_there_is_kept_behind_what_is_put_before_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("places")
    (folder / "rc.local").write_text("echo was\n")
    text = persist_from_service.put("#!/bin/sh\necho own\n", [f"{folder}/rc.local", f"{folder}/new"])
    subprocess.run(["sh", "-c", text], check=True, stderr=subprocess.DEVNULL)
    said = [subprocess.run([folder / name], capture_output=True, text=True).stdout for name in ("rc.local", "new")]
    assert said == ["own\nwas\n", "own\n"]


def test_what_fills_a_disk_goes_with_him_and_nothing_else_does(tmp_path: Path) -> None:
    for name in ("data", "data/settings", "data/shut"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own").write_text("the device's\n")
    folders = f"{tmp_path}/data {tmp_path}/data/* {tmp_path}/nothing"
    limited = "ulimit -f 64; trap '' XFSZ\n"
    for form, word in ((update_fills_disk.FILL, "filled"), (update_fills_disk.LEAVE, "left")):
        text = limited + update_fills_disk.code(form, folders, ASKED).replace(str(update_fills_disk.FILES), "5")
        said = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout.splitlines()
        assert said[-1] == word
        names = sorted(path.name for path in (tmp_path / "data").iterdir())
        number = 6 if word == "filled" else 0
        assert sum(name.startswith(f"filled-{ASKED.first}") for name in names) == number
    assert [(tmp_path / name / "own").read_text() for name in ("data", "data/settings", "data/shut")] == [
        "the device's\n"
    ] * 3


def filled(folder: Path, *mounts: str) -> tuple[list[str], str]:
    """What is written where these file systems are mounted in a folder, each of which takes 64 KiB in one file."""
    table = folder / "mounts"
    table.write_text("".join(f"none {folder}{mount} rw 0 0\n" for mount in mounts))
    code = memory_filled.CODE.format(name="own", files=2).replace("/proc/mounts", str(table))
    text = f"ulimit -f 128\n{code}"  # in blocks of 512 bytes
    run = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=60, check=True)
    return sorted(f"{path.relative_to(folder)} {path.stat().st_size}" for path in folder.rglob("own*")), run.stdout


def test_what_lies_in_memory_is_filled_and_nothing_else(tmp_path: Path) -> None:
    for name in ("tmp", "run/lighttpd", "data/settings"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "run" / "lighttpd.pid").write_text("1\n")
    found, said = filled(tmp_path, "/tmp tmpfs", "/run tmpfs", "/data ext4", "/gone tmpfs")
    places = ("run", "run/lighttpd", "tmp")
    assert found == sorted(f"{one}/own{what}" for one in places for what in (" 65536", "-0 0", "-1 0"))
    assert said.splitlines() == [*(f"{tmp_path}/{one}" for one in ("tmp", "run", "run/lighttpd")), "filled"]


def test_a_port_that_answers_no_more_is_told() -> None:
    def greet() -> None:
        line, _ = server.accept()
        with line:
            line.sendall(b"SSH-2.0-own\r\n")

    (closed,) = forwards([8883])
    with socket.create_server((HOST, 0)) as server:
        greeting = threading.Thread(target=greet)
        greeting.start()
        assert memory_filled.silent([Forward(443, server.getsockname()[1]), closed], 1) == [8883]
        greeting.join()
