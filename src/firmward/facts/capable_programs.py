"""Programs that carry capabilities of their own (security.capability).

Rules: formats/file_capabilities.py. The kernel heeds them of regular files only. What carries no extended attributes
(cpio, FAT, a plain tar, squashfs made without them) carries no capabilities either: the system that runs from it has
none, and that is what is told.
"""

from dataclasses import dataclass

from firmward.formats.file_capabilities import ATTRIBUTE, NAMES, parse
from firmward.formats.malformed import Malformed
from firmward.model.tree import Kind, Tree

__all__ = ["ATTRIBUTE", "NAMES", "CapableProgram", "CapablePrograms", "collect"]


@dataclass(frozen=True, slots=True)
class CapableProgram:
    """`path`, and the names of what it is given at once or on request: `permitted` and `inheritable`.

    `effective` says that the permitted ones are in force from the start.
    """

    path: str
    permitted: frozenset[str]
    inheritable: frozenset[str]
    effective: bool


@dataclass(frozen=True, slots=True)
class CapablePrograms:
    """All `programs` of the tree with capabilities; `unread` are attributes that the kernel would refuse."""

    programs: tuple[CapableProgram, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> CapablePrograms | None:
    programs: list[CapableProgram] = []
    unread: list[str] = []
    seen = False
    for entry in tree.entries():
        seen = True
        value = dict(entry.xattrs).get(ATTRIBUTE) if entry.xattrs else None
        if entry.kind is not Kind.FILE or value is None:
            continue
        try:
            found = parse(value)
        except Malformed as reason:
            unread.append(f"{entry.path}: {reason}")
            continue
        programs.append(CapableProgram(entry.path, found.permitted, found.inheritable, found.effective))
    return CapablePrograms(tuple(programs), tuple(unread)) if seen else None
