"""The generated pages are current, and every command is documented."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("docs_tool", ROOT / "tools" / "docs.py")
assert SPEC is not None
assert SPEC.loader is not None
docs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(docs)
PAGES: dict[str, str] = docs.pages()


@pytest.mark.parametrize("path", sorted(PAGES))
def test_the_generated_page_is_current(path: str) -> None:
    assert (ROOT / "docs" / path).read_text(encoding="utf-8") == PAGES[path], "run make docs"


def test_no_page_outlives_its_check() -> None:
    there = {f"checks/{path.name}" for path in (ROOT / "docs" / "checks").glob("*.md")}
    assert there <= set(PAGES)


def test_every_option_has_a_help_text() -> None:
    rows = [line for line in PAGES["commands.md"].splitlines() if line.startswith("| `")]
    assert rows
    assert all(row.split("|")[2].strip() for row in rows), [row for row in rows if not row.split("|")[2].strip()]


CELL_END = re.compile(r"(?<!\\)\|")


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.name)
def test_every_row_of_a_table_has_the_cells_of_its_head(path: Path) -> None:
    """Outside of examples, where bars are anything."""
    width, is_example = 0, False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        is_example ^= line.lstrip().startswith("```")
        if is_example or not line.startswith("|"):
            width = 0
            continue
        cells = len(CELL_END.findall(line))
        assert cells == (width or cells), f"{path.name}:{number} has {cells - 1} cells, its head {width - 1}"
        width = width or cells
