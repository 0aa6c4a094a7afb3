"""TP-Link's images with a header of 512 bytes, versions 1 and 2: boot loader, kernel and root file system by offset.

An MD5 covers all, with a fixed value in its own place. Big endian; the two versions place the same fields differently.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.digest import md5
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Bytes, Source
from firmward.model.report import Role

HEADER_SIZE = 512
DIGEST = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a version keeps the digest and the sizes, and what stands in the digest's place when it is made."""

    digest: int
    sizes: int
    salts: tuple[bytes, bytes]
    """Without and with a boot loader."""


LAYOUTS = {
    1: Layout(
        76,
        124,
        (bytes.fromhex("dcd73aa5c39598fbddf9e7f40eae4738"), bytes.fromhex("8cef335bd5c5cefaa79c28dab2e90f42")),
    ),
    2: Layout(
        64,
        112,
        (bytes.fromhex("dcd73aa5c39598fbdcf9e7f40eae4737"), bytes.fromhex("8cef335fd5c5cefaac9c28dab2e90f42")),
    ),
}


@dataclass(frozen=True, slots=True)
class Header:
    """Sizes in bytes; `sections` are name, offset, size and role of those that are there."""

    layout: Layout
    size: int
    sections: tuple[tuple[str, int, int, Role | None], ...]
    has_boot: bool


def parse_header(head: bytes) -> Header | None:
    layout = LAYOUTS.get(_version(head))
    if layout is None:
        return None
    size, *places = struct.unpack_from(">7I", head, layout.sizes)
    named = (("kernel", Role.KERNEL), ("rootfs", None), ("boot", Role.BOOT_LOADER))
    sections = tuple(
        (name, offset, length, role)
        for (name, role), offset, length in zip(named, places[::2], places[1::2], strict=True)
        if length
    )
    holds = sections and all(offset + length <= size for _, offset, length, _ in sections)
    inside = all(offset >= HEADER_SIZE or name == "boot" for name, offset, _, _ in sections)
    return Header(layout, size, sections, bool(places[5])) if holds and inside and size > HEADER_SIZE else None


def _version(head: bytes) -> int:
    """The header's version when what else is fixed in it stands there; 0 when it is none."""
    if len(head) < HEADER_SIZE:
        return 0
    if head[:4] == b"\1\0\0\0" and _is_text(head[4:28]):
        return 1
    fixed = head[0x8C:0x8E] == b"\x55\xaa" and head[0x90] == 0xA5
    return 2 if head[:4] == b"\2\0\0\0" and fixed and _is_text(head[4:52]) else 0


def _is_text(field: bytes) -> bool:
    text, _, rest = field.partition(b"\0")
    return len(text) > 3 and text.isascii() and text.decode("ascii").isprintable() and not rest.strip(b"\0\xff")


def measure(source: Source) -> int | None:
    header = parse_header(source.read(0, HEADER_SIZE))
    return None if header is None else min(header.size, source.size)


def open_tplink(source: Source, budget: Budget) -> Iterator[Child]:
    header = parse_header(source.read(0, HEADER_SIZE))
    if header is None:
        raise Damaged("no header of a TP-Link image")
    for name, offset, size, role in header.sections:
        yield placed(source, name, offset, size, "unknown", role)
    if not _digest_holds(source, header, budget):
        raise Damaged("the checksum is wrong, or does not cover the image as it is")


def _digest_holds(source: Source, header: Header, budget: Budget) -> bool:
    """The digest covers the image to its end, which a sysupgrade image has before the size that the header says."""
    place = header.layout.digest
    digest = source.read(place, DIGEST)
    salt = header.layout.salts[header.has_boot]
    return md5([source.slice(0, place), Bytes(salt), source.slice(place + DIGEST)], budget) == digest


ABOUT = About(
    title="TP-Link image with a header of 512 bytes",
    reads="Versions 1 and 2: kernel, root file system and boot loader, and the checksum.",
    limits="The RSA signature of some models is not looked at.",
    witness="mktplinkfw of OpenWrt's firmware-utils, by its layout: the tests have a writer of their own",
)

FORMAT = Format(
    "tplink", (Magic(b"\1\0\0\0TP-LINK"), Magic(b"\1\0\0\0OpenWrt"), Magic(b"\2\0\0\0ver")), measure, open_tplink, ABOUT
)
