"""What the databases that are text have in common: how they are read, and which names and versions count."""

import re
from collections.abc import Iterator

from firmward.facts.packages import Package
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

SIZE_LIMIT = 64 << 20
"""Bytes of one database; that of a desktop has 5 MiB."""
NEEDS_LIMIT = 200
NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,127}", re.ASCII)
VERSION = re.compile(r"[\w.+:~^-]{1,128}", re.ASCII)


def text(tree: Tree, path: str, unread: list[str]) -> str:
    """Empty where there is no such file, or it cannot be read, which is told."""
    if not tree.is_file(path):
        return ""
    try:
        return tree.text(path, SIZE_LIMIT) or ""
    except Unavailable as reason:
        unread.append(str(reason))
        return ""


def named(package: Package) -> Iterator[Package]:
    """The package, if its name and version are those of one."""
    if NAME.fullmatch(package.name) and VERSION.fullmatch(package.version):
        yield package


def names(listed: str, separator: str) -> tuple[str, ...]:
    """Of packages in a list of dependencies, the first of alternatives: `libc6 (>= 2.36), awk | mawk`."""
    found = (re.match(r"[A-Za-z0-9][\w.+-]{0,127}", one.strip(), re.ASCII) for one in listed[:65536].split(separator))
    return tuple(dict.fromkeys(one[0] for one in found if one is not None))[:NEEDS_LIMIT]
