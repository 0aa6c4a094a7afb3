"""Legacy uImages of U-Boot: a header, then one image or several; `formats/uimage.py` has the rules."""

import zlib
from collections.abc import Iterator

from firmward.formats import uimage
from firmward.formats.malformed import Malformed
from firmward.formats.uimage import HEADER_SIZE, MAGIC, OPENWRT, Header
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import opened, placed, role_of
from firmward.image.source import Source
from firmward.model.report import Role


def header_of(source: Source) -> Header | None:
    """None when there is none, or its checksum does not hold."""
    try:
        return uimage.parse_header(source.read(0, HEADER_SIZE))
    except Malformed:
        return None


def measure(source: Source) -> int | None:
    header = header_of(source)
    return None if header is None else min(HEADER_SIZE + header.size, source.size)


def open_uimage(source: Source, budget: Budget) -> Iterator[Child]:
    header = header_of(source)
    if header is None:
        raise Damaged("no header whose checksum holds")
    if header.has_table:
        yield from _images(source, header, budget)
    else:
        role = role_of(header.kind, header.system)
        child = placed(source, header.kind, HEADER_SIZE, header.size, header.kind, role)
        yield opened(child, header.compression, budget)
    _check(source.slice(HEADER_SIZE, header.size), header, budget)


def _images(source: Source, header: Header, budget: Budget) -> Iterator[Child]:
    """U-Boot takes the first image for the kernel; what the others are they show themselves."""
    try:
        places = uimage.images(source.read, header)
    except Malformed as reason:
        raise Damaged(str(reason)) from None
    for number, place in enumerate(places):
        if header.kind == "script":
            name, kind, role = "script", "script", None
        else:
            first = number == 0 and header.system == "linux"
            name, kind, role = f"image-{number}", "unknown", Role.KERNEL if first else None
        yield opened(placed(source, name, place.offset, place.size, kind, role), header.compression, budget)


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
    limits="Load addresses and entry points are not used.",
    witness="mkimage",
)

FORMAT = Format("uimage", (Magic(MAGIC), Magic(OPENWRT)), measure, open_uimage, ABOUT)
