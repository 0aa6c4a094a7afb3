"""Which of firmward's own modules the client needs: all of trust and update, and what those import, and so on.

What is told here is read from the modules as they are on the device (written_out.py), so that nothing comes along which
only a type checker wants.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from firmward.build.client import written_out

PACKAGE = "firmward"
ROOTS = ("trust", "update")


@cache
def sources() -> dict[str, str]:
    """Paths below the package's folder, with their source as the device gets it, sorted."""
    waiting = [path for name in ROOTS for path in _of_package(files(PACKAGE), name)]
    found: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        if path not in found:
            tree = written_out.written_out(_source(path), path)
            found[path] = f"{ast.unparse(tree)}\n" if tree.body else ""
            waiting += _packages(path)
            waiting += (known for name in _imported(tree) if (known := _path(name)) is not None)
    return dict(sorted(found.items()))


def _of_package(folder: Traversable, path: str) -> Iterator[str]:
    for one in folder.joinpath(path).iterdir():
        if one.is_dir():
            yield from _of_package(folder, f"{path}/{one.name}")
        elif one.name.endswith(".py"):
            yield f"{path}/{one.name}"


def _source(path: str) -> str:
    return files(PACKAGE).joinpath(path).read_text(encoding="utf-8")


def _packages(path: str) -> Iterator[str]:
    """Those that a module lies in, which are imported before it."""
    steps = path.split("/")[:-1]
    yield from ("/".join([*steps[:depth], "__init__.py"]) for depth in range(len(steps) + 1))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names, of modules or of what is in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _path(name: str) -> str | None:
    """None for what is not ours, and for what is in a module instead of being one."""
    package, _, rest = name.partition(".")
    if package != PACKAGE or not rest:
        return None
    path = rest.replace(".", "/")
    for one in (f"{path}.py", f"{path}/__init__.py"):
        if files(PACKAGE).joinpath(one).is_file():
            return one
    return None
