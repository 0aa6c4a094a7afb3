"""Keep the ids of SPDX' licence list beside what reads them: `tools/spdx_licences.py LICENSES.json EXCEPTIONS.json`.

The two files are `json/licenses.json` and `json/exceptions.json` of the list as SPDX publishes it. What has no network
takes the ids that the CycloneDX library ships: `python tools/spdx_licences.py --from-libraries`.
"""

import json
import sys
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "firmward" / "vulns" / "sbom" / "licences.txt"
HEAD = "# SPDX licence list {version}: the ids of licences, and behind + those of exceptions.\n"


def published(licences: Path, exceptions: Path) -> tuple[str, set[str], set[str]]:
    first, second = json.loads(licences.read_text()), json.loads(exceptions.read_text())
    ids = {one["licenseId"] for one in first["licenses"]}
    return first["licenseListVersion"], ids, {one["licenseExceptionId"] for one in second["exceptions"]}


def shipped() -> tuple[str, set[str], set[str]]:
    schema = json.loads(files("cyclonedx.schema").joinpath("_res/spdx.SNAPSHOT.schema.json").read_text())
    index = json.loads(files("license_expression").joinpath("data/scancode-licensedb-index.json").read_text())
    ids = set(schema["enum"])
    exceptions = {one["spdx_license_key"] for one in index if one.get("is_exception")} & ids
    return schema["$comment"].removeprefix("v").partition("-")[2], ids - exceptions, exceptions


def render(version: str, licences: Iterable[str], exceptions: Iterable[str]) -> str:
    lines = [*sorted(licences, key=str.lower), *(f"+{one}" for one in sorted(exceptions, key=str.lower))]
    return HEAD.format(version=version) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = shipped() if sys.argv[1:] == ["--from-libraries"] else published(Path(sys.argv[1]), Path(sys.argv[2]))
    TARGET.write_text(render(*found), encoding="utf-8")
