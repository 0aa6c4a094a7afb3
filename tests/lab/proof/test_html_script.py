"""The page's script in a real browser: its own policy lets it run, and a link to an attack opens the evidence."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from proof_sample import bad

from firmward.lab.proof.html import to_html

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_link_to_an_attack_opens_its_evidence_alone(tmp_path: Path) -> None:
    (tmp_path / "proof.html").write_text(to_html(bad()), encoding="utf-8")
    address = f"file://{tmp_path}/proof.html#a-fit-unsigned"
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", address]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    assert '<html lang="en" class="js">' in dom
    opened = [part for part in re.split(r"(?=<article )", dom)[1:] if '<details class="evidence-of" open' in part]
    assert [re.findall(r'id="a-([\w-]+)"', part)[0] for part in opened] == ["fit-unsigned"]
