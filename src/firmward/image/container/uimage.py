"""Legacy uImages (U-Boot's include/image.h): 64 bytes of header, then one image, or a table of sizes and several.

A multi-file image and a script begin with their sizes, ended by a zero; each image but the last is padded to four
bytes. All numbers are big endian.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import opened, placed, role_of
from firmward.image.source import Source
from firmward.model.report import Role

MAGIC = b"\x27\x05\x19\x56"
OPENWRT = b"OKLI"
"""What OpenWrt's own loader looks for behind itself, so that a boot loader does not take it for its image."""
HEADER_SIZE = 64
IMAGES = 64
"""Images of a multi-file image; U-Boot uses three."""

SYSTEMS = {5: "linux", 17: "u-boot", 25: "arm-trusted-firmware", 26: "tee", 27: "opensbi"}
COMPRESSIONS = {0: "none", 1: "gzip", 2: "bzip2", 3: "lzma", 4: "lzo", 5: "lz4", 6: "zstd"}
MULTI, SCRIPT = 4, 6
TYPES = {
    1: "standalone",
    2: "kernel",
    3: "ramdisk",
    MULTI: "multi",
    5: "firmware",
    SCRIPT: "script",
    7: "filesystem",
    8: "flat_dt",
    14: "kernel_noload",
}

_HEADER = struct.Struct(">7I4B32s")


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose checksum holds."""

    size: int
    data_crc: int
    system: str | None
    type: int
    compression: str

    @property
    def kind(self) -> str:
        return TYPES.get(self.type, f"type-{self.type}")


def parse_header(head: bytes) -> Header | None:
    """None when it is no header or its checksum does not hold."""
    if len(head) < HEADER_SIZE or head[:4] not in (MAGIC, OPENWRT):
        return None
    _, checksum, _, size, _, _, data_crc, system, _, kind, compression, _ = _HEADER.unpack(head)
    if zlib.crc32(head[:4] + bytes(4) + head[8:]) != checksum:
        return None
    return Header(size, data_crc, SYSTEMS.get(system), kind, COMPRESSIONS.get(compression, "unknown"))


def measure(source: Source) -> int | None:
    header = parse_header(source.read(0, HEADER_SIZE))
    return None if header is None else min(HEADER_SIZE + header.size, source.size)


def open_uimage(source: Source, budget: Budget) -> Iterator[Child]:
    header = parse_header(source.read(0, HEADER_SIZE))
    if header is None:
        raise Damaged("no header whose checksum holds")
    if header.type in (MULTI, SCRIPT):
        yield from _images(source, header, budget)
    else:
        role = role_of(header.kind, header.system)
        child = placed(source, header.kind, HEADER_SIZE, header.size, header.kind, role)
        yield opened(child, header.compression, budget)
    _check(source.slice(HEADER_SIZE, header.size), header, budget)


def _images(source: Source, header: Header, budget: Budget) -> Iterator[Child]:
    """U-Boot takes the first image for the kernel; what the others are they show themselves."""
    sizes = _sizes(source)
    offset = HEADER_SIZE + 4 * len(sizes) + 4
    for number, size in enumerate(sizes):
        if header.type == SCRIPT:
            name, kind, role = "script", "script", None
        else:
            first = number == 0 and header.system == "linux"
            name, kind, role = f"image-{number}", "unknown", Role.KERNEL if first else None
        yield opened(placed(source, name, offset, size, kind, role), header.compression, budget)
        offset += size + -size % 4


def _sizes(source: Source) -> tuple[int, ...]:
    table = source.read(HEADER_SIZE, 4 * IMAGES + 4)
    sizes: list[int] = []
    for (size,) in struct.iter_unpack(">I", table[: len(table) & ~3]):
        if size == 0:
            return tuple(sizes)
        sizes.append(size)
    raise Damaged("the table of sizes has no end")


def _check(data: Source, header: Header, budget: Budget) -> None:
    """Raises Damaged when the data are not those that the header was made for."""
    if data.size < header.size:
        raise Damaged(f"cut off: {data.size} of {header.size} bytes are there")
    checksum = 0
    for piece in data.chunks():
        budget.check_time()
        checksum = zlib.crc32(piece, checksum)
    if checksum != header.data_crc:
        raise Damaged("the checksum of the data is wrong")


ABOUT = About(
    title="legacy uImage of U-Boot",
    reads=(
        "Kernels, ramdisks, device trees, firmware, scripts, file systems, and each image of a multi-file image; the "
        "checksums of header and data; LZMA that only the header tells; those that OpenWrt's loader carries (OKLI)."
    ),
    limits="Load addresses and entry points are not used; the types for ROM loaders are named by number.",
    witness="mkimage",
)

FORMAT = Format("uimage", (Magic(MAGIC), Magic(OPENWRT)), measure, open_uimage, ABOUT)
