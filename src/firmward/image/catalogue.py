"""The formats there are: every module in the three folders that has a FORMAT. Nothing is registered."""

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TypeVar

from firmward.image.blob import BLOBS, Blob
from firmward.image.format import Format
from firmward.image.source import Source

FOLDERS = ("disk", "filesystem", "wrapper")


Found = TypeVar("Found", bound=Format | Blob)


@cache
def formats() -> tuple[Format, ...]:
    """All formats, by folder and name."""
    return tuple(found for folder in FOLDERS for found in _in(folder))


@cache
def wrappers() -> tuple[Format, ...]:
    """The formats that hold one compressed stream."""
    return _in("wrapper")


@cache
def kinds() -> tuple[Format | Blob, ...]:
    """All that can be told by a magic: formats, then blobs."""
    return (*formats(), *BLOBS)


def _in(folder: str) -> tuple[Format, ...]:
    package = import_module(f"firmward.image.{folder}")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = (import_module(f"{package.__name__}.{name}") for name in names)
    found = (getattr(module, "FORMAT", None) for module in modules)
    return tuple(one for one in found if isinstance(one, Format))


def candidates(source: Source, among: Iterable[Found]) -> tuple[Found, ...]:
    """Those whose magic stands where it should, the longest magic first.

    A longer magic is the stronger evidence: a GPT beats the protective boot record that it comes with.
    """
    fitting = [
        (len(magic.data), one)
        for one in among
        for magic in one.magics
        if source.read(magic.offset, len(magic.data)) == magic.data
    ]
    return tuple(one for _, one in sorted(fitting, key=lambda candidate: -candidate[0]))


def identify(source: Source, among: Iterable[Found]) -> tuple[Found, int] | None:
    """What a source begins with, and how many of its bytes it takes; None when no header holds."""
    for candidate in candidates(source, among):
        size = candidate.measure(source)
        if size:
            return candidate, min(size, source.size)
    return None
