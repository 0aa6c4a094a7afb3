"""The maker's own scripts write what they should, one of them in /data first; and a half-written system is told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lying_disk import LyingDisk

from firmward.lab.means import in_place
from firmward.lab.means.in_place import BLOCK, PARTITION
from firmward.lab.means.naive_server import ASKED

BUSYBOX = shutil.which("busybox")
IMAGE = os.urandom(3 * 65536 + 4096)
FETCHER = """\
#!/bin/sh
# what the line gave, into the file that was asked for
while [ $# -gt 1 ]; do [ "$1" = -O ] && to=$2; shift; done
[ "$to" = - ] && exec cat served
exec cp served "$to"
"""


def script(files: dict[str, bytes]) -> str:
    version, name = files[ASKED].decode().split()
    assert version == "1.5.0"
    return files[f"/firmware/{name}"].decode()


def ran(folder: Path, form: str, served: bytes) -> bytes:
    """What the partition has after the script, which is told of other folders, and does not restart this machine."""
    for name in ("class/vda1", "class/vda2", "data", "bin", "dev"):
        (folder / name).mkdir(parents=True)
    (folder / "class/vda1/uevent").write_text("DEVNAME=vda1\nPARTNAME=boot_a\n")
    (folder / "class/vda2/uevent").write_text(f"DEVNAME=vda2\nPARTNAME={PARTITION}\n")
    for name in ("vda1", "vda2"):
        (folder / "dev" / name).write_bytes(b"was")
    (folder / "bin/wget").write_text(FETCHER.replace("served", f"{folder}/served"))
    (folder / "bin/wget").chmod(0o755)
    (folder / "served").write_bytes(served)
    text = script(getattr(in_place, form)("1.5.0", IMAGE))
    for there, here in (("/sys/class/block", "class"), ("/dev/", "dev/"), ("/data", "data"), ("/proc/", "")):
        text = text.replace(there, f"{folder}/{here}")
    text = text.replace("while sync; do sleep 1; done &", "sync &")
    words = [BUSYBOX or "busybox", "sh", "-c", text]
    subprocess.run(words, check=True, capture_output=True, env={"PATH": f"{folder}/bin:/usr/bin:/bin"}, cwd=folder)
    assert (folder / "sysrq-trigger").read_text() == "b\n"
    assert (folder / "dev/vda1").read_bytes() == b"was"
    return (folder / "dev/vda2").read_bytes()


@pytest.mark.skipif(BUSYBOX is None, reason="busybox is missing")
@pytest.mark.parametrize("form", ["streamed", "fetched"])
@pytest.mark.parametrize("came", [len(IMAGE), len(IMAGE) // 3], ids=["whole", "part"])
def test_it_writes_whatever_came_over_what_runs_and_restarts(form: str, came: int, tmp_path: Path) -> None:
    assert ran(tmp_path, form, IMAGE[:came]) == IMAGE[:came]
    assert (tmp_path / "data/cam-2-1.5.0.img").exists() == (form == "fetched")


@pytest.mark.parametrize("form", ["streamed", "fetched"])
def test_its_script_is_longer_than_what_an_attacker_puts_before_it(form: str) -> None:
    """Or nothing would be fetched behind his."""
    text = script(getattr(in_place, form)("1.5.0", IMAGE))
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)
    assert len(text) > 200


@given(st.integers(0, 64))
def test_it_is_half_written_from_its_first_block_to_its_last_but_one(blocks: int) -> None:
    new, old = (bytes([value]) * (64 * BLOCK) for value in (1, 2))
    disk = LyingDisk({PARTITION: 64 * BLOCK}, Path())
    disk.write(PARTITION, new[: blocks * BLOCK] + old[blocks * BLOCK :])
    half = in_place.is_half_written(disk.target, new, old)
    looked = sum(at < blocks * BLOCK for at in in_place.samples(64 * BLOCK))
    assert half == (0 < looked < in_place.SAMPLES)


def test_what_both_have_alike_tells_nothing() -> None:
    same = bytes(64 * BLOCK)
    disk = LyingDisk({PARTITION: 64 * BLOCK}, Path())
    assert not in_place.is_half_written(disk.target, same, same)
