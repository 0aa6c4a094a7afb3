"""Which Python a root has, told by its files."""

import pytest

from firmward.build.client.interpreter import Interpreter, of_root
from firmward.model.memory import MemoryTree, Node, link

PYTHON = {
    "usr/bin/python3": link("python3.11"),
    "usr/bin/python3.11": "",
    "usr/lib/python3.11/encodings/__init__.py": "",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (PYTHON, (3, 11)),
        ({"usr/bin/python3": "", "usr/lib64/python3.13/encodings/__init__.pyc": ""}, (3, 13)),
        ({"usr/bin/python3": link("python3.12"), "usr/bin/python3.12": "", "usr/lib/python312.zip": ""}, (3, 12)),
        ({"usr/bin/python3": "", "usr/lib/python3.9/encodings/__init__.py": ""}, (3, 9)),
        ({"usr/bin/python3": link("python3.11"), "usr/bin/python3.11": ""}, None),
        ({"usr/bin/python3": link("python3.11"), "usr/lib/python3.11/encodings/__init__.py": ""}, None),
        ({"usr/lib/python3.11/encodings/__init__.py": ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_which_python_a_root_has(files: dict[str, str | Node], expected: tuple[int, int] | None) -> None:
    found = of_root(MemoryTree(files))
    assert (None if found is None else found.version) == expected


@pytest.mark.parametrize(("version", "enough"), [((3, 9), False), ((3, 11), True), ((3, 13), True), ((4, 0), True)])
def test_which_python_is_enough(version: tuple[int, int], enough: bool) -> None:
    assert Interpreter(version).is_enough == enough
