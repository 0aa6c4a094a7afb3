"""Breakages of the readers of formats: what would have an image read wrong and nobody told.

Rows as of `faults.py`, which runs them. Each is a slip that compiles and reads most images right: a checksum not looked
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

FORMATS = (
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
)
