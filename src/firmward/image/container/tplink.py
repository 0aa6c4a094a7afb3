"""TP-Link's images with a header of 512 bytes, versions 1 and 2: boot loader, kernel and root file system by offset.

An MD5 covers all, with a fixed value in its own place. Big endian; the two versions place the same fields differently.

- Where a boot loader is, 128 KiB behind the header are its own, and a whole image without one follows, with the header
  that the offsets count from. Those of the first header say the same and lead nowhere.
- OpenWrt writes a kernel that outgrew its room and the root file system one behind the other, and leaves the latter's
  offset as it would have been.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from firmward.image.budget import Budget, Damaged
from firmward.image.digest import md5
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Bytes, Source
from firmward.model.report import Role

HEADER_SIZE = 512
DIGEST = 16
BOOT_ROOM = 128 << 10


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
    sections: tuple["Section", ...]
    has_boot: bool


class Section(NamedTuple):
    name: str
    offset: int
    size: int
    role: Role | None


def parse_header(head: bytes) -> Header | None:
    layout = LAYOUTS.get(_version(head))
    if layout is None:
        return None
    size, kernel_at, kernel_size, root_at, root_size, boot_at, boot_size = struct.unpack_from(">7I", head, layout.sizes)
    kernel = Section("kernel", kernel_at, kernel_size, Role.KERNEL)
    root = Section("rootfs", root_at, root_size, None)
    boot = Section("boot", boot_at, boot_size, Role.BOOT_LOADER)
    behind = kernel.offset + kernel.size
    if kernel.size and root.offset < behind and behind + root.size <= size:
        root = root._replace(offset=behind)
    sections = tuple(section for section in (kernel, root, boot) if section.size)
    holds = sections and all(section.offset + section.size <= size for section in sections)
    inside = all(section.offset >= HEADER_SIZE or section is boot for section in sections)
    return Header(layout, size, sections, bool(boot.size)) if holds and inside and size > HEADER_SIZE else None


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
    for section in _sections(source, header):
        yield placed(source, section.name, section.offset, section.size, "unknown", section.role)
    if not _digest_holds(source, header, budget):
        raise Damaged("the checksum is wrong, or does not cover the image as it is")


def _sections(source: Source, header: Header) -> tuple[Section, ...]:
    behind = HEADER_SIZE + BOOT_ROOM
    inner = parse_header(source.read(behind, HEADER_SIZE)) if header.has_boot else None
    if inner is None:
        return header.sections
    boot = header.sections[-1]
    return (
        boot._replace(offset=HEADER_SIZE + boot.offset),
        Section("image", behind, header.size - behind, None),
    )


def _digest_holds(source: Source, header: Header, budget: Budget) -> bool:
    """The digest covers the image to its end, which a sysupgrade image has before the size that the header says."""
    place = header.layout.digest
    digest = source.read(place, DIGEST)
    salt = header.layout.salts[header.has_boot]
    return md5([source.slice(0, place), Bytes(salt), source.slice(place + DIGEST)], budget) == digest


ABOUT = About(
    title="TP-Link image with a header of 512 bytes",
    reads="Versions 1 and 2: kernel, root file system and boot loader, and the checksum; a whole image behind a boot "
    "loader, and a root that OpenWrt wrote behind a kernel too large for its room.",
    limits="The RSA signature of some models is not looked at.",
    witness="mktplinkfw of OpenWrt's firmware-utils, by its layout: the tests have a writer of their own",
)

FORMAT = Format(
    "tplink", (Magic(b"\1\0\0\0TP-LINK"), Magic(b"\1\0\0\0OpenWrt"), Magic(b"\2\0\0\0ver")), measure, open_tplink, ABOUT
)
