"""Boot images of Zynq-7000 and Zynq UltraScale+: what their ROMs read (AMD's UG821 and UG1085, "Boot Header").

`XNLX` behind the mark for the width of the flash at byte 0x20; the header's checksum is the complement of its sum. The
image header table, where there is one, leads to the partitions' headers: an attribute of each says that an RSA
certificate stands behind it. What the certificate signs, and whether it holds, is not computed here.
"""

import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly

MAGIC = bytes.fromhex("665599aa") + b"XNLX"
MAGIC_AT = 0x20
HEADER, ULTRASCALE_HEADER = 0x8C0, 0xB40
ENCRYPTED = frozenset({0xA5C3C5A3, 0xA5C3C5A5, 0xA5C3C5A7, 0x3A5C3C5A, 0xA35C7CA5, 0xA3A5C3C5})
RSA = 0x8000
PARTITION, PARTITIONS = 64, 32
IMAGE_LIMIT = 256 << 20


@dataclass(frozen=True, slots=True)
class Partition:
    """`header` and `certificate` are where its header and its authentication certificate stand, in bytes; the latter 0
    without one."""

    header: int
    extent: Extent
    attributes: int
    certificate: int


@dataclass(frozen=True, slots=True)
class Image:
    """`first` is the stage that the ROM starts; `table` the image header table's place, 0 without one."""

    ultrascale: bool
    encryption: int
    first: Extent
    load: int
    attributes: int
    table: int
    partitions: tuple[Partition, ...]

    @property
    def size(self) -> int:
        ends = [max(one.header + PARTITION, one.extent.offset + one.extent.size) for one in self.partitions]
        return max([self.first.offset + self.first.size, *ends])

    @property
    def payloads(self) -> tuple[Extent, ...]:
        others = (one.extent for one in self.partitions if one.extent.size and not self._is_first(one.extent))
        return (self.first, *others)

    def _is_first(self, extent: Extent) -> bool:
        """The ROM's stage is a partition too; mkimage lets it begin with the header."""
        return extent.offset <= self.first.offset < extent.offset + extent.size

    @property
    def is_encrypted(self) -> bool:
        return self.encryption in ENCRYPTED

    @property
    def signing(self) -> Signing:
        if not self.partitions:
            says = Evidence(0x98, self.table.to_bytes(4, "little"), "no headers of partitions: no certificate")
            return Signing(Signed.NO, (says,), uncovered=self.payloads)
        signed = [one for one in self.partitions if one.attributes & RSA and one.certificate]
        bare = tuple(one.extent for one in self.partitions if one not in signed)
        names = f"{len(signed)} of {len(self.partitions)} partitions have an RSA certificate"
        state = Signed.YES if not bare else Signed.NO
        covered = tuple(one.extent for one in signed)
        return Signing(state, (Evidence(self.table, b"", names),), covered, bare)


def parse(read: Read, total: int) -> Image:
    """The header at the start of `total` bytes. Raises Malformed."""
    head = exactly(read, 0, HEADER, "XLNX header")
    words = struct.unpack_from("<11I", head, MAGIC_AT)
    if head[MAGIC_AT : MAGIC_AT + 8] != MAGIC:
        raise Malformed("no header of Zynq")
    if ~sum(words[:10]) & 0xFFFFFFFF != words[10]:
        raise Malformed("XLNX header: the checksum is wrong")
    # On UltraScale+ the length that Zynq-7000 has here is that of the power unit's firmware, which the total follows.
    ultrascale = bool(words[9]) or bool(words[6])
    offset = words[4]
    size, load = (words[8] or words[7], words[3]) if ultrascale else (words[8] or words[5], words[7])
    if not HEADER <= offset <= IMAGE_LIMIT or size > IMAGE_LIMIT:
        raise Malformed(f"XLNX header: {size} bytes at byte {offset}")
    size = min(size, total - offset) if total > offset else size  # mkimage counts the header of Zynq-7000 in
    table = int.from_bytes(head[0x98:0x9C], "little")
    partitions = _partitions(read, table) if table and table <= IMAGE_LIMIT and not table % 4 else ()
    return Image(ultrascale, words[2], Extent("first-stage", offset, size), load, words[9], table, partitions)


def _partitions(read: Read, table: int) -> tuple[Partition, ...]:
    """Offsets and lengths are in words of four bytes."""
    data = read(table, 64)
    if len(data) < 64:
        return ()
    count, first = struct.unpack_from("<2I", data, 4)
    found = []
    at = first * 4
    for number in range(min(count, PARTITIONS)):
        header = read(at, PARTITION)
        if len(header) < PARTITION or ~sum(struct.unpack_from("<15I", header)) & 0xFFFFFFFF != int.from_bytes(
            header[60:], "little"
        ):
            break
        length, following = struct.unpack_from("<2I", header, 8)
        offset, attributes = struct.unpack_from("<2I", header, 0x20)
        certificate = int.from_bytes(header[0x34:0x38], "little")
        if offset * 4 > IMAGE_LIMIT or length * 4 > IMAGE_LIMIT:
            break
        extent = Extent(f"partition-{number}", offset * 4, length * 4)
        found.append(Partition(at, extent, attributes, certificate * 4))
        at = following * 4 if following else at + PARTITION
    return tuple(found)


def verify(_: Read, __: Image) -> tuple[Held, ...]:
    """Nothing more: the header's checksum is looked at when it is read."""
    return ()
