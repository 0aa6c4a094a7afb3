"""What is inside the parts of an image, in a few words: how many files, which system, which version."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmward.model.facts import Unavailable

if TYPE_CHECKING:
    from firmward.image.opening import Image
    from firmward.image.source import Source
    from firmward.model.tree import Tree

SAYS = (
    (b"Linux version ", re.compile(rb"Linux version \d+\.\d+\S*")),
    (b"U-Boot ", re.compile(rb"U-Boot (?:SPL |TPL )?20\d\d\.\d\d[^\s\0]*")),
    (b"barebox 20", re.compile(rb"barebox 20\d\d\.\d\d[^\s\0]*")),
    (b"# Linux/", re.compile(rb"# Linux/\S+ [\d.]+\S* Kernel Configuration")),
)
"""Texts in kernels and boot loaders, and the version around them."""
SEARCHED = 64 << 20
"""Bytes searched for one."""
PLACES = 64
"""Occurrences looked at."""
RELEASE = re.compile(r"^PRETTY_NAME=[\"']?([^\"'\n]{1,200})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Contents:
    """`files`, `folders`, `links` and `others` (devices, fifos, sockets) are counts, `bytes` the sum of all files."""

    files: int
    folders: int
    links: int
    others: int
    bytes: int


def contents(tree: "Tree") -> Contents:
    kinds: Counter[str] = Counter()
    size = 0
    for entry in tree.entries():
        kinds[entry.kind.value] += 1
        size += entry.size if entry.kind == "file" else 0
    files, folders, links = kinds.pop("file", 0), kinds.pop("directory", 0), kinds.pop("symlink", 0)
    return Contents(files, folders, links, kinds.total(), size)


def labels(image: "Image") -> dict[str, str]:
    """What parts call themselves, by id: a system's os-release, the version of a kernel or boot loader."""
    said = {root.part.id: _release(root.tree) for root in image.trees}
    said |= {piece.part.id: _version(piece.source) for piece in image.blobs if piece.part.role != "device-tree"}
    return {id_: label for id_, label in said.items() if label}


def _release(tree: "Tree") -> str | None:
    for path in ("etc/os-release", "usr/lib/os-release"):
        try:
            match = RELEASE.search(tree.text(path) or "")
        except Unavailable:
            continue
        if match:
            return match[1]
    return None


def _version(source: "Source") -> str | None:
    for text, pattern in SAYS:
        place = -1
        for _ in range(PLACES):
            place = source.find(text, place + 1, min(source.size, SEARCHED))
            match = pattern.match(source.read(place, 256)) if place >= 0 else None
            if match:
                return match[0].decode("ascii", "backslashreplace").removeprefix("# ")
            if place < 0:
                break
    return None
