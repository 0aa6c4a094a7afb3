"""That there is one way to `Verified`."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/firmward"
MAKER = "trust/client.py"


def makers() -> set[str]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Verified":
                found.add(str(path.relative_to(SOURCE)))
    return found


def test_only_the_client_says_that_something_was_verified() -> None:
    assert makers() == {MAKER}
