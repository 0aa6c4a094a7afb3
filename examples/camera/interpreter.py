"""The camera's Python: the interpreter of Debian's package, and of its library the modules that contents.toml names.

A root that is read-only keeps nothing compiled on the device, where compiling takes longer than running. So the modules
are compiled here, by the Python that runs the recipe: where it writes another byte code than the camera's reads, they
stay as they are, the camera works as well and its Python starts more slowly.
"""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import packages

LIBRARY = "usr/lib/python3.11"
EXTENSIONS = f"{LIBRARY}/lib-dynload"
MAGIC = (3495).to_bytes(2, "little") + b"\r\n"
"""What byte code of Python 3.11 begins with (importlib/_bootstrap_external.py)."""

# A program of its own, and its files in one order: which words a process has met before shows in what it writes.
# Unchecked: the source beside it is never looked at, since both are sealed by the same build.
COMPILE = """
import py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for name in sys.argv[2:]:
    py_compile.compile(sys.argv[1] + name, dfile=name, doraise=True, invalidation_mode=mode, optimize=0)
"""


def files(tree: Path, modules: Iterable[str]) -> list[str]:
    """The paths in the packages of modules by their dotted names, in either form. Raises MissingPartError."""
    return [file for name in modules for file in _of_module(tree, name)]


def _of_module(tree: Path, name: str) -> Iterator[str]:
    path = name.replace(".", "/")
    found = [one for one in (f"{LIBRARY}/{path}.py", f"{LIBRARY}/{path}/__init__.py") if (tree / one).is_file()]
    found += [str(one.relative_to(tree)) for one in (tree / EXTENSIONS).glob(f"{name}.cpython-*.so")]
    if not found:
        raise packages.MissingPartError(f"no package holds the Python module {name}")
    yield from (f"/{one}" for one in found)


def is_ours() -> bool:
    """Whether what is compiled here is what the camera's interpreter reads."""
    return importlib.util.MAGIC_NUMBER == MAGIC


def compile_modules(root: Path) -> None:
    sources = sorted(f"/{path.relative_to(root)}" for path in (root / LIBRARY).rglob("*.py"))
    if not is_ours() or not sources:
        return
    command = [sys.executable, "-I", "-S", "-c", COMPILE, str(root), *sources]
    subprocess.run(command, check=True, capture_output=True, text=True)
    for path in (root / LIBRARY).rglob("*.pyc"):
        # as the camera's own interpreter calls it, whatever implementation and version runs here
        path.rename(path.with_name(re.sub(r"\.[a-z]+-\d+\.pyc$", ".cpython-311.pyc", path.name)))
