"""The packages that a system was put together from, as the databases of its package managers have them.

Each manager's database is a module of `package_databases/`, which gives its packages in `installed(tree, unread)`.
What cannot be read is told in words.
"""

import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module

from firmward.facts import package_databases
from firmward.model.location import Location
from firmward.model.tree import Tree

LIMIT = 20_000
"""Packages that are kept."""


class Manager(StrEnum):
    DPKG = "dpkg"
    OPKG = "opkg"
    APK = "apk"
    RPM = "rpm"


@dataclass(frozen=True, slots=True)
class Package:
    """One package that is installed: its `name` and `version`, which `manager` has it, and `at`, where that stands.

    What the database does not say is empty: the `source` package with its version (`source_version`), the
    `architecture`, the `licence` and `vendor` as they are written, a CPE name (`cpe`), the names of what it `needs`,
    and its `files`, which some databases list elsewhere (package_files.py).
    """

    name: str
    version: str
    manager: Manager
    at: Location
    source: str = ""
    source_version: str = ""
    architecture: str = ""
    licence: str = ""
    vendor: str = ""
    cpe: str = ""
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Packages:
    """All packages `found`, each name once; `unread` says in words which databases were not read."""

    found: tuple[Package, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> Packages | None:
    unread: list[str] = []
    known: dict[tuple[Manager, str, str], Package] = {}
    for one in _all(tree, unread):
        if len(known) >= LIMIT:
            unread.append(f"more than {LIMIT} packages")
            break
        known.setdefault(_key(one), one)
    return Packages(tuple(known.values()), tuple(unread)) if known or unread else None


def _key(one: Package) -> tuple[Manager, str, str]:
    """rpm installs several versions of one package side by side: kernels."""
    return one.manager, one.name, one.version if one.manager is Manager.RPM else ""


def _all(tree: Tree, unread: list[str]) -> Iterator[Package]:
    for module in sorted(one.name for one in pkgutil.iter_modules(package_databases.__path__)):
        database = import_module(f"{package_databases.__name__}.{module}")
        if hasattr(database, "installed"):
            yield from database.installed(tree, unread)
