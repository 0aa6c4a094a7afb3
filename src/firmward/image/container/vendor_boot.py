"""Android's vendor boot images (AOSP's bootimg.h), header versions 3 and 4: the vendor's ramdisks and device trees.

Version 4 has a table of ramdisks, which stand one behind the other in one section, and a boot configuration.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.container.android_boot import PAGES, Section, command_lines, padded, pages
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Source
from firmward.model.report import Role

MAGIC = b"VNDRBOOT"
HEAD = 2128
SIZES = {3: (2112, 2108), 4: (2128,)}
"""Bytes of the header by version, as it says itself; the first mkbootimg for version 3 left out four."""
COMMAND_LINE = (28, 2048)
ENTRY_SIZE = 108
RAMDISKS = 256
"""Entries of the table."""

_HEADER = struct.Struct("<8s5I")
_REST = struct.Struct("<I16sIIQ4I")
_ENTRY = struct.Struct("<III32s")


@dataclass(frozen=True, slots=True)
class Header:
    """Sizes in bytes; `ramdisks` is the number of entries of the table, 0 in version 3."""

    version: int
    page: int
    ramdisk: int
    trees: int
    table: int
    ramdisks: int
    configuration: int

    @property
    def start(self) -> int:
        """Where the first section begins."""
        return padded(SIZES[self.version][0], self.page)

    @property
    def sections(self) -> tuple[Section, ...]:
        return (
            Section("dtb", self.trees, Role.DEVICE_TREE),
            Section("ramdisk-table", self.table),
            Section("bootconfig", self.configuration),
        )

    @property
    def behind_ramdisk(self) -> int:
        return self.start + padded(self.ramdisk, self.page)

    @property
    def size(self) -> int:
        return self.behind_ramdisk + sum(padded(section.size, self.page) for section in self.sections)


def parse_header(head: bytes) -> Header | None:
    if len(head) < HEAD or head[:8] != MAGIC:
        return None
    _, version, page, _, _, ramdisk = _HEADER.unpack_from(head)
    _, _, size, trees, _, table, count, entry, configuration = _REST.unpack_from(head, 2076)
    if page not in PAGES or size not in SIZES.get(version, ()):
        return None
    if version == 3:
        table = count = configuration = 0
    elif entry != ENTRY_SIZE or count * entry > table or count > RAMDISKS:
        return None
    return Header(version, page, ramdisk, trees, table, count, configuration)


def measure(source: Source) -> int | None:
    header = parse_header(source.read(0, HEAD))
    return None if header is None else min(header.size, source.size)


def open_vendor_boot(source: Source, budget: Budget) -> Iterator[Child]:
    header = parse_header(source.read(0, HEAD))
    if header is None:
        raise Damaged("no header of a vendor boot image")
    yield from command_lines(source, (COMMAND_LINE,))
    yield from _ramdisks(source, header)
    named = tuple(section for section in header.sections if section.name != "ramdisk-table")
    table, start = padded(header.table, header.page), header.behind_ramdisk
    yield from pages(source, start, header.page, named[:1])
    yield from pages(source, start + padded(header.trees, header.page) + table, header.page, named[1:])


def _ramdisks(source: Source, header: Header) -> Iterator[Child]:
    if not header.ramdisks:
        sections = (Section("ramdisk", header.ramdisk, Role.INITRAMFS),)
        yield from pages(source, header.start, header.page, sections)
        return
    table = header.behind_ramdisk + padded(header.trees, header.page)
    for number in range(header.ramdisks):
        entry = source.read(table + number * ENTRY_SIZE, ENTRY_SIZE)
        if len(entry) < ENTRY_SIZE:
            raise Damaged("the table of ramdisks is cut off")
        size, offset, _, name = _ENTRY.unpack_from(entry)
        plain = name.partition(b"\0")[0].decode("utf-8", "replace")
        title = f"ramdisk-{plain or number}"
        if size > header.ramdisk or offset > header.ramdisk - size:
            yield Child(title, None, None, "ramdisk", "lies outside the ramdisks", Role.INITRAMFS)
        else:
            yield placed(source, title, header.start + offset, size, "ramdisk", Role.INITRAMFS)


ABOUT = About(
    title="Android vendor boot image",
    reads="Versions 3 and 4: ramdisks by the names in their table, device trees, boot configuration, command line.",
    limits="The types and boards of ramdisks are not used.",
    witness="mkbootimg for version 3; for version 4 a writer of the tests by AOSP's bootimg.h",
)

FORMAT = Format("vendor-boot", (Magic(MAGIC),), measure, open_vendor_boot, ABOUT)
