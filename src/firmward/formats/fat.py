"""FAT12, FAT16 and FAT32: boot sector, allocation table, folders with long names.

The rules this file holds:

- The number of clusters alone decides which of the three it is, as every driver does; FAT32 also has no fixed root.
- A file is a chain of clusters through the table. A chain that is longer than the table runs in a circle.
- A long name stands before its short one, last part first, and counts only when its checksum is that of the short name.
- The magic is the 55 AA of any boot sector, so that every field is held against the others, and against the first
  entry of the table, which repeats the media byte.
"""

import calendar
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"\x55\xaa"
MAGIC_OFFSET = 510
BOOT_SIZE = 512
ENTRY_SIZE = 32
LISTING_LIMIT = 2 << 20
"""Bytes of a folder, as in Linux (FAT_MAX_DIR_SIZE)."""
CHUNK = 256 << 10
"""Bytes given at a time."""
_WINDOW = 48 << 10
"""Bytes of the table read at once; a multiple of 12 bits, 16 bits and 32 bits."""

READ_ONLY = 0x01
VOLUME = 0x08
FOLDER = 0x10
_LONG_NAME = 0x0F
_LOWER_BASE = 0x08
_LOWER_SUFFIX = 0x10

_ENTRY = struct.Struct("<11sBB7xHHHHI")


@dataclass(frozen=True, slots=True)
class Geometry:
    """What the boot sector says, in bytes."""

    bits: int
    """12, 16 or 32: of one entry of the table."""
    size: int
    cluster_size: int
    clusters: int
    table: int
    table_size: int
    root: int
    """Where the fixed root folder begins, for FAT12 and FAT16."""
    root_size: int
    root_cluster: int
    """Where the root folder begins, for FAT32."""
    data: int
    """Where cluster 2 begins."""
    media: int
    label: str


def parse_boot(sector: bytes) -> Geometry:
    """Raises Malformed when the sector is no FAT boot sector or contradicts itself."""
    if len(sector) < BOOT_SIZE or sector[510:512] != MAGIC:
        raise Malformed("no boot sector")
    if not (sector[0] == 0xE9 or (sector[0] == 0xEB and sector[2] == 0x90)):
        raise Malformed("a boot sector that does not begin with a jump")
    unit, per_cluster, reserved, tables, slots, short_total, media, short_size = struct.unpack_from(
        "<HBHBHHBH", sector, 11
    )
    long_total, long_size, _flags, _version, root_cluster = struct.unpack_from("<IIHHI", sector, 32)
    total = short_total or long_total
    table_size = short_size or long_size
    holds = (
        unit in (512, 1024, 2048, 4096)
        and per_cluster in (1, 2, 4, 8, 16, 32, 64, 128)
        and reserved
        and tables in (1, 2)
        and (media == 0xF0 or media >= 0xF8)
        and table_size
        and not slots * ENTRY_SIZE % unit
        and bool(slots) == bool(short_size)
    )
    root = reserved + tables * table_size
    data = root + slots * ENTRY_SIZE // unit if holds else 0
    if not holds or total <= data:
        raise Malformed("a boot sector that contradicts itself")
    clusters = (total - data) // per_cluster
    bits = 32 if not short_size else 12 if clusters < 4085 else 16
    if not 0 < clusters < 0x0FFFFFF5 or (clusters + 2) * bits > table_size * unit * 8:
        raise Malformed("an allocation table that does not hold its clusters")
    return Geometry(
        bits,
        total * unit,
        per_cluster * unit,
        clusters,
        reserved * unit,
        table_size * unit,
        root * unit,
        slots * ENTRY_SIZE,
        root_cluster,
        data * unit,
        media,
        sector[71:82].decode("cp437").rstrip() if bits == 32 else sector[43:54].decode("cp437").rstrip(),
    )


def is_table(start: bytes, geometry: Geometry) -> bool:
    """Whether the first bytes of a table repeat the media byte, as they must."""
    return len(start) >= 3 and start[0] == geometry.media and start[1] == 0xFF and start[2] in (0xFF, 0x0F)


@dataclass(frozen=True, slots=True)
class Record:
    """One name in a folder."""

    name: bytes
    attributes: int
    cluster: int
    size: int
    mtime: int

    @property
    def is_folder(self) -> bool:
        return bool(self.attributes & FOLDER)


class Fat:
    """One file system. Every method raises Malformed when what it was asked for is damaged."""

    def __init__(self, geometry: Geometry, read: Read) -> None:
        self.geometry = geometry
        self._read = read
        self._window = (-1, b"")
        self.root = Record(b"", FOLDER, geometry.root_cluster if geometry.bits == 32 else 0, 0, 0)

    def _next(self, cluster: int) -> int:
        """What the table says of a cluster."""
        bits = self.geometry.bits
        position = cluster * bits // 8
        index = position // _WINDOW
        if self._window[0] != index:
            # one byte more: a 12-bit entry is read as 16 bits
            length = min(_WINDOW + 1, self.geometry.table_size - index * _WINDOW)
            self._window = index, self._read(self.geometry.table + index * _WINDOW, length)
        at = position - index * _WINDOW
        data = self._window[1][at : at + (4 if bits == 32 else 2)]
        if len(data) < (4 if bits == 32 else 2):
            raise Malformed("the image ends inside its allocation table")
        value = int.from_bytes(data, "little")
        if bits == 12:
            return value >> 4 if cluster & 1 else value & 0xFFF
        return value & 0x0FFFFFFF

    def _chain(self, cluster: int) -> Iterator[int]:
        """The clusters of a chain, each once."""
        end = (1 << min(self.geometry.bits, 28)) - 8
        met = bytearray(self.geometry.clusters // 8 + 1)  # a bit each: a set of a large file's clusters is far larger
        while cluster < end:
            index = cluster - 2
            if not 0 <= index < self.geometry.clusters:
                raise Malformed(f"a chain leads to cluster {cluster}, which there is not")
            if met[index >> 3] >> (index & 7) & 1:
                raise Malformed("a chain of clusters runs in a circle")
            met[index >> 3] |= 1 << (index & 7)
            yield cluster
            cluster = self._next(cluster)

    def _runs(self, cluster: int) -> Iterator[tuple[int, int]]:
        """Offset and length of clusters that follow each other on disk, at most CHUNK bytes or one cluster at a time.

        What comes before a damage is given before Malformed is raised.
        """
        size = self.geometry.cluster_size
        start = last = 0
        problem = None
        try:
            for number in self._chain(cluster):
                if start and (number != last + 1 or (number - start) * size >= CHUNK):
                    yield self._run(start, last)
                    start = number
                start = start or number
                last = number
        except Malformed as error:
            problem = error
        if start:
            yield self._run(start, last)
        if problem is not None:
            raise problem

    def _run(self, first: int, last: int) -> tuple[int, int]:
        size = self.geometry.cluster_size
        return self.geometry.data + (first - 2) * size, (last + 1 - first) * size

    def content(self, file: Record) -> Iterator[bytes]:
        left = file.size
        if not left:
            return
        for offset, length in self._runs(file.cluster):
            data = self._read(offset, min(length, left))
            if len(data) < min(length, left):
                raise Malformed("the image ends before its file system")
            yield data
            left -= len(data)
            if not left:
                return
        raise Malformed(f"{left} bytes at its end are in no cluster")

    def listing(self, folder: Record) -> Iterator[Record]:
        """Files and folders in a folder; `.`, `..`, the label and what was deleted are left out."""
        slots = _Slots()
        for block in self._folder_blocks(folder):
            for at in range(0, len(block) - ENTRY_SIZE + 1, ENTRY_SIZE):
                slot = block[at : at + ENTRY_SIZE]
                if not slot[0]:
                    return
                record = slots.take(slot)
                if record is not None:
                    yield record

    def _folder_blocks(self, folder: Record) -> Iterator[bytes]:
        if folder is self.root and self.geometry.bits != 32:
            data = self._read(self.geometry.root, self.geometry.root_size)
            yield data
            if len(data) < self.geometry.root_size:
                raise Malformed("the image ends inside its root folder")
            return
        room = LISTING_LIMIT
        for offset, length in self._runs(folder.cluster):
            data = self._read(offset, length)
            yield data
            room -= length
            if len(data) < length or room < 0:
                raise Malformed("the image ends inside a folder" if room >= 0 else "a folder without end")


class _Slots:
    """The slots of one folder as they come: the parts of a long name are kept until its short name is met."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._checksum = -1
        self._expected = 0

    def take(self, slot: bytes) -> Record | None:
        short, attributes, case, high, _time, _date, low, size = _fields(slot)
        if slot[0] == 0xE5:
            self._expected = -1
            return None
        if attributes & 0x3F == _LONG_NAME:
            self._take_part(slot)
            return None
        name = self._long_name(short) or _short_name(short, case)
        self._parts, self._expected = [], -1
        if attributes & VOLUME or short.rstrip() in (b".", b".."):
            return None
        return Record(name, attributes, high << 16 | low, size, _seconds(_date, _time))

    def _take_part(self, slot: bytes) -> None:
        number = slot[0] & 0x3F
        if slot[0] & 0x40 and 0 < number <= 20:
            self._parts, self._checksum, self._expected = [], slot[13], number
        if number != self._expected or slot[13] != self._checksum or not number:
            self._expected = -1
            return
        self._parts.append(slot[1:11] + slot[14:26] + slot[28:32])
        self._expected = number - 1

    def _long_name(self, short: bytes) -> bytes | None:
        if self._expected or not self._parts or self._checksum != _checksum(short):
            return None
        text = b"".join(reversed(self._parts)).decode("utf-16-le", "surrogatepass").split("\0")[0]
        return text.encode("utf-8", "surrogatepass")


def _fields(slot: bytes) -> tuple[bytes, int, int, int, int, int, int, int]:
    short, attributes, case, high, time, date, low, size = _ENTRY.unpack(slot)
    return short, attributes, case, high, time, date, low, size


def _checksum(short: bytes) -> int:
    total = 0
    for byte in short:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xFF
    return total


def _short_name(short: bytes, case: int) -> bytes:
    if short[0] == 0x05:
        short = b"\xe5" + short[1:]
    base = short[:8].decode("cp437").rstrip(" ")
    suffix = short[8:].decode("cp437").rstrip(" ")
    base = base.lower() if case & _LOWER_BASE else base
    suffix = suffix.lower() if case & _LOWER_SUFFIX else suffix
    return (f"{base}.{suffix}" if suffix else base).encode()


def _seconds(date: int, time: int) -> int:
    """Seconds since 1970, the clock read as UTC since FAT has no zone; 0 for a date that there is not."""
    year, month, day = 1980 + (date >> 9), date >> 5 & 15, date & 31
    if not 1 <= month <= 12 or not day:
        return 0
    return calendar.timegm((year, month, day, time >> 11, time >> 5 & 63, 2 * (time & 31), 0, 0, 0))
