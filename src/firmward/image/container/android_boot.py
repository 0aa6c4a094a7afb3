"""Android's boot images (AOSP's bootimg.h), header versions 0 to 4: kernel, ramdisk and what follows, each in pages.

Versions 0 to 2 grew at the end of one layout; 3 and 4 have another, with pages of 4 KiB. Before versions were counted,
Qualcomm's boot loaders took the field of the version for the size of a table of device trees. Little endian.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Source
from firmward.model.report import Role

MAGIC = b"ANDROID!"
HEAD = 1660
"""Bytes of the longest header, of version 2."""
PAGE = 4096
"""Bytes of a page in versions 3 and 4."""
PAGES = tuple(1 << power for power in range(11, 18))
"""Bytes of a page in the others: 2 KiB to 128 KiB."""
SIZES = {1: (1648,), 2: (1660,), 3: (1580, 1596), 4: (1584,)}
"""Bytes of the header by version, as it says itself; version 0 does not. The first mkbootimg for version 3 erred."""
LATER = 8
"""Versions that may come; a larger number is the size of a table of device trees."""

_OLD = struct.Struct("<8s10I")
_NEW = struct.Struct("<8s4I16xI")


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of the image: what it is called, its size in bytes, and what it is for."""

    name: str
    size: int
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """`command_lines` are where they stand, each with its longest size; the sections follow page by page."""

    page: int
    sections: tuple[Section, ...]
    command_lines: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        return self.page + sum(padded(section.size, self.page) for section in self.sections)


def padded(size: int, page: int) -> int:
    return size + -size % page


def parse_header(head: bytes) -> Header | None:
    if len(head) < HEAD or head[:8] != MAGIC:
        return None
    version = int.from_bytes(head[40:44], "little")
    return _new(head) if version in (3, 4) else _old(head, version)


def _new(head: bytes) -> Header | None:
    _, kernel, ramdisk, _, size, version = _NEW.unpack_from(head)
    signature = int.from_bytes(head[1580:1584], "little") if version == 4 else 0
    if size not in SIZES[version] or not (kernel or ramdisk):
        return None
    sections = _kernel(kernel, ramdisk)
    return Header(PAGE, (*sections, Section("signature", signature)), ((44, 1536),))


def _old(head: bytes, version: int) -> Header | None:
    _, kernel, _, ramdisk, _, second, _, _, page, _, _ = _OLD.unpack_from(head)
    if page not in PAGES or not (kernel or ramdisk) or LATER > version > 2:
        return None
    sections = [*_kernel(kernel, ramdisk), Section("second", second)]
    if version >= LATER:
        sections.append(Section("dt", version, Role.DEVICE_TREE))
    elif version > 0:
        overlays, _, size = struct.unpack_from("<IQI", head, 1632)
        if size not in SIZES[version]:
            return None
        sections.append(Section("recovery_dtbo", overlays, Role.DEVICE_TREE))
        if version == 2:
            sections.append(Section("dtb", int.from_bytes(head[1648:1652], "little"), Role.DEVICE_TREE))
    return Header(page, tuple(sections), ((64, 512), (608, 1024)))


def _kernel(kernel: int, ramdisk: int) -> tuple[Section, Section]:
    return Section("kernel", kernel, Role.KERNEL), Section("ramdisk", ramdisk, Role.INITRAMFS)


def measure(source: Source) -> int | None:
    header = parse_header(source.read(0, HEAD))
    if header is None or header.page > source.size:
        return None
    return min(header.size, source.size) if _is_text(source, header) else None


def _is_text(source: Source, header: Header) -> bool:
    """Command lines are text, and zeros fill them: what a chance match has not."""
    fields = (source.read(offset, size) for offset, size in header.command_lines)
    return all(_is_line(field) for field in fields)


def _is_line(field: bytes) -> bool:
    line, _, rest = field.partition(b"\0")
    return not rest.strip(b"\0") and not line.translate(None, bytes(range(32, 127)) + b"\t\r\n")


def open_android_boot(source: Source, budget: Budget) -> Iterator[Child]:
    header = parse_header(source.read(0, HEAD))
    if header is None:
        raise Damaged("no header of a boot image")
    yield from command_lines(source, header.command_lines)
    yield from pages(source, header.page, header.page, header.sections)


def command_lines(source: Source, places: tuple[tuple[int, int], ...]) -> Iterator[Child]:
    """The kernel's command line, which may be in two pieces."""
    for offset, size in places:
        line = source.read(offset, size).partition(b"\0")[0]
        if line:
            yield Child("cmdline", source.slice(offset, len(line)), offset, "kernel-command-line")


def pages(source: Source, offset: int, page: int, sections: tuple[Section, ...]) -> Iterator[Child]:
    """The sections that are there, one behind the other, each from a new page on."""
    for section in sections:
        if section.size:
            yield placed(source, section.name, offset, section.size, section.name, section.role)
        offset += padded(section.size, page)


ABOUT = About(
    title="Android boot image",
    reads="Header versions 0 to 4: kernel, ramdisk, second stage, device trees, overlays, signature, command line.",
    limits="The SHA-1 in old headers and the signature of version 4 are not checked.",
    witness="mkbootimg; for overlays and version 4 a writer of the tests by AOSP's bootimg.h",
)

FORMAT = Format("android-boot", (Magic(MAGIC),), measure, open_android_boot, ABOUT)
