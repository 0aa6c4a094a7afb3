"""i.MX image vector tables: what the ROMs of i.MX 50 to 8M look for first (NXP's reference manuals, "Program image").

The table is eight words behind the header D1 00 20 4x: entry, a zero, DCD, boot data, its own address, CSF, a zero. All
are addresses in memory; the table's own one turns the others into offsets. Words are little endian; headers of the
tables, and the commands of the DCD, are big endian. The boot data say from where and how much the ROM copies, and
whether it is a plug-in. Without a CSF there is nothing that a ROM could verify. A table may also stand behind what it
speaks for: so U-Boot's kernels and FITs are signed for its `hab_auth_img`.
"""

import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Evidence, Extent, Read, Signed, Signing, exactly

TAG, DCD_TAG, CSF_TAG = 0xD1, 0xD2, 0xD4
SIZE = 32
"""Bytes of the table."""
VERSIONS = (0x40, 0x41, 0x42, 0x43)
MAGICS = tuple(bytes((TAG, 0, SIZE, version)) for version in VERSIONS)
PLACES = (0, 0x100, 0x400, 0x1000, 0x8400)
"""Bytes from the medium's start at which ROMs look: from a file, OneNAND, SD and NAND and SPI, NOR, SD of i.MX 8M."""
DCD_LIMIT = 1768
"""Bytes of the longest DCD that a ROM takes; i.MX 7 and 8M take 1768, the others a few more words."""
IMAGE_LIMIT = 1 << 28
CSF_LIMIT = 64 << 10
"""Bytes of a CSF with its certificates and signatures."""
ALIGNED, LAST = 0x1000, 0x10000
WRITES = {0x04: "write", 0x0C: "clear", 0x1C: "set"}

_TABLE = struct.Struct("<7I")
_HEADER = struct.Struct(">BHB")


@dataclass(frozen=True, slots=True)
class Ivt:
    """Addresses as they stand in the table, 0 for none; `start`, `length` and `plugin` are the boot data's.

    `size` is in bytes from the table to the end of what the ROM copies, at least the table itself; for one that speaks
    for what stands before it, to where its CSF may end.
    """

    version: int
    entry: int
    dcd: int
    boot_data: int
    self: int
    csf: int
    start: int = 0
    length: int = 0
    plugin: bool = False

    def offset(self, address: int) -> int:
        """Where a byte of memory stands, in bytes from the table; negative before it."""
        return address - self.self

    @property
    def before(self) -> int:
        """Bytes that are copied from before the table."""
        return self.self - self.start if self.boot_data else max(0, -self.offset(self.entry))

    @property
    def is_behind(self) -> bool:
        """Whether it speaks for what stands before it, and no ROM starts from it."""
        return self.offset(self.entry) < 0 and not self.boot_data

    @property
    def size(self) -> int:
        if self.is_behind and self.csf:
            return max(SIZE, self.offset(self.csf)) + CSF_LIMIT
        return max(SIZE, self.length - self.before) if self.boot_data else SIZE

    @property
    def payloads(self) -> tuple[Extent, ...]:
        """The code, to the CSF or to the end; before the table when that stands behind."""
        at = self.offset(self.entry)
        if at < 0:
            return (Extent("payload", at, -at),)
        csf = self.offset(self.csf) if self.csf else 0
        end = csf if csf > at else self.size
        return (Extent("payload", at, end - at),) if SIZE <= at < end else ()

    @property
    def signing(self) -> Signing:
        """By the pointer alone; what a CSF covers, `imx_csf` says."""
        data = self.csf.to_bytes(4, "little")
        if not self.csf:
            evidence = Evidence(24, data, "the pointer to the CSF is 0: there is nothing to verify")
            return Signing(Signed.NO, (evidence,), uncovered=self.payloads)
        return Signing(Signed.YES, (Evidence(24, data, f"a CSF is announced {self.offset(self.csf)} bytes on"),))


def parse(read: Read) -> Ivt:
    """The table that `read` begins with, and its boot data. Raises Malformed."""
    head = exactly(read, 0, SIZE, "IVT")
    if head[:4] not in MAGICS:
        raise Malformed("no image vector table")
    entry, reserved, dcd, boot_data, itself, csf, last = _TABLE.unpack_from(head, 4)
    if reserved or last or not entry or not itself:
        raise Malformed("IVT: words that must be zero are not, or those that must not are")
    for name, address in (("CSF", csf), ("entry", entry), ("boot data", boot_data), ("DCD", dcd)):
        if address and abs(address - itself) > IMAGE_LIMIT:
            raise Malformed(f"IVT: the {name} lies {address - itself} bytes away")
    table = Ivt(head[3], entry, dcd, boot_data, itself, csf)
    return _with_boot_data(read, table) if boot_data else table


def _with_boot_data(read: Read, table: Ivt) -> Ivt:
    at = table.offset(table.boot_data)
    if at < SIZE:
        raise Malformed(f"IVT: boot data {at} bytes from the table")
    start, length, plugin = struct.unpack("<3I", exactly(read, at, 12, "boot data"))
    before = table.self - start
    if not 0 <= before <= IMAGE_LIMIT or not before + SIZE <= length <= IMAGE_LIMIT:
        raise Malformed(f"boot data: {length} bytes from address {start:#x} do not hold the table")
    return Ivt(
        table.version, table.entry, table.dcd, table.boot_data, table.self, table.csf, start, length, bool(plugin & 1)
    )


@dataclass(frozen=True, slots=True)
class DcdCommand:
    """`kind` is write, set, clear, check, nop or unlock; `pairs` are addresses with values or masks."""

    kind: str
    offset: int
    width: int
    pairs: tuple[tuple[int, int], ...]


def dcd(read: Read, table: Ivt) -> tuple[DcdCommand, ...]:
    """The commands of the device configuration data, which the ROM runs before it verifies. Raises Malformed."""
    if not table.dcd:
        return ()
    start = table.offset(table.dcd)
    tag, size, version = _HEADER.unpack(exactly(read, start, 4, "DCD"))
    if tag != DCD_TAG or version not in VERSIONS or not 4 <= size <= DCD_LIMIT + 8:
        raise Malformed(f"no DCD where the table points, {start} bytes on")
    data = exactly(read, start, size, "DCD")
    commands: list[DcdCommand] = []
    at = 4
    while at + 4 <= size:
        tag, length, flags = _HEADER.unpack_from(data, at)
        if length < 4 or length % 4 or at + length > size:
            raise Malformed(f"DCD: a command of {length} bytes at byte {at}")
        commands.append(_dcd_command(data[at : at + length], tag, flags, start + at))
        at += length
    return tuple(commands)


def _dcd_command(command: bytes, tag: int, flags: int, offset: int) -> DcdCommand:
    words = struct.unpack(f">{len(command) // 4 - 1}I", command[4:])
    width = flags & 7
    match tag:
        case 0xCC:
            if len(words) % 2:
                raise Malformed(f"DCD: half a pair at byte {offset}")
            pairs = tuple(zip(words[::2], words[1::2], strict=True))
            return DcdCommand(WRITES.get(flags & 0x18 | 4, "write"), offset, width, pairs)
        case 0xCF:
            return DcdCommand("check", offset, width, (words[:2],) if len(words) >= 2 else ())
        case 0xC0:
            return DcdCommand("nop", offset, width, ())
        case 0xB2:
            return DcdCommand("unlock", offset, width, ())
    raise Malformed(f"DCD: a command {tag:#x} that no ROM knows, at byte {offset}")


def find(read: Read, size: int) -> tuple[tuple[int, Ivt], ...]:
    """The tables at the places where ROMs look in `size` bytes, with their offsets."""
    found = []
    for place in PLACES:
        if place + SIZE <= size and read(place, 4) in MAGICS:
            try:
                found.append((place, parse(_from(read, place))))
            except Malformed:
                continue
    return tuple(found)


def behind(read: Read, size: int) -> tuple[int, Ivt] | None:
    """The table that speaks for what stands before it, as behind a signed kernel or FIT: the offset and the table.

    `size` is that of all together; the table is looked for at multiples of 4 KiB in the last LAST bytes.
    """
    first = max(ALIGNED, size - LAST)
    for place in range(first + -first % ALIGNED, size, ALIGNED):
        if read(place, 4) in MAGICS:
            try:
                table = parse(_from(read, place))
            except Malformed:
                continue
            if -place <= table.offset(table.entry) < 0:
                return place, table
    return None


def _from(read: Read, start: int) -> Read:
    return lambda offset, length: read(start + offset, length) if start + offset >= 0 else b""
