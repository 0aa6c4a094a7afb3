"""A writer of squashfs 1, 2 and 3 by their layout, in either byte order and with any compressor.

`squashfs4` builds on it.

No tool that writes these is packaged any more. The real tools of 2.1, 3.0 and 3.2 were built once to compare with, and
unsquashfs, which still reads them all, stands witness for what is written here.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

METADATA = 8192
BLOCK = 32768
KINDS = {"directory": 1, "file": 2, "symlink": 3, "block": 4, "character": 5, "fifo": 6, "socket": 7}
WHEN = 1_600_000_000
"""The image's own time, which is that of all that has none before version 3."""

Pack = Callable[[bytes], bytes]


class Table:
    """Metadata blocks being filled."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self.out = b""
        self.starts = [0]
        self._open = b""

    @property
    def place(self) -> tuple[int, int]:
        return len(self.out), len(self._open)

    def write(self, data: bytes) -> None:
        self._open += data
        while len(self._open) >= METADATA:
            self._close(self._open[:METADATA])
            self._open = self._open[METADATA:]

    def finish(self) -> bytes:
        if self._open:
            self._close(self._open)
            self._open = b""
        return self.out

    def _close(self, content: bytes) -> None:
        packed = self._writer.pack_table(content)
        stored = len(packed) >= len(content)
        data = content if stored else packed
        header = self._writer.bits((len(data) | (0x8000 if stored else 0), 16))
        self.out += header + (b"\xff" if self._writer.is_checked else b"") + data
        self.starts.append(len(self.out))


class Writer:
    def __init__(self, version: int, order: str, pack: Pack, is_checked: bool) -> None:
        self.version = version
        self.order = order
        self.pack = self.pack_table = pack
        self.is_checked = is_checked
        self.data = bytearray({1: 51, 2: 63, 3: 119, 4: 96}[version])
        self.inodes = Table(self)
        self.folders = Table(self)
        self.fragments: list[tuple[int, int]] = []
        self.tails = b""
        self.owners: list[int] = []
        self.groups: list[int] = []
        self.count = 0

    def bits(self, *fields: tuple[int, int]) -> bytes:
        value = position = 0
        for field, width in fields:
            value = value | field << position if self.order == "little" else value << width | field
            position += width
        return value.to_bytes(position // 8, self.order)  # type: ignore[arg-type]

    def _head(self, item: Any, *, is_long: bool = False) -> list[tuple[int, int]]:
        kind = KINDS[item.kind]
        uid = number_in(self.owners, item.uid)
        width = 4 if self.version == 1 else 8
        group = (1 << width) - 1 if item.gid == item.uid else number_in(self.groups, item.gid)
        if self.version > 1:
            number = {1: 8, 2: 9}[kind] if is_long else kind
            fields = [(number, 4), (item.mode, 12), (uid, 8), (group, 8)]
        elif kind > 5:
            fields = [(0, 4), (item.mode, 12), (uid % 16, 4), (group, 4), (kind, 4), (uid // 16, 4)]
        else:
            fields = [(kind + uid // 16 * 5, 4), (item.mode, 12), (uid % 16, 4), (group, 4)]
        self.count += 1
        return fields + ([(item.mtime, 32), (self.count, 32)] if self.version == 3 else [])

    def file(self, item: Any) -> tuple[int, int]:
        start, words = len(self.data), []
        whole = len(item.content) - (len(item.content) % BLOCK if self.version > 1 else 0)
        for at in range(0, whole, BLOCK):
            words.append(self._block(item.content[at : at + BLOCK]))
        fragment, offset = 0xFFFFFFFF, 0
        tail = item.content[whole:]
        if tail:
            if len(self.tails) + len(tail) > BLOCK:
                self._flush()
            fragment, offset = len(self.fragments), len(self.tails)
            self.tails += tail
        size = (len(item.content), 32)
        is_long = self.version == 3 and item.path.endswith("long")
        fields = self._head(item, is_long=is_long)
        if self.version == 3:
            links = [(1, 32)] if is_long else []
            fields += [*links, (start, 64), (fragment, 32), (offset, 32), (size[0], 64 if is_long else 32)]
        elif self.version == 2:
            fields += [(item.mtime, 32), (start, 32), (fragment, 32), (offset, 32), size]
        else:
            fields += [(item.mtime, 32), (start, 32), size]
        place = self.inodes.place
        self.inodes.write(self.bits(*fields, *((word, 16 if self.version == 1 else 32) for word in words)))
        return place

    def _block(self, content: bytes) -> int:
        if self.version > 2 and not content.strip(b"\0"):
            return 0
        packed = self.pack(content)
        is_stored = len(packed) >= len(content)
        self.data += content if is_stored else packed
        if self.version == 1:
            return len(content) & 0x7FFF | 0x8000 if is_stored else len(packed)
        return len(content) | 1 << 24 if is_stored else len(packed)

    def _flush(self) -> None:
        if self.tails:
            self.fragments.append((len(self.data), self._block(self.tails + b"\1")))
            self.tails = b""

    def other(self, item: Any) -> tuple[int, int]:
        fields = self._head(item) + ([(1, 32)] if self.version == 3 else [])
        text = b""
        if item.kind == "symlink":
            text = item.target.encode()
            fields.append((len(text), 16))
        elif item.device:
            fields.append((item.device[0] << 8 | item.device[1], 16))
        place = self.inodes.place
        self.inodes.write(self.bits(*fields) + text)
        return place

    def folder(self, item: Any, listed: list[tuple[bytes, int, tuple[int, int]]]) -> tuple[int, int]:
        start, offset = self.folders.place
        size = 0
        for run in runs(sorted(listed)):
            block = run[0][2][0]
            data = (
                self.bits((len(run) - 1, 8), (block, 32), (1, 32))
                if self.version == 3
                else self.bits((len(run) - 1, 8), (block, 24))
            )
            for name, kind, (_, at) in run:
                number = [(0, 16)] if self.version == 3 else []
                data += self.bits((at, 13), (kind, 3), (len(name) - 1, 8), *number) + name
            self.folders.write(data)
            size += len(data)
        is_long = item.path.endswith("long")
        fields = self._head(item, is_long=is_long and self.version > 1)
        width = 27 if is_long and self.version > 1 else 19
        if self.version == 3:
            fields += [(1, 32), (size + 3, width), (offset, 13), (start, 32)]
            fields += [(0, 16), (1, 32)] if is_long else [(1, 32)]
        else:
            fields += [(size, width), (offset, 13), (item.mtime, 32), (start, 24)]
            fields += [(0, 16)] if is_long and self.version == 2 else []
        place = self.inodes.place
        self.inodes.write(self.bits(*fields))
        return place

    def finish(self, root: tuple[int, int], magic: bytes, minor: int) -> bytes:
        self._flush()
        out = bytes(self.data)
        inode_table = len(out)
        out += self.inodes.finish()
        folder_table = len(out)
        out += self.folders.finish()
        wide = 64 if self.version == 3 else 32
        table = Table(self)
        for start, word in self.fragments:
            table.write(self.bits((start, wide), (word, 32), *([(0, 32)] if self.version == 3 else [])))
        blocks = len(out)
        out += table.finish()
        fragment_table = len(out)
        out += b"".join(self.bits((blocks + start, wide)) for start in table.starts[:-1])
        uid_table = len(out)
        out += b"".join(self.bits((number, 32)) for number in self.owners)
        gid_table = len(out)
        out += b"".join(self.bits((number, 32)) for number in self.groups)
        old = [len(out), uid_table, gid_table, inode_table, folder_table]
        is_3 = self.version == 3
        head = [(self.count, 32), *((0 if is_3 else at, 32) for at in old)]
        head += [(self.version, 16), (minor, 16), (BLOCK, 16), (15, 16), (4 if self.is_checked else 0, 8)]
        head += [(len(self.owners), 8), (len(self.groups), 8), (WHEN, 32), (root[0] << 16 | root[1], 64)]
        if self.version > 1:
            head += [(BLOCK, 32), (len(self.fragments), 32), (0 if is_3 else fragment_table, 32)]
        if is_3:
            head += [(at, 64) for at in (*old, fragment_table, (1 << 64) - 1)]
        top = magic + b"".join(self.bits(field) for field in head)
        return top + out[len(top) :]


def number_in(known: list[int], number: int) -> int:
    if number not in known:
        known.append(number)
    return known.index(number)


def runs(listed: list[tuple[bytes, int, tuple[int, int]]]) -> Iterator[list[tuple[bytes, int, tuple[int, int]]]]:
    run: list[tuple[bytes, int, tuple[int, int]]] = []
    for one in listed:
        if run and (one[2][0] != run[0][2][0] or len(run) == 256):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def image(
    items: Iterable[Any],
    root: Any,
    version: int = 3,
    order: str = "little",
    pack: Pack = zlib.compress,
    magic: bytes | None = None,
    minor: int = 0,
    is_checked: bool = False,
    stores_tables: bool = False,
) -> bytes:
    """An image of items as the file system tests have them; `root` is the root folder as one, its path empty."""
    writer = Writer(version, order, pack, is_checked)
    if stores_tables:
        writer.pack_table = bytes
    place = written(writer, items, root)
    default = b"hsqs" if order == "little" else b"sqsh"
    return writer.finish(place, magic or default, minor)


def written(writer: Writer, items: Iterable[Any], root: Any) -> tuple[int, int]:
    """All items, and where the root folder's inode is."""
    listed: dict[str, list[tuple[bytes, int, tuple[int, int]]]] = {"": []}
    for item in sorted(items, key=lambda item: item.path.split("/"), reverse=True):
        if item.kind == "directory":
            place = writer.folder(item, listed.pop(item.path, []))
        else:
            place = writer.file(item) if item.kind == "file" else writer.other(item)
        parent, _, name = item.path.rpartition("/")
        listed.setdefault(parent, []).append((name.encode(), KINDS[item.kind], place))
    return writer.folder(root, listed[""])


def as_shown(item: Any, version: int) -> int:
    """The time that an item shows: before version 3 only files and folders have their own."""
    return item.mtime if version == 3 or item.kind in ("file", "directory") else WHEN


def superblock_of_4(order: str, size: int) -> bytes:
    """Of a 4.0 with nothing in it."""
    sign = "<" if order == "little" else ">"
    magic = b"hsqs" if order == "little" else b"sqsh"
    fields = (1, WHEN, BLOCK, 0, 1, 15, 0, 1, 4, 0, 0, size, size - 64, 1 << 63, 96, 200, 300, 1 << 63)
    return magic + struct.pack(f"{sign}4I6H8Q", *fields)
