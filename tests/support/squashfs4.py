"""A writer of little-endian squashfs 4.0 with any compressor, whatever its superblock calls it.

mksquashfs writes the compressors of the standard alone; unsquashfs stands witness for what is written here with those.
"""

import struct
import zlib
from collections.abc import Iterable
from typing import Any

from old_squashfs import BLOCK, KINDS, WHEN, Pack, Table, Writer, number_in, runs, written

GZIP, LZMA, XZ = 1, 2, 4
NONE = (1 << 64) - 1
_NO_FRAGMENT = 0xFFFFFFFF


class _Writer4(Writer):
    def __init__(self, pack: Pack) -> None:
        super().__init__(4, "little", pack, is_checked=False)

    def _common(self, item: Any) -> bytes:
        self.count += 1
        owner, group = number_in(self.owners, item.uid), number_in(self.owners, item.gid)
        return struct.pack("<4H2I", KINDS[item.kind], item.mode, owner, group, item.mtime, self.count)

    def _inode(self, data: bytes) -> tuple[int, int]:
        place = self.inodes.place
        self.inodes.write(data)
        return place

    def file(self, item: Any) -> tuple[int, int]:
        """As mksquashfs does, a file that is longer than a block ends in a block of its own, not in a fragment."""
        content = item.content
        start, words, fragment, offset = len(self.data), [], _NO_FRAGMENT, 0
        if len(content) > BLOCK:
            words = [self._block(content[at : at + BLOCK]) for at in range(0, len(content), BLOCK)]
        elif content:
            if len(self.tails) + len(content) >= BLOCK:
                self._flush()
            fragment, offset = len(self.fragments), len(self.tails)
            self.tails += content
        body = struct.pack("<4I", start, fragment, offset, len(content))
        return self._inode(self._common(item) + body + struct.pack(f"<{len(words)}I", *words))

    def other(self, item: Any) -> tuple[int, int]:
        body = struct.pack("<I", 1)
        if item.kind == "symlink":
            body += struct.pack("<I", len(item.target.encode())) + item.target.encode()
        elif item.device:
            major, minor = item.device
            body += struct.pack("<I", major << 8 | minor & 0xFF | (minor & ~0xFF) << 12)
        return self._inode(self._common(item) + body)

    def folder(self, item: Any, listed: list[tuple[bytes, int, tuple[int, int]]]) -> tuple[int, int]:
        start, offset = self.folders.place
        size = 3
        for run in runs(sorted(listed)):
            data = struct.pack("<3I", len(run) - 1, run[0][2][0], 1)
            for name, kind, (_, at) in run:
                data += struct.pack("<HhHH", at, 0, kind, len(name) - 1) + name
            self.folders.write(data)
            size += len(data)
        return self._inode(self._common(item) + struct.pack("<IIHHI", start, 2, size, offset, 1))

    def finish_4(self, root: tuple[int, int], compressor: int) -> bytes:
        self._flush()
        out = bytes(self.data)
        inode_table = len(out)
        out += self.inodes.finish()
        folder_table = len(out)
        out += self.folders.finish()
        out, fragment_table = self._indexed(out, [struct.pack("<QII", *one, 0) for one in self.fragments])
        out, id_table = self._indexed(out, [struct.pack("<I", number) for number in self.owners])
        fields = (self.count, WHEN, BLOCK, len(self.fragments), compressor, 15, 0, len(self.owners), 4, 0)
        places = (root[0] << 16 | root[1], len(out), id_table, NONE, inode_table, folder_table, fragment_table, NONE)
        return struct.pack("<4s4I6H8Q", b"hsqs", *fields, *places) + out[96:]

    def _indexed(self, out: bytes, rows: list[bytes]) -> tuple[bytes, int]:
        """A table in metadata blocks behind what there is, then the positions of these, and where those begin."""
        table = Table(self)
        for row in rows:
            table.write(row)
        start = len(out)
        out += table.finish()
        positions = [start + at for at in table.starts[:-1]]
        return out + struct.pack(f"<{len(positions)}Q", *positions), len(out)


def image(
    items: Iterable[Any],
    root: Any,
    pack: Pack = zlib.compress,
    compressor: int = GZIP,
    stores_tables: bool = False,
) -> bytes:
    """An image of items as the file system tests have them; `root` is the root folder as one, its path empty."""
    writer = _Writer4(pack)
    if stores_tables:
        writer.pack_table = bytes
    return writer.finish_4(written(writer, items, root), compressor)
