"""The sample camera with the field's mistakes: hardened, built, started, and called from outside."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import signed_camera
import stores
from command import Firmward
from signed_camera import CACHE, CAMERA, POLICY, PROJECT

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

WORTH = ("critical", "high", "medium")
WORDS = {"safe": (), "unsafe": ("--unsafe",)}
FAULTS = re.compile(r"Could not process rule|syntax error|: not found|Error:")
KNOWN = re.compile(r"cryptsetup: not found|wifi\.enc|BIO_new_file|recordings|kernel\.[a-z_]*oops|sysctl: error")
"""What the camera says as it was already: its second flash is not there in the lab."""


@pytest.fixture(scope="module")
def camera() -> Path:
    output = PROJECT / "build" / "camera"
    subprocess.run([sys.executable, str(CAMERA / "build.py"), "-o", str(output)], check=True)
    return output


@pytest.mark.parametrize("consent", WORDS)
def test_it_serves_what_is_declared_and_nothing_new_is_found(
    consent: str, camera: Path, firmward: Firmward, tmp_path: Path
) -> None:
    hardened = tmp_path / "hardened"
    words = ("--policy", POLICY, "--as", "tar", "-o", hardened, *WORDS[consent])
    called = firmward("harden", camera / "camera.img", *words)
    assert called.code == 0, called.out[:2000]
    told = json.loads((hardened / "manifest.json").read_text())
    assert told["new"] == []
    assert told["broken"] == []
    before, after = (sum(told["standing"][when][one] for one in WORTH) for when in ("before", "after"))
    assert after < before / 2, told["standing"]

    out, log = tmp_path / "out", tmp_path / "serial.txt"
    signed_camera.store(tmp_path / "keys")
    secret = ("--keys", tmp_path / "keys", "--passphrase-file", stores.secret_file(tmp_path))
    inputs = ("--inputs", camera, "--rootfs", hardened / "rootfs.tar", "--cache", CACHE)
    built = firmward("build", POLICY, *inputs, *secret, "-o", out, "--quiet")
    assert built.code == 0, built.err
    booted = firmward("lab", "boot", out, "--reach", "--log", log)
    assert booted.code == 0, booted.out + log.read_text(errors="replace")[-2000:]
    said = [line for line in log.read_text(errors="replace").splitlines() if FAULTS.search(line)]
    assert not [line for line in said if not KNOWN.search(line)], "what was written fails on the device"


def test_twice_changes_nothing(camera: Path, firmward: Firmward, tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    words = ("--policy", POLICY, "--as", "tar")
    assert firmward("harden", camera / "images" / "rootfs.squashfs", *words, "-o", once, "--quiet").code == 0
    assert firmward("harden", once / "rootfs.tar", *words, "-o", twice, "--quiet").code == 0
    told = json.loads((twice / "manifest.json").read_text())
    assert (told["changed"], told["removed"]) == ([], [])


def test_the_audit_of_what_was_built_finds_every_link_verified(
    camera: Path, firmward: Firmward, tmp_path: Path
) -> None:
    hardened, out, report = tmp_path / "hardened", tmp_path / "out", tmp_path / "report.json"
    assert firmward("harden", camera / "camera.img", "-p", POLICY, "--as", "tar", "-o", hardened, "--quiet").code == 0
    signed_camera.store(tmp_path / "keys")
    secret = ("--keys", tmp_path / "keys", "--passphrase-file", stores.secret_file(tmp_path))
    inputs = ("--inputs", camera, "--rootfs", hardened / "rootfs.tar", "--cache", CACHE)
    assert firmward("build", POLICY, *inputs, *secret, "-o", out, "--quiet").code == 0
    firmward("audit", out, "-o", report, "--quiet")
    states = {one["link"]: one["state"] for one in json.loads(report.read_text())["chain"]}
    assert states.pop("updates") == "unknown"  # nothing installs any yet
    assert set(states.values()) == {"verified"}
