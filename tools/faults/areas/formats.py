"""Breakages of the readers of formats: what would have an image read wrong and nobody told.

Each is a slip that compiles and reads most images right: a checksum not looked
at, an older node taken for the newest, a hole that is not zero, a cut that nobody is told of.
"""

from fault import Fault

SQUASHFS = "tests/image/filesystem/test_squashfs.py"
SQUASHFS3 = "tests/image/filesystem/test_squashfs3.py"
JFFS2 = "tests/image/filesystem/test_jffs2.py"
UBI = "tests/image/disk/test_ubi.py"
UBIFS = "tests/image/filesystem/test_ubifs.py"
EROFS = "tests/image/filesystem/test_erofs.py"
CRAMFS = "tests/image/filesystem/test_cramfs.py"
ROMFS = "tests/image/filesystem/test_romfs.py"
ISO9660 = "tests/image/filesystem/test_iso9660.py"
YAFFS2 = "tests/image/filesystem/test_yaffs2.py"
FAT = "tests/image/filesystem/test_fat.py"
EXT = "tests/image/filesystem/test_ext.py"
DISKS = "tests/image/disk/test_disks.py"
FIT = "tests/image/container/test_fit.py"
RAUC = "tests/image/container/test_rauc.py"
WRAPPERS = "tests/image/wrapper/test_wrappers.py"
LUKS = "tests/image/encrypted/test_luks.py"
VENDOR = "tests/image/encrypted/test_vendor.py"
MENDER = "tests/image/container/test_mender.py"
SPARSE = "tests/image/container/test_android_sparse.py"
TRX = "tests/image/container/test_trx.py"
SWU = "tests/image/container/test_swu.py"

FAULTS = (
    Fault(
        "formats/squashfs.py",
        "if file.fragment != NO_FRAGMENT else -(-file.size // size)",
        "if file.fragment != NO_FRAGMENT else file.size // size + 1",
        SQUASHFS,
        "a file of whole blocks read one block too far",
    ),
    Fault(
        "formats/squashfs.py",
        "if problem is not None:\n            raise problem",
        "if False:\n            raise problem",
        SQUASHFS,
        "a folder whose listing is cut off taken for a whole one",
    ),
    Fault(
        "formats/squashfs.py",
        "value, _, _ = self._value(start + block, within)",
        "value, _, _ = self._value(start, within)",
        SQUASHFS,
        "a shared attribute read from the wrong block",
    ),
    Fault(
        "formats/squashfs.py",
        "at, offset = after, max(0, offset - len(content))\n\n\nclass Inode",
        "at, offset = after, 0\n\n\nclass Inode",
        SQUASHFS,
        "a position behind its metadata block taken for the start of the next",
    ),
    Fault(
        "formats/squashfs3.py",
        'if order == "little" else word >> 3',
        'if order == "little" else word & 0x1FFF',
        SQUASHFS3,
        "big-endian listings read as little-endian ones",
    ),
    Fault(
        "formats/squashfs3.py",
        "self._header = 3 if superblock.flags & CHECKED else 2",
        "self._header = 2",
        SQUASHFS3,
        "the check byte of a metadata block taken for its content",
    ),
    Fault(
        "formats/jffs2.py",
        "if known is None or version > known[0]:",
        "if known is None or version < known[0]:",
        JFFS2,
        "the oldest name taken for the newest",
    ),
    Fault(
        "formats/jffs2.py",
        "if version >= inode.version:",
        "if inode.version < 0:",
        JFFS2,
        "the oldest description of a file taken for the newest",
    ),
    Fault(
        "formats/jffs2.py",
        "self._names.get(folder, {}).items() if ino)",
        "self._names.get(folder, {}).items())",
        JFFS2,
        "removed names listed",
    ),
    Fault(
        "formats/jffs2.py",
        "if crc(data) != node.checksum:",
        "if False:",
        JFFS2,
        "a node whose data was torn read as whole",
    ),
    Fault(
        "formats/jffs2.py",
        "heapq.heappush(active, (-version, -at, node.offset + node.length))\n            while active",
        "heapq.heappush(active, (version, -at, node.offset + node.length))\n            while active",
        JFFS2,
        "the older of two pieces on top of the newer",
    ),
    Fault(
        "formats/jffs2.py",
        "            if sequence & 1:\n                continue\n",
        "",
        JFFS2,
        "attributes that were taken off listed",
    ),
    Fault(
        "formats/ubi.py",
        'if checksum(record[:168]) != int.from_bytes(record[168:], "big"):',
        "if False:",
        UBI,
        "damaged rows of the volume table believed",
    ),
    Fault(
        "formats/ubi.py",
        'head[:4] != IDENTIFIER or checksum(head[:60]) != int.from_bytes(head[60:64], "big"):',
        "head[:4] != IDENTIFIER:",
        UBI,
        "a torn identifier taken for a block of a volume",
    ),
    Fault(
        "formats/ubifs.py",
        "zlib.crc32(memoryview(data)[at + 8 : end]) ^ 0xFFFFFFFF == stored",
        "stored >= 0",
        UBIFS,
        "nodes whose checksum does not hold believed",
    ),
    Fault(
        "formats/erofs.py",
        "return crc32c(block[:4] + bytes(4) + block[8:], 0xFFFFFFFF) == superblock.checksum",
        "return True",
        EROFS,
        "the superblock's checksum not looked at",
    ),
    Fault(
        "formats/cramfs.py",
        "return total == found.checksum",
        "return True",
        CRAMFS,
        "the checksum of the image not looked at",
    ),
    Fault(
        "formats/romfs.py",
        "not _sum(data[:length]),",
        "True,",
        ROMFS,
        "the checksum of a file's header not looked at",
    ),
    Fault(
        "formats/iso9660.py",
        "more = bool(data[25] & _MORE)",
        "more = False",
        ISO9660,
        "a file in several extents listed once for each",
    ),
    Fault(
        "formats/yaffs2.py",
        "if key > known.newest:\n            known.newest",
        "if known.newest < 0:\n            known.newest",
        YAFFS2,
        "the oldest header of an object taken for the newest",
    ),
    Fault(
        "formats/fat.py",
        "if slot[0] == 0xE5:",
        "if slot[0] == 0xE6:",
        FAT,
        "deleted files listed",
    ),
    Fault(
        "formats/ext4.py",
        'if number and name not in (b".", b".."):',
        'if name not in (b".", b".."):',
        EXT,
        "deleted names listed",
    ),
    Fault(
        "formats/squashfs3.py",
        'shift = skipped if self._order == "little" else (last - first) * 8 - skipped - width',
        "shift = skipped",
        SQUASHFS3,
        "big-endian fields taken from the low end",
    ),
    Fault(
        "formats/ubifs.py",
        "return Superblock(block, blocks) if fits and holds(head, 0, header) else None",
        "return Superblock(block, blocks) if fits else None",
        UBIFS,
        "a superblock whose checksum does not hold believed",
    ),
    Fault(
        "formats/erofs.py",
        "HOLE if address == null else address << self.superblock.block_bits",
        "address << self.superblock.block_bits",
        EROFS,
        "a hole among chunks read as an address",
    ),
    Fault(
        "formats/cramfs.py",
        "        if packed == 0:\n            return bytes(length)\n",
        '        if packed == 0:\n            return b""\n',
        CRAMFS,
        "holes left out of a content",
    ),
    Fault(
        "formats/romfs.py",
        "        if end > self.superblock.size:\n",
        "        if False:\n",
        ROMFS,
        "a content read past the end of its file system",
    ),
    Fault(
        "formats/iso9660.py",
        '            if signature == b"RE":\n                return None\n',
        "",
        ISO9660,
        "folders that were moved listed where they lie too",
    ),
    Fault(
        "formats/iso9660.py",
        "                yield bytes(length)\n                continue\n",
        "                continue\n",
        ISO9660,
        "empty blocks of zisofs left out",
    ),
    Fault(
        "formats/yaffs2.py",
        "and known.newest >= shadowed.get(number, -1):",
        "and known.newest >= -1:",
        YAFFS2,
        "files that another replaced listed beside it",
    ),
    Fault(
        "formats/yaffs2.py",
        "            yield from _zeros(start - position)\n",
        "",
        YAFFS2,
        "holes left out of a content",
    ),
    Fault("formats/fdt.py", "if offset > end:", "if False:", FIT, "a value longer than its tree believed"),
    Fault(
        "formats/fdt.py",
        "return self.offset + self.size + -self.size % 4",
        "return self.offset + self.size",
        FIT,
        "the padding of a value taken for what follows",
    ),
    Fault(
        "formats/gpt.py",
        "if zlib.crc32(sector[:16] + bytes(4) + sector[20:size]) != crc:",
        "if False:",
        DISKS,
        "a damaged header believed, and the backup never used",
    ),
    Fault(
        "formats/gpt.py",
        "return len(table) == header.table_size and zlib.crc32(table) == header.table_crc",
        "return len(table) == header.table_size",
        DISKS,
        "a damaged table of partitions believed",
    ),
    Fault(
        "formats/fat.py",
        "if self._expected or not self._parts or self._checksum != _checksum(short):",
        "if self._expected or not self._parts:",
        FAT,
        "a long name that belongs to another file taken",
    ),
    Fault(
        "formats/fat.py",
        'raise Malformed(f"{left} bytes at its end are in no cluster")',
        "return",
        FAT,
        "a file whose chain ends early taken for whole",
    ),
    Fault(
        "formats/fat.py",
        "return value >> 4 if cluster & 1 else value & 0xFFF",
        "return value & 0xFFF if cluster & 1 else value >> 4",
        FAT,
        "odd and even entries of 12 bits swapped",
    ),
    Fault(
        "formats/ext4.py",
        "yield logical, length - _UNWRITTEN, 0",
        "yield logical, length - _UNWRITTEN, high << 32 | low",
        EXT,
        "what was reserved and never written shown as content",
    ),
    Fault(
        "formats/ext4.py",
        "        if left:\n            yield from _zeros(left)\n",
        "",
        EXT,
        "a hole at the end left out of a content",
    ),
    Fault(
        "formats/ext4.py",
        '        if self.flags & _ENCRYPTED_FILE:\n            return "encrypted with fscrypt"\n',
        "",
        EXT,
        "encrypted bytes shown as content",
    ),
    Fault("formats/der.py", "if size > end - start:", "if False:", RAUC, "a value longer than what holds it believed"),
    Fault(
        "formats/der.py",
        "in (SIGNED_DATA, ENVELOPED_DATA)",
        "in (SIGNED_DATA,)",
        RAUC,
        "the message of an encrypted bundle not known for one",
    ),
    Fault(
        "formats/raucm.py",
        'name.partition(".")[2]: keys',
        'name.rpartition(".")[2]: keys',
        RAUC,
        "images of slots with a dot in their names mixed up",
    ),
    Fault(
        "image/filesystem/squashfs.py",
        "if len(data) != self.length:",
        "if False:",
        SQUASHFS,
        "a block that holds too little taken for whole",
    ),
    Fault(
        "image/filesystem/squashfs.py",
        'self.problems.add(f"{path}: the extended attributes cannot be read: {error}")',
        "pass",
        SQUASHFS,
        "attributes that cannot be read taken for none",
    ),
    Fault(
        "image/filesystem/ext.py",
        "if image.superblock.incompatible & RECOVER:",
        "if False:",
        EXT,
        "a journal that was not replayed not told",
    ),
    Fault(
        "image/filesystem/jffs2.py",
        "elif source.first_written(log.end) is not None:",
        "elif False:",
        JFFS2,
        "what follows the file system passed over in silence",
    ),
    Fault(
        "image/filesystem/jffs2.py",
        "        if log.damaged:\n",
        "        if False:\n",
        JFFS2,
        "nodes left out in silence",
    ),
    Fault(
        "image/filesystem/ubifs.py",
        "later = bisect_right(sequences, piece.sequence)",
        "later = 0",
        UBIFS,
        "what was written after a cut forgotten",
    ),
    Fault(
        "image/filesystem/fat.py",
        "return min(_geometry(source).size, source.size)",
        "return min(_geometry(source).size + 512, source.size)",
        FAT,
        "a size of one sector more",
    ),
    Fault(
        "image/filesystem/cramfs.py",
        "and not image.holds():",
        "and False:",
        CRAMFS,
        "a checksum that does not hold not told",
    ),
    Fault(
        "image/disk/gpt.py",
        "(entry.last - entry.first + 1) * sector",
        "(entry.last - entry.first) * sector",
        DISKS,
        "partitions without their last sector",
    ),
    Fault(
        "image/disk/ubi.py",
        "return later if ubi.checksum(data) == later.identifier.crc else earlier",
        "return later",
        UBI,
        "a copy that was not ended taken for the newest",
    ),
    Fault(
        "image/disk/ubi.py",
        "    if volume.is_marked:\n",
        "    if False:\n",
        UBI,
        "a volume whose update was not ended taken for whole",
    ),
    Fault(
        "image/disk/ubi.py",
        'b"\\xff" * step if place is None',
        'b"\\0" * step if place is None',
        UBI,
        "a block that is nowhere not read as erased",
    ),
    Fault(
        "image/container/rauc.py",
        'manifest.format == "crypt" and source.read(0, 4)',
        "False and source.read(0, 4)",
        RAUC,
        "encrypted content shown as unknown",
    ),
    Fault(
        "image/container/rauc.py",
        "    if problem:\n        raise Damaged(problem)",
        '    if False:\n        raise Damaged(problem or "")',
        RAUC,
        "a manifest that cannot be read not told",
    ),
    Fault(
        "image/container/mender.py",
        "return None if digest.hexdigest() == stated[file.name] else",
        "return None if digest.hexdigest() else",
        MENDER,
        "a file that is not the one the manifest states passed",
    ),
    Fault(
        "image/container/android_sparse.py",
        "if record.kind == RAW and record.end > source.size:",
        "if False:",
        SPARSE,
        "a disk that is cut off taken for whole",
    ),
    Fault(
        "image/container/trx.py",
        "if crc32(_checked(source, header), budget) ^ 0xFFFFFFFF != header.checksum:",
        "if False:",
        TRX,
        "the checksum not looked at",
    ),
    Fault(
        "image/container/swu.py",
        "and image.sha256 is not None and _sha256(content, budget) != image.sha256:",
        "and False:",
        SWU,
        "a member that is not the one described passed",
    ),
    Fault(
        "image/wrapper/xz.py",
        "offset = end + -(end - begin) % 4 + check",
        "offset = end + check",
        WRAPPERS,
        "the padding of a block taken for what follows",
    ),
    Fault(
        "image/wrapper/lz4.py",
        "end = offset + (4 if flags & 4 else 0)",
        "end = offset",
        WRAPPERS,
        "a frame measured without its checksum",
    ),
    Fault(
        "image/wrapper/lzip.py",
        "if said != [self._checksum, self._made, self._taken - len(self.unused_data)]:",
        "if False:",
        WRAPPERS,
        "the checksum and the lengths not looked at",
    ),
    Fault(
        "image/wrapper/lzop.py",
        'raise Malformed("a block\'s checksum does not hold")',
        "pass",
        WRAPPERS,
        "the checksum of a block not looked at",
    ),
    Fault(
        "image/encrypted/luks.py",
        "raise Encrypted(_words(header))",
        "return iter(())",
        LUKS,
        "an encrypted part reported as empty",
    ),
    Fault(
        "image/encrypted/vendor.py",
        'raise Encrypted(f"{found[0].name}: encrypted, not readable without its key")',
        "return iter(())",
        VENDOR,
        "an encrypted part reported as empty",
    ),
)
