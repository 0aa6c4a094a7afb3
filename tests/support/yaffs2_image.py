"""A writer of YAFFS2 by its layout: chunks with their tags, in any geometry and either byte order.

No tool that writes these is packaged. The Sleuth Kit, which reads them, stands witness for what is written here.
"""

import os
import struct
from collections.abc import Iterable
from typing import Any

FILE, SYMLINK, FOLDER, HARD_LINK, SPECIAL = range(1, 6)
KINDS = {"file": FILE, "symlink": SYMLINK, "directory": FOLDER}
FORMATS = {
    "fifo": 0o010000,
    "character": 0o020000,
    "directory": 0o040000,
    "block": 0o060000,
    "file": 0o100000,
    "symlink": 0o120000,
    "socket": 0o140000,
}
FIRST = 257
LOWEST = 0x1000


class Image:
    """An image being written. `data` is what there is so far."""

    def __init__(self, page: int = 2048, spare: int = 64, order: str = "<", tags: int = 0) -> None:
        self.page, self.spare, self.order, self.tags = page, spare, order, tags
        self.sequence = LOWEST
        self.data = bytearray()

    def chunk(self, content: bytes, number: int, chunk: int, length: int) -> None:
        tags = struct.pack(f"{self.order}IIII", self.sequence, number, chunk, length)
        self.data += content.ljust(self.page, b"\xff") + (b"\xff" * self.tags + tags).ljust(self.spare, b"\xff")

    def header(
        self,
        number: int,
        kind: int,
        parent: int,
        name: bytes,
        *,
        mode: int = 0,
        owner: tuple[int, int] = (0, 0),
        mtime: int = 0,
        size: int = 0xFFFFFFFF,
        equivalent: int = 0xFFFFFFFF,
        target: bytes = b"",
        device: int = 0,
        xattrs: dict[str, bytes] | None = None,
        shadows: int = 0xFFFFFFFF,
        shrinks: int = 0xFFFFFFFF,
        extra: bool = False,
    ) -> None:
        order = self.order
        data = struct.pack(f"{order}IIH256s2x", kind, parent, 0xFFFF, name)
        data += struct.pack(f"{order}8I", mode, *owner, mtime, mtime, mtime, size, equivalent)
        data += target.ljust(160, b"\0") + struct.pack(f"{order}I", device)
        data += b"\xff" * 40 + struct.pack(f"{order}II", shadows, shrinks)
        for key, value in (xattrs or {}).items():
            data += struct.pack(f"{order}i", 5 + len(key) + len(value)) + key.encode() + b"\0" + value
        assert len(data) <= self.page
        if extra:
            length = equivalent if kind == HARD_LINK else size if kind == FILE else 0
            self.chunk(data, number | kind << 28, 0x80000000 | parent, length)
        else:
            self.chunk(data, number, 0, 0xFFFF)

    def content(self, number: int, content: bytes, first: int = 1) -> None:
        for place in range(0, len(content), self.page):
            piece = content[place : place + self.page]
            self.chunk(piece, number, first + place // self.page, len(piece))

    def root(self) -> None:
        self.header(1, FOLDER, 1, b"", mode=0o40755)

    def erased(self, chunks: int) -> None:
        self.data += b"\xff" * chunks * (self.page + self.spare)


def written(items: Iterable[Any], image: Image) -> bytes:
    """The items (path, kind, content, mode, owner, ...) as an image maker lays them."""
    image.root()
    numbers = {"": 1}
    for number, item in enumerate(items, FIRST):
        folder, _, name = item.path.rpartition("/")
        parent, name = numbers[folder], os.fsencode(name)
        numbers[item.path] = number
        if item.hard_link:
            image.header(number, HARD_LINK, parent, name, mode=0xFFFFFFFF, equivalent=numbers[item.hard_link])
            continue
        image.header(
            number,
            KINDS.get(item.kind, SPECIAL),
            parent,
            name,
            mode=FORMATS[item.kind] | item.mode,
            owner=(item.uid, item.gid),
            mtime=item.mtime,
            size=len(item.content) if item.kind == "file" else 0xFFFFFFFF,
            target=os.fsencode(item.target or ""),
            device=os.makedev(*item.device) if item.device else 0,
            xattrs=item.xattrs,
        )
        image.content(number, item.content)
    return bytes(image.data)
