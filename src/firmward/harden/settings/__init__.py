"""How an option is set, one configuration format a file.

A file has `PATHS`, shell patterns of the files that it knows (`*` does not cross a `/`; a pattern that begins with
`**/` fits the end of any path, and counts where no other does), and `set_option(text, option, value, section) -> str`,
which gives the text with the option set: what stood there already keeps its place, its comments and its spelling; what
was said twice is said once. It raises Refused for what the format cannot say.

What is no format of a file but a form in which files of many formats say something (a command's words, an address)
has `BEGINNING` instead: the section of an option that is set so begins with it.
"""

import fnmatch
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

SetOption = Callable[[str, str, str, str | None], str]
ANYWHERE = "**/"


@cache
def formats() -> tuple[tuple[str, SetOption], ...]:
    """Patterns with what sets an option in files of that name, the most particular first."""
    found = [
        (pattern, module.set_option)
        for module in _modules()
        if not hasattr(module, "BEGINNING")
        for pattern in module.PATHS
    ]
    return tuple(sorted(found, key=lambda one: (one[0].startswith(ANYWHERE), -len(one[0].replace("*", "")), one[0])))


@cache
def forms() -> tuple[tuple[str, SetOption], ...]:
    """Beginnings of sections with what sets an option there, whatever the file is."""
    return tuple((module.BEGINNING, module.set_option) for module in _modules() if hasattr(module, "BEGINNING"))


def for_path(path: str, section: str | None = None) -> SetOption | None:
    form = next((found for begin, found in forms() if section is not None and section.startswith(begin)), None)
    return form or next((found for pattern, found in formats() if _fits(path, pattern)), None)


def _modules() -> list[ModuleType]:
    return [import_module(f"{__name__}.{file.name}") for file in iter_modules(__path__)]


def _fits(path: str, pattern: str) -> bool:
    wanted = pattern.removeprefix(ANYWHERE).split("/")
    steps = path.split("/")[-len(wanted) :] if pattern.startswith(ANYWHERE) else path.split("/")
    return len(steps) == len(wanted) and all(map(fnmatch.fnmatchcase, steps, wanted))
