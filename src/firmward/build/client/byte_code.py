"""Byte code beside the sources: a read-only root keeps none of its own, and compiling takes longer there than running.

Python's byte code differs with its minor version. Where the device's is another than the one that builds, the sources
go alone, and the client starts more slowly. Nobody compares byte code with its source on the device (PEP 552,
unchecked): both are sealed by the same hash tree.
"""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from firmward.build.client.interpreter import Interpreter
from firmward.model.errors import ToolError

# A process of its own, and the files in one order: which words an interpreter has met before shows in what it writes.
COMPILE = """
import py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for name in sys.argv[3:]:
    py_compile.compile(sys.argv[1] + name, dfile=sys.argv[2] + name, doraise=True, invalidation_mode=mode, optimize=0)
"""


def fits(interpreter: Interpreter) -> bool:
    """Whether what is compiled here is read there."""
    return sys.implementation.name == "cpython" and sys.version_info[:2] == interpreter.version


def compiled(sources: Mapping[str, str], place: str) -> dict[str, bytes]:
    """Byte code by path, from sources by path below `place`, the folder that they have on the device."""
    with tempfile.TemporaryDirectory(prefix="firmward-client-") as name:
        folder = Path(name)
        for path, text in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        command = [sys.executable, "-I", "-S", "-c", COMPILE, f"{folder}/", f"/{place}/", *sources]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise ToolError(f"the update client cannot be compiled by {sys.executable}: {ended.stderr.strip()[-300:]}")
        return {cached(path): (folder / cached(path)).read_bytes() for path in sources}


def cached(path: str) -> str:
    """Where the interpreter looks for the byte code of a source (PEP 3147)."""
    return importlib.util.cache_from_source(path, optimization="")
