"""Programs that run with the rights of their owner or group, whoever starts them.

Rules: Linux heeds setuid and setgid of a regular file that may be executed (setgid without the group's right to execute
means something else), not of a script. BusyBox gives the rights up again for the applets that do not need them, when
etc/busybox.conf, with a section [SUID], or its build says so; a symbolic link has no bits of its own, so the names that
lead to a program are listed with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.process import is_multi_call
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

SETUID, SETGID = 0o4000, 0o2000
BUSYBOX = "etc/busybox.conf"
SUID_SECTION = re.compile(r"(?mi)^[ \t]*\[suid\]")


class Content(StrEnum):
    """What kind of file carries the bit."""

    PROGRAM = "program"
    SCRIPT = "script"
    MULTI_CALL = "multi-call"
    """BusyBox or Toybox, under all its names."""


@dataclass(frozen=True, slots=True)
class SetuidProgram:
    """One file with the bit: its `path`, `mode` (0o7777), owner `uid` and `gid`, and `content`, what it is.

    `names` are the names of the links that lead to it; `limited` says that etc/busybox.conf limits its applets.
    """

    path: str
    mode: int
    uid: int
    gid: int
    content: Content
    names: tuple[str, ...] = ()
    limited: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_setuid(self) -> bool:
        return bool(self.mode & SETUID)

    @property
    def is_open(self) -> bool:
        """Whether anybody but its owner may run it."""
        return bool(self.mode & 0o011)


@dataclass(frozen=True, slots=True)
class SetuidPrograms:
    """All `programs` of the tree that carry setuid or setgid."""

    programs: tuple[SetuidProgram, ...]


def collect(tree: Tree) -> SetuidPrograms | None:
    found: list[Entry] = []
    links: dict[str, list[str]] = {}
    seen = False
    for entry in tree.entries():
        seen = True
        if entry.kind is Kind.FILE and _has_bit(entry.mode):
            found.append(entry)
        elif entry.kind is Kind.SYMLINK:
            links.setdefault((entry.target or "").rpartition("/")[2], []).append(entry.path)
    if not seen:
        return None
    return SetuidPrograms(tuple(_program(tree, entry, links) for entry in found))


def _has_bit(mode: int) -> bool:
    return bool((mode & SETUID and mode & 0o111) or (mode & SETGID and mode & 0o010))


def _program(tree: Tree, entry: Entry, links: dict[str, list[str]]) -> SetuidProgram:
    names = sorted({name.rpartition("/")[2] for name in _leading(tree, entry, links)})
    content = _content(tree, entry)
    limited = content is Content.MULTI_CALL and SUID_SECTION.search(tree.text(BUSYBOX) or "") is not None
    return SetuidProgram(entry.path, entry.mode, entry.uid, entry.gid, content, tuple(names), limited)


def _leading(tree: Tree, entry: Entry, links: dict[str, list[str]]) -> Iterator[str]:
    for path in links.get(entry.name, ()):
        aim = tree.resolve(path)
        if aim is not None and aim.path == entry.path:
            yield path


def _content(tree: Tree, entry: Entry) -> Content:
    if is_multi_call(entry.name):
        return Content.MULTI_CALL
    try:
        head = next(iter(tree.chunks(entry)), b"")[:2]
    except Unavailable:
        return Content.PROGRAM
    return Content.SCRIPT if head == b"#!" else Content.PROGRAM
