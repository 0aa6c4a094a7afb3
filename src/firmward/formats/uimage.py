"""Legacy uImages (U-Boot's include/image.h): 64 bytes of header, then one image, or a table of sizes and several.

The header has a checksum of itself, taken with that field zero, and one of the data. Nothing in it is signed: a boot
loader that takes such an image takes it from anyone. A multi-file image and a script begin with their sizes, ended by a
zero; each image but the last is padded to four bytes. All numbers are big endian.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"\x27\x05\x19\x56"
OPENWRT = b"OKLI"
"""What OpenWrt's own loader looks for behind itself, so that a boot loader does not take it for its image."""
HEADER_SIZE = 64
IMAGES = 64
"""Images of a multi-file image; U-Boot uses three."""
SCRIPT_LIMIT = 4 << 20
"""Bytes of a script's text."""
PIECE = 1 << 20

SYSTEMS = (
    "invalid", "openbsd", "netbsd", "freebsd", "4_4bsd", "linux", "svr4", "esix", "solaris", "irix", "sco", "dell",
    "ncr", "lynxos", "vxworks", "psos", "qnx", "u-boot", "rtems", "artos", "unity", "integrity", "ose", "plan9",
    "openrtos", "arm-trusted-firmware", "tee", "opensbi", "efi",
)  # fmt: skip
ARCHITECTURES = (
    "invalid", "alpha", "arm", "x86", "ia64", "mips", "mips64", "powerpc", "s390", "sh", "sparc", "sparc64", "m68k",
    "nios", "microblaze", "nios2", "blackfin", "avr32", "st200", "sandbox", "nds32", "or1k", "arm64", "arc", "x86_64",
    "xtensa", "riscv",
)  # fmt: skip
KINDS = (
    "invalid", "standalone", "kernel", "ramdisk", "multi", "firmware", "script", "filesystem", "flat_dt", "kwbimage",
    "imximage", "ublimage", "omapimage", "aisimage", "kernel_noload", "pblimage", "mxsimage", "gpimage", "atmelimage",
    "socfpgaimage", "x86_setup", "lpc32xximage", "loadable", "rkimage", "rksd", "rkspi", "zynqimage", "zynqmpimage",
    "zynqmpbif", "fpga", "vybridimage", "tee", "firmware_ivt", "pmmc", "stm32image", "socfpgaimage_v1", "mtk_image",
    "imx8mimage", "imx8image", "copro", "sunxi_egon", "sunxi_toc0",
)  # fmt: skip
COMPRESSIONS = ("none", "gzip", "bzip2", "lzma", "lzo", "lz4", "zstd")
WITH_TABLE = frozenset(("multi", "script"))

_HEADER = struct.Struct(">7I4B32s")


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose checksum holds. `size` in bytes, without the header; `load` and `entry` are addresses.

    `system`, `architecture`, `kind` and `compression` are mkimage's short names, or a number that it has none for.
    """

    name: str
    made: datetime
    size: int
    load: int
    entry: int
    data_crc: int
    system: str
    architecture: str
    kind: str
    compression: str
    is_openwrt: bool = False

    @property
    def has_table(self) -> bool:
        return self.kind in WITH_TABLE


def parse_header(head: bytes) -> Header:
    """The header that the first 64 bytes are. Raises Malformed when they are none, or its checksum does not hold."""
    if len(head) < HEADER_SIZE or head[:4] not in (MAGIC, OPENWRT):
        raise Malformed("no header of a uImage")
    values = _HEADER.unpack_from(head)
    _, checksum, made, size, load, entry, data_crc, system, architecture, kind, compression, name = values
    if zlib.crc32(head[:4] + bytes(4) + head[8:HEADER_SIZE]) != checksum:
        raise Malformed("the checksum of the header is wrong")
    return Header(
        name=name.partition(b"\0")[0].decode("utf-8", "replace"),
        made=datetime.fromtimestamp(made, UTC),
        size=size,
        load=load,
        entry=entry,
        data_crc=data_crc,
        system=_named(SYSTEMS, system, "system"),
        architecture=_named(ARCHITECTURES, architecture, "architecture"),
        kind=_named(KINDS, kind, "type"),
        compression=_named(COMPRESSIONS, compression, "compression"),
        is_openwrt=head[:4] == OPENWRT,
    )


def _named(names: tuple[str, ...], number: int, what: str) -> str:
    return names[number] if number < len(names) else f"{what}-{number}"


def sizes(read: Read) -> tuple[int, ...]:
    """The table behind the header of a multi-file image or script, in bytes. Raises Malformed when it has no end."""
    table = read(HEADER_SIZE, 4 * IMAGES + 4)
    found: list[int] = []
    for (size,) in struct.iter_unpack(">I", table[: len(table) & ~3]):
        if size == 0:
            return tuple(found)
        found.append(size)
    raise Malformed("the table of sizes has no end")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies, in bytes from the header's start."""

    offset: int
    size: int


def images(read: Read, header: Header) -> tuple[Place, ...]:
    """What is behind the header: one image, or those of the table. Raises Malformed."""
    if not header.has_table:
        return (Place(HEADER_SIZE, header.size),)
    found: list[Place] = []
    table = sizes(read)
    offset = HEADER_SIZE + 4 * len(table) + 4
    for size in table:
        found.append(Place(offset, size))
        offset += size + -size % 4
    return tuple(found)


def script(read: Read, header: Header) -> str:
    """The commands of a script: U-Boot runs the first of its texts. Raises Malformed when it is none."""
    if header.kind != "script":
        raise Malformed(f"a {header.kind} is no script")
    places = images(read, header)
    if not places:
        raise Malformed("the script has no text")
    first = places[0]
    if first.size > SCRIPT_LIMIT or first.offset + first.size > HEADER_SIZE + header.size:
        raise Malformed(f"the script's text of {first.size} bytes does not fit")
    data = read(first.offset, first.size)
    if len(data) < first.size:
        raise Malformed(f"cut off: {len(data)} of {first.size} bytes of the script are there")
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def holds(read: Read, header: Header) -> bool:
    """Whether the checksum of the data holds. Raises Malformed when the data are cut off."""
    checksum = at = 0
    while at < header.size:
        piece = read(HEADER_SIZE + at, min(PIECE, header.size - at))
        if not piece:
            raise Malformed(f"cut off: {at} of {header.size} bytes are there")
        checksum = zlib.crc32(piece, checksum)
        at += len(piece)
    return checksum == header.data_crc
