"""The programs themselves say what the readers rely on."""

import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.facts.update.swupdate import OWN, SIGNED


@pytest.mark.skipif(shutil.which("swupdate") is None, reason="needs swupdate")
def test_a_build_for_signed_images_refuses_to_start_without_a_key() -> None:
    program = shutil.which("swupdate") or ""
    content = Path(program).read_bytes()
    assert SIGNED in content
    assert OWN in content
    said = subprocess.run([program, "-i", "/nowhere.swu"], capture_output=True, check=False, timeout=60)
    assert said.returncode != 0
    assert SIGNED in said.stdout + said.stderr


@pytest.mark.skipif(shutil.which("rauc") is None, reason="needs rauc")
@pytest.mark.parametrize(("lines", "is_read"), [("", True), ("[keyring]\npath=/a.pem\n", True), ("no group", False)])
def test_rauc_reads_its_configuration_without_a_keyring(tmp_path: Path, lines: str, is_read: bool) -> None:
    """So a configuration without one is still a configuration: only installing needs the keyring."""
    conf = tmp_path / "system.conf"
    conf.write_text(f"[system]\ncompatible=a\nbootloader=noop\n{lines}\n")
    rauc = shutil.which("rauc") or ""
    said = subprocess.run([rauc, f"--conf={conf}", "status"], capture_output=True, text=True, check=False, timeout=60)
    assert ("Failed to load system config" not in said.stderr) is is_read, said.stderr
