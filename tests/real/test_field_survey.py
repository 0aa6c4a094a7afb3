"""The page of what Debian's boards have is what the audit says of them today."""

import importlib.util
import sys
from pathlib import Path

import pytest

from real import packages, roots

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("field_survey", ROOT / "tools" / "field_survey.py")
assert SPEC is not None
assert SPEC.loader is not None
tool = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = tool  # its records look for their module
SPEC.loader.exec_module(tool)

PAGE = ROOT / "docs" / "field-survey.md"
FEW = (
    ("u-boot-stm32", "armhf", "stm32mp157c-dk2"),
    ("u-boot-omap", "armhf", "am335x_boneblack"),
    ("u-boot-omap", "armhf", "nokia_rx51"),
    ("u-boot-imx", "armhf", "dh_imx6"),
    ("u-boot-imx", "armhf", "novena-rawsd"),
    ("u-boot-tegra", "arm64", "p2371-2180"),
    ("u-boot-qemu", "all", "malta64el"),
    ("u-boot-qemu", "all", "qemu_arm64"),
)
"""A board of each kind that was once misread, and plain ones."""


@pytest.mark.parametrize(("package", "architecture", "board"), FEW)
def test_the_row_of_a_board_is_what_the_audit_says(package: str, architecture: str, board: str) -> None:
    place = packages.CACHE / architecture / package
    if not place.is_dir():
        pytest.skip(f"{package}:{architecture} was not fetched yet: make proof does")
    found = tool.board(board, place / "usr/lib/u-boot" / board)
    row = f"| {' | '.join(found.cells)} |"
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_the_page_is_current() -> None:
    try:
        made = tool.page()
    except roots.NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    assert tool.without_times(PAGE.read_text(encoding="utf-8")) == tool.without_times(made)


@pytest.mark.proof
def test_the_page_tells_every_board_once() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.count("|") == len(tool.HEADINGS) + 1]
    names = [line.split("|")[1].strip() for line in rows if not line.startswith(("|---", "| board"))]
    assert len(names) == len(set(names)) >= 100
