"""An SBOM is an input of its own: its components are in the report, and nothing is judged that it does not say."""

import json
from pathlib import Path
from typing import Any

import pytest
from command import Firmward
from inventory_sample import BUSYBOX, DAY, ORDINARY, with_software
from report_sample import camera

from firmward.vulns.sbom.cyclonedx import render_cyclonedx
from firmward.vulns.sbom.spdx import render_spdx


@pytest.fixture(params=["sbom.cdx.json", "sbom.spdx.json", "odd name"])
def bill(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    render = render_spdx if "spdx" in request.param else render_cyclonedx
    path.write_text(render(with_software(camera()), DAY), encoding="utf-8")
    return path


def audited(firmward: Firmward, *words: object) -> Any:
    done = firmward("audit", *words, "-q", "-o", "report.json")
    assert done.code == 0, done.err
    return json.loads(Path("report.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_its_components_are_in_the_report(firmward: Firmward, bill: Path) -> None:
    report = audited(firmward, bill, "--only", "access")
    assert [part["kind"] for part in report["parts"]] == ["sbom"]
    assert sorted(one["name"] for one in report["components"]) == sorted(one.name for one in ORDINARY)
    assert {one["evidence"][0]["witness"] for one in report["components"]} == {"sbom"}


def test_nothing_is_judged_that_it_does_not_say(firmward: Firmward, bill: Path) -> None:
    report = audited(firmward, bill, "--only", "life", "--only", "boot")
    assert report["coverage"]["judged"] == 0
    assert report["findings"] == []


def test_a_part_beside_it_is_judged(firmward: Firmward, bill: Path, tmp_path: Path) -> None:
    config = tmp_path / ".config"
    config.write_text("#\n# Linux/arm 6.1.55 Kernel Configuration\n#\nCONFIG_ARM=y\nCONFIG_DEVMEM=y\n")
    asked = ("--only", "kernel-config", "--only", "supply")
    report = audited(firmward, bill, "--kernel-config", config, *asked)
    assert report["coverage"]["judged"] == 1
    assert report["components"]


def test_what_comes_in_goes_out(firmward: Firmward, bill: Path) -> None:
    assert firmward("audit", bill, "-q", "--only", "web", "-o", "out.cdx.json").code == 0
    found = json.loads(Path("out.cdx.json").read_text(encoding="utf-8"))
    assert {one["purl"] for one in found["components"] if one["name"] == "busybox"} == {BUSYBOX.purl}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{}]}',
            "sbom.json.components[0].name: is required",
        ),
        ('{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [', "is not JSON"),
        ('{"spdxVersion": "SPDX-9", "packages": []}', "is not read"),
    ],
)
def test_one_that_cannot_be_read_is_told(firmward: Firmward, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "sbom.json"
    path.write_text(text)
    done = firmward("audit", path, "--only", "web")
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err
