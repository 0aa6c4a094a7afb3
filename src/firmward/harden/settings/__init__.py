"""How an option is set, one configuration format a file.

A file has `PATHS`, shell patterns of the files that it knows (`*` does not cross a `/`), and `set_option(text, option,
value, section) -> str`, which gives the text with the option set: what stood there already keeps its place, its
comments and its spelling; what was said twice is said once. It raises Refused for what the format cannot say.
"""

import fnmatch
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

SetOption = Callable[[str, str, str, str | None], str]


@cache
def formats() -> tuple[tuple[str, SetOption], ...]:
    """Patterns with what sets an option in files of that name, the most particular first."""
    found = []
    for file in iter_modules(__path__):
        module = import_module(f"{__name__}.{file.name}")
        found += [(pattern, module.set_option) for pattern in module.PATHS]
    return tuple(sorted(found, key=lambda one: (-len(one[0].replace("*", "")), one[0])))


def for_path(path: str) -> SetOption | None:
    return next((found for pattern, found in formats() if _fits(path, pattern)), None)


def _fits(path: str, pattern: str) -> bool:
    steps, wanted = path.split("/"), pattern.split("/")
    return len(steps) == len(wanted) and all(map(fnmatch.fnmatchcase, steps, wanted))
