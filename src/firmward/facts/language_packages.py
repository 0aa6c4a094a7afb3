"""Packages of programming languages, by what each installed one carries: name and version, and mostly the licence.

Each language is a module of `languages/`, with the paths that tell of a package (`PATH`) and how one is read
(`components`). A file that cannot be read, or is not what its path says, is told; the package is known by its path all
the same where that has name and version.
"""

import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from firmward.facts import languages
from firmward.model.component import Component
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

LIMIT = 20_000


class Language(Protocol):
    """A module of `languages/`."""

    ENDS: tuple[str, ...]
    """How such paths end: most are told apart by that alone."""
    PATH: re.Pattern[str]

    def components(self, tree: Tree, entry: Entry, match: re.Match[str]) -> Iterator[Component]:
        """The packages that this entry tells of. Raises Unavailable when it cannot be read."""


@dataclass(frozen=True, slots=True)
class LanguagePackages:
    """All that were `found`; `unread` says in words what was not read."""

    found: tuple[Component, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> LanguagePackages | None:
    readers: list[Language] = [
        import_module(f"{languages.__name__}.{one.name}")
        for one in sorted(pkgutil.iter_modules(languages.__path__), key=lambda one: one.name)
    ]
    found, unread = list[Component](), list[str]()
    for entry in tree.entries():
        if len(found) > LIMIT:
            unread.append(f"more than {LIMIT} packages of programming languages")
            break
        if entry.kind is Kind.FILE:
            for reader in readers:
                match = reader.PATH.fullmatch(entry.path) if entry.path.endswith(reader.ENDS) else None
                if match is not None:
                    found += _read(reader, tree, entry, match, unread)
    return LanguagePackages(tuple(found), tuple(unread)) if found or unread else None


def _read(reader: Language, tree: Tree, entry: Entry, match: re.Match[str], unread: list[str]) -> Iterator[Component]:
    try:
        yield from reader.components(tree, entry, match)
    except Unavailable as reason:
        unread.append(str(reason))
