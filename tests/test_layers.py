"""The import table of the design: who may import whom, and what stays with the standard library."""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "firmward"

MAY_IMPORT = {
    "model": "",
    "formats": "model",
    "trust": "model formats",
    "facts": "model formats trust",
    "checks": "model facts",
    "update": "model formats trust",
    "agent": "model formats facts trust update",
    "standards": "",
    "audit": "model facts checks standards",
    "image": "model formats",
    "vulns": "model formats facts image",
    "harden": "model formats facts",
    "signing": "model formats trust update",
    "build": "model formats facts image signing",
    "bastion": "model trust",
    "fleet": "model formats facts checks audit trust update vulns signing bastion",
    "lab": (
        "model formats trust facts checks update audit standards image vulns harden signing build bastion agent fleet"
    ),
    "cli": (
        "model formats trust facts checks update agent audit standards image vulns harden signing build bastion fleet"
        " lab"
    ),
}
STANDARD_LIBRARY_ONLY = {"model", "formats", "facts", "checks", "standards", "audit", "trust", "update", "agent"}
LAZY = {("audit/html.py", "jinja2"), ("trust/installed.py", "cryptography")}
"""Imported inside a function, when it is asked for."""

FILES = sorted(SOURCE.rglob("*.py"))


def package(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else ""


def imports(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def test_every_package_is_in_the_table() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_follow_the_table(path: Path) -> None:
    here = package(path)
    if not here:
        return
    allowed = {here, *MAY_IMPORT[here].split()}
    for name in imports(path):
        steps = name.split(".")
        if steps[0] == "firmward":
            assert steps[1] in allowed, f"{here} may not import {name}"
        elif here in STANDARD_LIBRARY_ONLY and (str(path.relative_to(SOURCE)), steps[0]) not in LAZY:
            assert steps[0] in sys.stdlib_module_names, f"{here} keeps to the standard library, not {name}"
