"""The checks that there are: every file in the folders of `checks/`."""

import difflib
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module

from firmward import checks
from firmward.model.check import Check
from firmward.model.errors import InputError


@cache
def catalogue() -> tuple[Check, ...]:
    """All checks, by area and id."""
    names = [
        f"{area.name}.{file.name}"
        for area in pkgutil.iter_modules(checks.__path__)
        for file in pkgutil.iter_modules(import_module(f"{checks.__name__}.{area.name}").__path__)
        if not file.ispkg  # rows of a check whose family is too long for its own file
    ]
    return tuple(_check(name) for name in sorted(names))


def select(wanted: Iterable[str]) -> tuple[Check, ...]:
    """The checks of these areas and ids, all without any. Raises InputError for a word that is neither."""
    words = tuple(wanted)
    if not words:
        return catalogue()
    known = {check.area for check in catalogue()} | {check.id for check in catalogue()}
    for word in words:
        if word not in known:
            close = difflib.get_close_matches(word, known, n=1)
            raise InputError(f"no check or area {word!r}{_instead(close)}")
    return tuple(check for check in catalogue() if check.id in words or check.area in words)


def find_check(id: str) -> Check:
    """One check. Raises InputError with the nearest id."""
    for check in catalogue():
        if check.id == id:
            return check
    close = difflib.get_close_matches(id, [check.id for check in catalogue()], n=1)
    raise InputError(f"no check {id!r}{_instead(close)}")


def _instead(close: Sequence[str]) -> str:
    return f", did you mean {close[0]}?" if close else "; `firmward checks` lists them all"


def _check(name: str) -> Check:
    module = import_module(f"{checks.__name__}.{name}")
    found = getattr(module, name.rpartition(".")[2], None)
    if not isinstance(found, Check):
        raise TypeError(f"{module.__name__} must define its check under the file's own name")
    return found
