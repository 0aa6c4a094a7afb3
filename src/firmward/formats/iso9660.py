"""ISO 9660 with Rock Ridge, Joliet, multi-extent files and zisofs.

The rules this file holds:

- Volume descriptors stand from 32 KiB on, 2048 bytes each, up to one of type 255. Numbers stand twice, in both byte
  orders, which is what a header is held against.
- Rock Ridge, when the root's first record says it is used, gives names, owners, modes, links, devices and times; what
  does not fit in a record goes on elsewhere (CE). Folders that are too deep stand elsewhere too: a placeholder (CL)
  leads there, and their own record (RE) is passed over.
- Without Rock Ridge the names of Joliet are used; without both the plain ones, in lower case and without version, as
  Linux shows them.
- A file in several extents has a record each, all but the last marked.
- A boot image is named by a catalogue of its own (El Torito) and need not be a file.

Nothing here opens a file: reading comes in as a function. Every length is held against a bound before it is followed.
"""

import calendar
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from firmward.formats.malformed import Malformed
from firmward.model.tree import KINDS, Kind

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"\x01CD001\x01"
MAGIC_OFFSET = 32768
SECTOR = 2048

DESCRIPTORS_LIMIT = 64
LISTING_LIMIT = 64 << 20
"""Bytes of one folder."""
CONTINUATIONS_LIMIT = 64
"""Places that the system use of one record may go on at."""
EXTENTS_LIMIT = 4096
"""Records of one file: at 4 GiB each far more than there are disks."""
TARGET_LIMIT = 4096
CHUNK = 256 << 10
"""Bytes given at a time."""
ZISOFS_MAGIC = b"\x37\xe4\x53\x96\xc9\xdb\xd6\x07"
ZISOFS_LOGS = (15, 16, 17)
"""Bits of a compressed file's blocks: 32, 64, 128 KiB."""

_FOLDER, _ASSOCIATED, _MORE = 0x2, 0x4, 0x80


@dataclass(frozen=True, slots=True)
class Record:
    """One name in a folder. Extents are pairs of a byte offset and a length."""

    name: bytes
    kind: Kind
    extents: tuple[tuple[int, int], ...]
    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    target: bytes | None = None
    device: tuple[int, int] | None = None
    unpacked: int | None = None
    """Bytes that a file compressed by zisofs expands to."""
    moved_to: int | None = field(default=None, compare=False)

    @property
    def size(self) -> int:
        if self.unpacked is not None:
            return self.unpacked
        return sum(length for _, length in self.extents)


@dataclass(frozen=True, slots=True)
class Volume:
    """What the descriptors say. `joliet` is the second root, `catalogue` where boot images are listed, in bytes."""

    block: int
    size: int
    root: tuple[int, int]
    label: str
    joliet: tuple[int, int] | None
    catalogue: int | None


def _both(data: bytes, at: int, width: int) -> int:
    """A number that stands in both byte orders."""
    little = int.from_bytes(data[at : at + width], "little")
    if little != int.from_bytes(data[at + width : at + 2 * width], "big"):
        raise Malformed("a number that differs between its byte orders")
    return little


def parse_volume(read: Read) -> Volume:
    """Raises Malformed when the descriptors are none or contradict themselves."""
    first = read(MAGIC_OFFSET, SECTOR)
    if len(first) < SECTOR or first[:7] != MAGIC or first[881] not in (0, 1):
        raise Malformed("no primary volume descriptor")
    block = _both(first, 128, 2)
    blocks = _both(first, 80, 4)
    _both(first, 120, 2)
    _both(first, 132, 4)
    if block not in (512, 1024, 2048) or not blocks:
        raise Malformed("a volume descriptor that contradicts itself")
    root = _root(first, block)
    joliet = catalogue = None
    for number in range(1, DESCRIPTORS_LIMIT):
        data = read(MAGIC_OFFSET + number * SECTOR, SECTOR)
        if len(data) < SECTOR or data[1:6] != b"CD001" or data[0] == 255:
            break
        if data[0] == 2 and data[88:91] in (b"%/@", b"%/C", b"%/E"):
            joliet = _root(data, block)
        elif data[0] == 0 and data[7:30] == b"EL TORITO SPECIFICATION":
            catalogue = int.from_bytes(data[71:75], "little") * SECTOR
    label = first[40:72].decode("latin-1").rstrip(" \0")
    return Volume(block, blocks * block, root, label, joliet, catalogue)


def _root(descriptor: bytes, block: int) -> tuple[int, int]:
    record = descriptor[156:190]
    if record[0] < 34 or not record[25] & _FOLDER:
        raise Malformed("a root that is no folder")
    return _both(record, 2, 4) * block, _both(record, 10, 4)


class Iso:
    """One file system. Every method raises Malformed when what it was asked for is damaged."""

    def __init__(self, volume: Volume, read: Read) -> None:
        self.volume = volume
        self._read = read
        self._skip: int | None = None
        """Bytes before the system use of every record, where Rock Ridge is used."""
        self.uses_rock_ridge = self._find_rock_ridge()
        self.uses_joliet = volume.joliet is not None and not self.uses_rock_ridge
        start = volume.joliet if self.uses_joliet and volume.joliet else volume.root
        self.root = Record(b"", Kind.DIRECTORY, (start,), 0o555)

    def _bytes(self, offset: int, length: int) -> bytes:
        data = self._read(offset, length)
        if len(data) < length:
            raise Malformed("the image ends before its file system")
        return data

    def _find_rock_ridge(self) -> bool:
        """The root's record of itself begins its system use with SP, which says how much to pass over in others."""
        head = self._read(self.volume.root[0], 256)
        if len(head) < 34 or head[0] < 34 or head[32] != 1:
            raise Malformed("the root folder is damaged")
        use = head[34 : head[0]]
        for start in (0, 14):  # CD-ROM XA stands before it
            if use[start : start + 2] == b"SP" and use[start + 4 : start + 6] == b"\xbe\xef":
                self._skip = use[start + 6]
                signatures = {signature for signature, _ in self._uses(use[start:])}
                return bool(signatures & {b"PX", b"RR", b"NM", b"ER", b"TF"})
        return False

    def listing(self, folder: Record) -> Iterator[Record]:
        """What is in a folder, `.` and `..` left out; what is whole is given before Malformed is raised."""
        parts: list[Record] = []
        problem = None
        for data in self._records(folder):
            try:
                record = self._record(data)
            except Malformed as error:
                problem = error
                continue
            if record is None:
                continue
            more = bool(data[25] & _MORE)
            if more or parts:
                parts.append(record)
                if more and len(parts) < EXTENTS_LIMIT:
                    continue
                extents = tuple(extent for part in parts for extent in part.extents)
                record, parts = replace(record, extents=extents), []
            yield record
        if problem:
            raise problem

    def _records(self, folder: Record) -> Iterator[bytes]:
        """The records of a folder; none crosses the end of a sector."""
        if folder.size > LISTING_LIMIT:
            raise Malformed(f"a folder of {folder.size} bytes")
        for offset, length in folder.extents:
            for begin in range(0, length, SECTOR):
                sector = self._bytes(offset + begin, min(SECTOR, length - begin))
                at = 0
                while at < len(sector) and sector[at]:
                    data = sector[at : at + sector[at]]
                    if len(data) < 34 or len(data) < sector[at] or 33 + data[32] > len(data):
                        raise Malformed("a record is damaged")
                    yield data
                    at += len(data)

    def _record(self, data: bytes) -> Record | None:
        name = data[33 : 33 + data[32]]
        if name in (b"\0", b"\1") or data[25] & _ASSOCIATED:
            return None
        start = (int.from_bytes(data[2:6], "little") + data[1]) * self.volume.block
        extents = ((start, int.from_bytes(data[10:14], "little")),)
        is_folder = bool(data[25] & _FOLDER)
        kind = Kind.DIRECTORY if is_folder else Kind.FILE
        mode = 0o555
        plain = Record(self._plain_name(name), kind, extents, mode, mtime=_short_time(data[18:25]))
        if self._skip is None or self.uses_joliet:
            return plain
        behind = 33 + data[32] + (1 - data[32] % 2)
        return self._rock_ridge(plain, data[behind + self._skip :])

    def _plain_name(self, name: bytes) -> bytes:
        if self.uses_joliet:
            text = name[: len(name) & ~1].decode("utf-16-be", "replace").encode()
            return text.partition(b";")[0]
        return name.partition(b";")[0].removesuffix(b".").lower()

    def _rock_ridge(self, plain: Record, use: bytes) -> Record | None:
        """A record with what its system use says; None for a folder that stands here for want of depth only."""
        found, name, target = plain, b"", _Target()
        for signature, data in self._uses(use):
            if signature == b"RE":
                return None
            if signature == b"NM" and len(data) >= 5 and not data[4] & 6:
                name += data[5:]
            elif signature == b"SL":
                target.add(data)
            elif signature == b"CL" and len(data) >= 8:
                found = replace(found, moved_to=int.from_bytes(data[4:8], "little") * self.volume.block)
            else:
                found = _attribute(found, signature, data)
        found = replace(found, name=name or found.name)
        if found.kind is Kind.SYMLINK:
            found = replace(found, target=target.text)
        return found if found.moved_to is None else self._moved(found, found.moved_to)

    def _moved(self, placeholder: Record, start: int) -> Record:
        """The folder that a placeholder leads to: what its record of itself says."""
        head = self._bytes(start, 34)
        data = self._bytes(start, max(head[0], 34))
        if head[32] != 1 or not head[25] & _FOLDER:
            raise Malformed("a folder that was moved is not where it should be")
        extents = ((start, int.from_bytes(data[10:14], "little")),)
        found = Record(placeholder.name, Kind.DIRECTORY, extents, 0o555, mtime=_short_time(data[18:25]))
        for signature, use in self._uses(data[34 + (self._skip or 0) :]):
            found = _attribute(found, signature, use)
        return replace(found, kind=Kind.DIRECTORY)

    def _uses(self, use: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The entries of a system use, in the order they are read, those elsewhere among them."""
        for _ in range(CONTINUATIONS_LIMIT):
            follow = None
            while len(use) >= 4 and use[2] >= 4:
                data = use[: use[2]]
                use = use[use[2] :]
                if data[:2] == b"ST":
                    break
                if data[:2] == b"CE" and len(data) >= 28:
                    block, offset, length = (int.from_bytes(data[at : at + 4], "little") for at in (4, 12, 20))
                    follow = block * self.volume.block + offset, length
                    continue
                yield data[:2], data
            if follow is None:
                return
            use = self._bytes(follow[0], min(follow[1], SECTOR))
        raise Malformed("a record goes on without end")

    def content(self, file: Record) -> Iterator[bytes]:
        if file.unpacked is not None:
            yield from self._unzipped(file)
            return
        for offset, length in file.extents:
            for begin in range(0, length, CHUNK):
                yield self._bytes(offset + begin, min(CHUNK, length - begin))

    def _unzipped(self, file: Record) -> Iterator[bytes]:
        """zisofs: a header, where each block begins, and the blocks by zlib; an empty one is zeros."""
        start, stored = file.extents[0]
        head = self._bytes(start, 16)
        size, header, log = struct.unpack_from("<IBB", head, 8)
        if head[:8] != ZISOFS_MAGIC or size != file.unpacked or log not in ZISOFS_LOGS or header < 4:
            raise Malformed("the header of its compression (zisofs) is damaged")
        block = 1 << log
        count = -(-size // block)
        if header * 4 + 4 * (count + 1) > stored:
            raise Malformed("the list of its compressed blocks is cut off")
        table = struct.unpack(f"<{count + 1}I", self._bytes(start + header * 4, 4 * (count + 1)))
        for number in range(count):
            begin, end = table[number], table[number + 1]
            length = min(block, size - number * block)
            if begin == end:
                yield bytes(length)
                continue
            if not begin < end <= stored or end - begin > 2 * block:
                raise Malformed("a compressed block lies outside the file")
            try:
                data = zlib.decompressobj().decompress(self._bytes(start + begin, end - begin), length + 1)
            except zlib.error as error:
                raise Malformed(f"a compressed block is damaged: {error}") from None
            if len(data) != length:
                raise Malformed("a compressed block is not as long as it must be")
            yield data

    def boot_images(self) -> Iterator[int]:
        """Where the boot images begin that El Torito names, in bytes."""
        if self.volume.catalogue is None:
            return
        data = self._bytes(self.volume.catalogue, SECTOR)
        if data[0] != 1 or data[30:32] != b"\x55\xaa" or sum(struct.unpack("<16H", data[:32])) & 0xFFFF:
            raise Malformed("the catalogue of boot images is damaged")
        for at in range(32, SECTOR, 32):
            if data[at] == 0x88:
                yield int.from_bytes(data[at + 8 : at + 12], "little") * SECTOR


class _Target:
    """A symbolic link's text, component by component."""

    def __init__(self) -> None:
        self.text = b""
        self._parted = False

    def add(self, data: bytes) -> None:
        at = 5
        while at + 2 <= len(data):
            flags, length = data[at], data[at + 1]
            if self._parted:
                self.text += b"/"
            word = b".." if flags & 4 else b"." if flags & 2 else data[at + 2 : at + 2 + length]
            self.text += b"/" if flags & 8 else word
            self._parted = not flags & 9
            at += 2 + length
        if len(self.text) > TARGET_LIMIT:
            raise Malformed("a symbolic link that is too long")


def _attribute(found: Record, signature: bytes, data: bytes) -> Record:
    """A record with what one entry says of owner, device, time or compression."""
    if signature == b"PX" and len(data) >= 36:
        return _posix(found, data)
    if signature == b"TF":
        return replace(found, mtime=_modified(data, found.mtime))
    if signature == b"PN" and len(data) >= 20:
        return replace(found, device=_device(data))
    if signature == b"ZF" and data[4:6] == b"pz" and len(data) >= 16:
        return replace(found, unpacked=int.from_bytes(data[8:12], "little"))
    return found


def _posix(found: Record, data: bytes) -> Record:
    mode, _, _, _, uid, _, gid = struct.unpack_from("<7I", data, 4)
    kind = KINDS.get(stat.S_IFMT(mode))
    if kind is None:
        raise Malformed("a file of unknown kind")
    return replace(found, kind=kind, mode=mode & 0o7777, uid=uid, gid=gid)


def _device(data: bytes) -> tuple[int, int]:
    """Major and minor; some writers put both in the lower number."""
    high, low = int.from_bytes(data[4:8], "little"), int.from_bytes(data[12:16], "little")
    if not high and low > 0xFF:
        return (low >> 8) & 0xFFF, (low & 0xFF) | ((low >> 12) & 0xFFF00)
    return high, low


def _modified(data: bytes, otherwise: int) -> int:
    """The time of the last change in a list of times; the flags say which there are, in the order of their bits."""
    if len(data) < 5 or not data[4] & 2:
        return otherwise
    width = 17 if data[4] & 0x80 else 7
    at = 5 + width * (data[4] & 1)
    stamp = data[at : at + width]
    if len(stamp) < width:
        return otherwise
    return _long_time(stamp) if width == 17 else _short_time(stamp)


def _short_time(stamp: bytes) -> int:
    """Years since 1900, month, day, hour, minute, second, and the zone in quarters of an hour; 0 for no date."""
    year, month, day, hour, minute, second, zone = stamp
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return 0
    quarters = zone - 256 if zone > 127 else zone
    return calendar.timegm((1900 + year, month, day, hour, minute, second)) - quarters * 900


def _long_time(stamp: bytes) -> int:
    digits = stamp[:14]
    if not digits.isdigit():
        return 0
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    if not 1 <= month <= 12 or not 1 <= day <= 31 or not year:
        return 0
    quarters = stamp[16] - 256 if stamp[16] > 127 else stamp[16]
    clock = int(digits[8:10]), int(digits[10:12]), int(digits[12:14])
    return calendar.timegm((year, month, day, *clock)) - quarters * 900
