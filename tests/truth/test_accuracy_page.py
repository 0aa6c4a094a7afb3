"""The table of accuracy is what is counted."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("accuracy_tool", ROOT / "tools" / "accuracy.py")
assert SPEC is not None
assert SPEC.loader is not None
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

pytestmark = pytest.mark.xdist_group("truth")


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8") == tool.page(), "run make docs"
