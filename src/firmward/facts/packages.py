"""The packages that a system was put together from, as the databases of its package managers have them.

- dpkg: stanzas of `Field: value` lines with an empty line between them, in var/lib/dpkg/status; one file a package in
  status.d, as in images without dpkg. Installed is what `Status` ends in `installed` for; status.d has no such field.
- opkg: the same stanzas, in usr/lib/opkg/status or var/lib/opkg/status, and one file a package in info/*.control.
- apk: lines of one letter, a colon and a value (P name, V version), in lib/apk/db/installed, below usr/ in newer ones.

A database of rpm is no text, and told as unread.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

SIZE_LIMIT = 64 << 20
"""Bytes of one database; that of a desktop has 5 MiB."""
LIMIT = 20_000
"""Packages that are kept."""
NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,127}", re.ASCII)
VERSION = re.compile(r"[\w.+:~-]{1,128}", re.ASCII)


class Manager(StrEnum):
    DPKG = "dpkg"
    OPKG = "opkg"
    APK = "apk"


STANZAS = (
    (Manager.DPKG, "var/lib/dpkg/status"),
    (Manager.DPKG, "var/lib/dpkg/status.d/*"),
    (Manager.OPKG, "usr/lib/opkg/status"),
    (Manager.OPKG, "var/lib/opkg/status"),
    (Manager.OPKG, "usr/lib/opkg/info/*.control"),
    (Manager.OPKG, "var/lib/opkg/info/*.control"),
)
LETTERS = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
RPM = (
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
)


@dataclass(frozen=True, slots=True)
class Package:
    """One package that is installed: its `name` and `version`, which `manager` has it, and `at`, where that stands."""

    name: str
    version: str
    manager: Manager
    at: Location


@dataclass(frozen=True, slots=True)
class Packages:
    """All packages `found`, each name once; `unread` says in words which databases were not read."""

    found: tuple[Package, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> Packages | None:
    unread = [f"{path} is a database of rpm, which is not read" for path in RPM if tree.is_file(path)]
    known: dict[tuple[Manager, str], Package] = {}
    for one in _all(tree, unread):
        if len(known) >= LIMIT:
            unread.append(f"more than {LIMIT} packages")
            break
        known.setdefault((one.manager, one.name), one)
    return Packages(tuple(known.values()), tuple(unread)) if known or unread else None


def _all(tree: Tree, unread: list[str]) -> Iterator[Package]:
    for manager, pattern in STANZAS:
        paths = tree.glob(pattern) if "*" in pattern else (pattern,)
        for path in paths:
            if not path.endswith(".md5sums"):
                yield from stanzas(_text(tree, path, unread), path, manager)
    for path in dict.fromkeys(entry.path for path in LETTERS if (entry := tree.resolve(path)) is not None):
        yield from letters(_text(tree, path, unread), path)


def _text(tree: Tree, path: str, unread: list[str]) -> str:
    if not tree.is_file(path):
        return ""
    try:
        return tree.text(path, SIZE_LIMIT) or ""
    except Unavailable as reason:
        unread.append(str(reason))
        return ""


def stanzas(text: str, path: str, manager: Manager) -> Iterator[Package]:
    """The installed packages of a control file of dpkg or opkg."""
    fields: dict[str, tuple[str, int]] = {}
    for number, line in enumerate((*text.split("\n"), ""), 1):
        name, colon, value = line.partition(":")
        if colon and not line[:1].isspace():
            fields.setdefault(name.lower(), (value.strip(), number))
        elif not line.strip():
            yield from _stanza(fields, path, manager)
            fields = {}


def _stanza(fields: dict[str, tuple[str, int]], path: str, manager: Manager) -> Iterator[Package]:
    name, line = fields.get("package", ("", 0))
    version, _ = fields.get("version", ("", 0))
    status, _ = fields.get("status", ("installed", 0))
    if status.split()[-1:] == ["installed"]:
        yield from _package(name, version, manager, Location(path, line))


def letters(text: str, path: str) -> Iterator[Package]:
    """The installed packages of apk's database."""
    name, at = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("P:"):
            name, at = line[2:].strip(), number
        elif line.startswith("V:") and name:
            yield from _package(name, line[2:].strip(), Manager.APK, Location(path, at))
            name = ""


def _package(name: str, version: str, manager: Manager, at: Location) -> Iterator[Package]:
    if NAME.fullmatch(name) and VERSION.fullmatch(version):
        yield Package(name, version, manager, at)
