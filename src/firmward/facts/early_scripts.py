"""The scripts and settings of an initramfs: all its small files that are neither programs nor lists of modules.

An initramfs is small and each builder lays it out in a way of its own (initramfs-tools, dracut, Yocto, makers' own), so
that no folder or suffix says where its scripts are: what they can be told from is size and beginning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

SCRIPT_LIMIT = 256 << 10
"""Bytes of a script or settings file; programs are larger."""
SCRIPTS = 2000
"""Files of one initramfs that are looked at."""

VERIFIES = re.compile(
    rb"verity|\bdmsetup\b|\bevmctl\b|\bima[-_]|\bopenssl\b|\bsha(?:1|256|512)sum\b|\bgpgv?\b|\bminisign\b|\bsignify\b"
    rb"|\busign\b|\bcomposefs\b|\bostree\b|\bcosign\b|\bdm-mod\b|\bfsverity\b"
)
MOUNTS = re.compile(rb"\bswitch_root\b|\bpivot_root\b|\brun-init\b|\bchroot\b|\bmove_root\b")
"""What goes on to another root."""

NO_SCRIPT = re.compile(r"\.(?:so|ko|bin|fw|mo)(?:\.[^/]*)?$|(?:^|/)lib/modules/|(?:^|/)modules(?:\.\w+)?$")
"""Libraries, firmware, and modules with the lists of their names: that the kernel could verify says nothing."""


@dataclass(frozen=True, slots=True)
class EarlyScript:
    path: str
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "surrogateescape")


def early_scripts(tree: Tree, part: str) -> Iterator[EarlyScript]:
    """All of one initramfs; `part` names it. Raises Unavailable when not all can be read."""
    seen = 0
    for entry in tree.entries():
        if not _may_be_script(entry):
            continue
        seen += 1
        if seen > SCRIPTS:
            raise Unavailable(f"{part} has more than {SCRIPTS} files that may be scripts")
        content = tree.read(entry.path, SCRIPT_LIMIT) or b""
        if not content.startswith(b"\x7fELF"):
            yield EarlyScript(entry.path, content)


def _may_be_script(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and 0 < entry.size <= SCRIPT_LIMIT and not NO_SCRIPT.search(entry.path)


def verifying(tree: Tree, part: str) -> tuple[dict[str, str], bool]:
    """The first word of something that verifies, by script, and whether any goes on to another root. Raises Unavailable
    when not all could be read."""
    words: dict[str, str] = {}
    mounts = False
    for script in early_scripts(tree, part):
        found = VERIFIES.search(script.content)
        if found:
            words[script.path] = found[0].decode()
        mounts = mounts or MOUNTS.search(script.content) is not None
    return words, mounts


def said(tree: Tree, part: str) -> tuple[str | None, bool]:
    """The first word of something that verifies in any script, and whether one goes on to another root. Raises
    Unavailable when not all could be read."""
    words, mounts = verifying(tree, part)
    return next(iter(words.values()), None), mounts
