"""The page's script in a real browser: what stands in the address is what is shown."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from report_sample import camera, many

from firmward.audit.html import render_html

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")

View = Callable[[str], str]


def shown(dom: str) -> list[str]:
    """The fingerprints of the findings that are not hidden."""
    articles = re.findall(r"<article ([^>]*)>", dom)
    return [re.findall(r'id="f-(\w+)"', article)[0] for article in articles if "hidden" not in article]


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("browser")
    (folder / "camera.html").write_text(render_html(camera()), encoding="utf-8")
    (folder / "many.html").write_text(render_html(many(400)), encoding="utf-8")

    def open_page(address: str) -> str:
        profile: Path = folder / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        command = [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", "--dump-dom", f"file://{folder}/{address}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    return open_page


def test_the_address_chooses_what_is_shown(view: View) -> None:
    found = [finding for finding in camera().findings if finding.severity == "high" and finding.area == "network"]
    dom = view("camera.html#severity=high&area=network")
    assert shown(dom) == [finding.fingerprint for finding in found]
    assert f"{len(found)} of 29" in dom
    assert re.search(r'data-severity="high" aria-pressed="true"', dom)


def test_search_looks_everywhere_and_opens_what_is_folded(view: View) -> None:
    dom = view("many.html#q=MODULE-0399%20cwe-269")
    assert len(shown(dom)) == 0
    (one,) = shown(view("many.html#q=MODULE-0378"))
    assert one in {finding.fingerprint for finding in many(400).findings}
    assert re.search(r'<details class="more" open=""', view("many.html#q=MODULE-0378"))


def test_a_link_to_a_finding_unfolds_it(view: View) -> None:
    folded = next(finding for finding in many(400).findings if finding.key == "row-378")
    assert '<details class="more" open=""' in view(f"many.html#f-{folded.fingerprint}")


def test_rubbish_in_the_address_does_no_harm(view: View) -> None:
    dom = view("camera.html#area=%3Cscript%3E&q=%00&severity=,,&theme=<x>")
    assert "No finding matches" in dom
    assert dom.count("<script>") == 1
    assert "data-theme" not in dom.partition("<head>")[0]
