"""One version, said twice: in the package's metadata and where reports take it from."""

import tomllib
from pathlib import Path

from firmward.model.version import VERSION


def test_the_version_is_the_packages() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
