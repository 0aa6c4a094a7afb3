"""The Python of a root: which version it has, told by its files alone, since it cannot be started here."""

import re
from dataclasses import dataclass

from firmward.model.tree import Tree

PROGRAM = "usr/bin/python3"
LEAST = (3, 11)
NAME = re.compile(r"python(3)\.(\d{1,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Interpreter:
    version: tuple[int, int]

    @property
    def is_enough(self) -> bool:
        return self.version >= LEAST

    def __str__(self) -> str:
        return f"Python {self.version[0]}.{self.version[1]}"


def of_root(tree: Tree) -> Interpreter | None:
    """None where there is none, or none whose library is there too. Its name carries the version, and so does the
    folder of its library, which it needs to start: `encodings` at the least."""
    program = tree.resolve(PROGRAM)
    if program is None:
        return None
    named = NAME.fullmatch(program.name)
    found = [_version(named)] if named else sorted(map(_version, _libraries(tree)), reverse=True)
    return next((Interpreter(version) for version in found if _has_library(tree, version)), None)


def _libraries(tree: Tree) -> list[re.Match[str]]:
    folders = tree.glob("usr/lib/python3.*") + tree.glob("usr/lib64/python3.*")
    return [found for path in folders if (found := NAME.fullmatch(path.rpartition("/")[2]))]


def _version(found: re.Match[str]) -> tuple[int, int]:
    return int(found[1]), int(found[2])


def _has_library(tree: Tree, version: tuple[int, int]) -> bool:
    name = f"python{version[0]}.{version[1]}"
    places = [f"usr/{lib}/{name}/encodings/__init__.py{kind}" for lib in ("lib", "lib64") for kind in ("", "c")]
    return any(map(tree.is_file, places)) or tree.is_file(f"usr/lib/{name.replace('.', '')}.zip")
