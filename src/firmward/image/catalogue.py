"""The formats there are: every module in these folders that has a FORMAT. Nothing is registered."""

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TypeVar

from firmward.image.blob import BLOBS, GLANCE, Blob
from firmward.image.format import Format, Magic
from firmward.image.source import Source

FOLDERS = ("container", "disk", "encrypted", "filesystem", "wrapper")


Found = TypeVar("Found", bound=Format | Blob)


@cache
def formats() -> tuple[Format, ...]:
    """All formats, by folder and name."""
    return tuple(found for _, _, found in modules())


@cache
def wrappers() -> tuple[Format, ...]:
    """The formats that hold one compressed stream."""
    return tuple(found for folder, _, found in modules() if folder == "wrapper")


@cache
def kinds() -> tuple[Format | Blob, ...]:
    """All that can be told by a magic: formats, then blobs."""
    return (*formats(), *BLOBS)


@cache
def modules() -> tuple[tuple[str, str, Format], ...]:
    """Folder, name of the file, and format, in that order."""
    return tuple(
        (folder, name, found)
        for folder in FOLDERS
        for name in _names(folder)
        if isinstance(found := getattr(import_module(f"firmward.image.{folder}.{name}"), "FORMAT", None), Format)
    )


def _names(folder: str) -> list[str]:
    package = import_module(f"firmward.image.{folder}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def candidates(source: Source, among: Iterable[Found]) -> tuple[Found, ...]:
    """Those whose magic stands where it should, the longest magic first.

    A longer magic is the stronger evidence: a GPT beats the protective boot record that it comes with. Those without a
    magic come last.
    """
    among = tuple(among)
    fitting = [
        (len(magic.data), one)
        for one in among
        for magic in one.magics
        if source.read(_place(magic, source), len(magic.data)) == magic.data
    ]
    head = source.read(0, GLANCE)
    bare = (one for one in among if isinstance(one, Blob) and one.begins is not None and one.begins(head))
    ordered = (one for _, one in sorted(fitting, key=lambda candidate: -candidate[0]))
    return (*dict.fromkeys(ordered), *bare)  # one with several magics is tried once


def _place(magic: Magic, source: Source) -> int:
    return magic.offset if magic.offset >= 0 else source.size + magic.offset


def identify(source: Source, among: Iterable[Found]) -> tuple[Found, int] | None:
    """What a source begins with, and how many of its bytes it takes; None when no header holds."""
    for candidate in candidates(source, among):
        size = candidate.measure(source)
        if size:
            return candidate, min(size, source.size)
    return None
