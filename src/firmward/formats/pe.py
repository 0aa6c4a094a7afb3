"""PE/COFF as UEFI loads it: headers, sections, the certificate table, and the digest that Authenticode signs.

Sources: Microsoft's PE format; its "Windows Authenticode Portable Executable Signature Format"; UEFI 2.10, 2.1.1 and
32.5. Rules: at 0x3c stands where `PE\\0\\0` is; the optional header is PE32 or PE32+, with up to 16 data directories.
Numbers are little endian. The fifth directory, unlike the others, counts from the start of the file: the certificate
table, entries of eight-byte steps with their length before them.

The digest goes over the headers without the checksum and without the entry of the certificate table, then over the raw
data of the sections in the order in which they lie, then over what follows as many bytes as were counted so far, but
for as many as the certificate table has. This is what firmware computes (edk2's DxeImageVerificationLib): bytes in a
gap between sections escape it, and bytes behind the certificate table change it.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"MZ"
POINTER = 0x3C
SIGNATURE = b"PE\0\0"
HEAD_LIMIT = 1 << 20
"""Bytes from the start within which the PE header must begin."""
SECTIONS_LIMIT = 1024
DIRECTORIES_LIMIT = 16
CERTIFICATE_TABLE = 4
"""Number of the directory."""
CERTIFICATES_LIMIT = 64
CERTIFICATE_SIZE_LIMIT = 1 << 20
PIECE = 1 << 20

MACHINES = {
    0x014C: "x86",
    0x8664: "x86-64",
    0x01C0: "arm",
    0x01C2: "arm",
    0x01C4: "arm",
    0xAA64: "arm64",
    0x5032: "riscv32",
    0x5064: "riscv64",
    0x6232: "loongarch32",
    0x6264: "loongarch64",
    0x0200: "itanium",
    0x0EBC: "efi-byte-code",
}
SUBSYSTEMS = {10: "application", 11: "boot-service-driver", 12: "runtime-driver", 13: "rom"}
"""Those of EFI."""
NX_COMPATIBLE = 0x0100
PKCS_SIGNED_DATA, EFI_GUID = 0x0002, 0x0EF1
PKCS7_GUID = bytes.fromhex("9dd2af4adf68ee498aa9347d375665a7")
"""EFI_CERT_TYPE_PKCS7_GUID."""

_COFF = struct.Struct("<HHIIIHH")
_DIRECTORY = struct.Struct("<II")
_SECTION = struct.Struct("<8sIIII12xI")
_CERTIFICATE = struct.Struct("<IHH")
_PE32, _PE32_PLUS = 0x10B, 0x20B


@dataclass(frozen=True, slots=True)
class Section:
    """`offset` and `size` in bytes are of the raw data in the file; `address` and `memory` of what is loaded."""

    name: str
    address: int
    memory: int
    offset: int
    size: int
    flags: int

    @property
    def used(self) -> int:
        """Bytes in the file that are not padding: the raw data is rounded up, the size in memory is not."""
        return min(self.size, self.memory) if self.memory else self.size


@dataclass(frozen=True, slots=True)
class Directory:
    """An entry of the data directories. `address` counts from the image's base, the certificate table's in the file."""

    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Program:
    """A PE file. Sizes and offsets in bytes; `file_size` is what the file has, whatever the headers say.

    `checksum` is where that field lies, `certificate_entry` where the directory's entry of the certificate table does
    (None when there are not so many entries); `headers` is the size of all headers as they say themselves.
    """

    machine: int
    subsystem: int
    characteristics: int
    is_plus: bool
    headers: int
    checksum: int
    certificate_entry: int | None
    sections: tuple[Section, ...]
    directories: tuple[Directory, ...]
    file_size: int

    @property
    def architecture(self) -> str:
        return MACHINES.get(self.machine, f"machine-{self.machine:#06x}")

    @property
    def is_efi(self) -> bool:
        return self.subsystem in SUBSYSTEMS

    @property
    def is_nx_compatible(self) -> bool:
        """Whether it says that it needs no memory which may be written and executed."""
        return bool(self.characteristics & NX_COMPATIBLE)

    @property
    def certificate_table(self) -> Directory:
        """Its offset and size in the file; a size of 0 where there is none."""
        known = self.certificate_entry is not None
        return self.directories[CERTIFICATE_TABLE] if known else Directory(0, 0)

    def named(self, name: str) -> tuple[Section, ...]:
        return tuple(section for section in self.sections if section.name == name)


@dataclass(frozen=True, slots=True)
class Certificate:
    """An entry of the certificate table: where it begins in the file, and what it holds.

    `content` is a PKCS#7 SignedData where `is_pkcs7`; another kind is not one that firmware verifies.
    """

    offset: int
    kind: int
    content: bytes
    is_pkcs7: bool


def parse(read: Read, size: int) -> Program:
    """The headers of a file of `size` bytes. Raises Malformed."""
    start = _start(read)
    coff = start + len(SIGNATURE)
    machine, count, _, _, _, optional_size, _ = _COFF.unpack(_exactly(read, coff, _COFF.size, "COFF header"))
    if count > SECTIONS_LIMIT:
        raise Malformed(f"PE: {count} sections")
    optional = coff + _COFF.size
    head = _exactly(read, optional, optional_size, "optional header")
    magic = int.from_bytes(head[:2], "little")
    if magic not in (_PE32, _PE32_PLUS):
        raise Malformed(f"PE: the optional header is neither PE32 nor PE32+ ({magic:#x})")
    is_plus = magic == _PE32_PLUS
    base = 112 if is_plus else 96
    if optional_size < base:
        raise Malformed("PE: the optional header is cut off")
    headers = int.from_bytes(head[60:64], "little")
    subsystem, characteristics = struct.unpack_from("<HH", head, 68)
    directories = _directories(head, base)
    table = optional + optional_size
    sections = _sections(_exactly(read, table, count * _SECTION.size, "table of sections"))
    if headers < table + count * _SECTION.size or headers > size:
        raise Malformed(f"PE: headers of {headers} bytes in a file of {size}")
    known = len(directories) > CERTIFICATE_TABLE
    entry = optional + base + CERTIFICATE_TABLE * _DIRECTORY.size if known else None
    return Program(
        machine, subsystem, characteristics, is_plus, headers, optional + 64, entry, sections, directories, size
    )


def may_begin(read: Read) -> bool:
    """Whether a PE header is where the first bytes say. Cheap."""
    try:
        _start(read)
    except Malformed:
        return False
    return True


def _start(read: Read) -> int:
    head = _exactly(read, 0, POINTER + 4, "DOS header")
    start = int.from_bytes(head[POINTER:], "little")
    if head[:2] != MAGIC or not POINTER + 4 <= start < HEAD_LIMIT or read(start, 4) != SIGNATURE:
        raise Malformed("PE: no header where the first bytes say")
    return start


def _directories(head: bytes, base: int) -> tuple[Directory, ...]:
    count = int.from_bytes(head[base - 4 : base], "little")
    if count > DIRECTORIES_LIMIT or base + count * _DIRECTORY.size > len(head):
        raise Malformed(f"PE: {count} data directories in an optional header of {len(head)} bytes")
    return tuple(Directory(*pair) for pair in _DIRECTORY.iter_unpack(head[base : base + count * _DIRECTORY.size]))


def _sections(table: bytes) -> tuple[Section, ...]:
    return tuple(
        Section(name.rstrip(b"\0").decode("latin-1"), address, memory, offset, size, flags)
        for name, memory, address, size, offset, flags in _SECTION.iter_unpack(table)
    )


def content(program: Program, section: Section, read: Read) -> bytes:
    """The bytes of a section without the padding. Raises Malformed when they are not all in the file."""
    if section.offset + section.used > program.file_size:
        raise Malformed(f"PE: section {section.name!r} lies outside the file")
    return _exactly(read, section.offset, section.used, f"section {section.name!r}")


def certificates(program: Program, read: Read) -> tuple[Certificate, ...]:
    """The entries of the certificate table, in order; none without one. Raises Malformed."""
    table = program.certificate_table
    if not table.size:
        return ()
    end = table.address + table.size
    if end > program.file_size or table.address < program.headers:
        raise Malformed("PE: the certificate table lies outside the file, or in the headers")
    found: list[Certificate] = []
    offset = table.address
    while end - offset >= _CERTIFICATE.size:
        length, _, kind = _CERTIFICATE.unpack(_exactly(read, offset, _CERTIFICATE.size, "certificate"))
        if not _CERTIFICATE.size <= length <= end - offset or length > CERTIFICATE_SIZE_LIMIT:
            raise Malformed(f"PE: a certificate of {length} bytes at {offset:#x}, in a table that ends at {end:#x}")
        if len(found) == CERTIFICATES_LIMIT:
            raise Malformed(f"PE: more than {CERTIFICATES_LIMIT} certificates")
        found.append(_certificate(offset, kind, _exactly(read, offset + 8, length - 8, "certificate")))
        offset += length + -length % 8
    return tuple(found)


def _certificate(offset: int, kind: int, body: bytes) -> Certificate:
    if kind == EFI_GUID:
        return Certificate(offset, kind, body[16:], body[:16] == PKCS7_GUID)
    return Certificate(offset, kind, body, kind == PKCS_SIGNED_DATA)


def hashed(program: Program) -> tuple[tuple[int, int], ...]:
    """Start and end of each piece of the file that the digest goes over, in its order. Raises Malformed."""
    table = program.certificate_table
    pieces = [(0, program.checksum)]
    if program.certificate_entry is None:
        pieces.append((program.checksum + 4, program.headers))
    else:
        pieces.append((program.checksum + 4, program.certificate_entry))
        pieces.append((program.certificate_entry + _DIRECTORY.size, program.headers))
    counted = program.headers
    for section in sorted((one for one in program.sections if one.size), key=lambda one: one.offset):
        if section.offset + section.size > program.file_size:
            raise Malformed(f"PE: section {section.name!r} lies outside the file")
        pieces.append((section.offset, section.offset + section.size))
        counted += section.size
    if counted + table.size > program.file_size:
        raise Malformed("PE: sections and certificate table overlap: they have more bytes than the file")
    pieces.append((counted, program.file_size - table.size))
    return tuple((start, end) for start, end in pieces if start < end)


def unhashed(program: Program) -> tuple[tuple[int, int], ...]:
    """Start and end of each piece of the file that no digest covers though it is neither checksum nor certificate:
    gaps between sections, where bytes may be changed at will. Raises Malformed."""
    table = program.certificate_table
    apart = [(program.checksum, program.checksum + 4), (table.address, table.address + table.size)]
    if program.certificate_entry is not None:
        apart.append((program.certificate_entry, program.certificate_entry + _DIRECTORY.size))
    gaps = []
    position = 0
    for start, end in sorted((*hashed(program), *apart)):
        if start > position:
            gaps.append((position, start))
        position = max(position, end)
    return tuple(gaps)


def digests(program: Program, read: Read, algorithms: Iterable[str]) -> dict[str, bytes]:
    """The digest that Authenticode signs, by each of these names of hashlib's, the file being read once.

    Raises Malformed when firmware would compute none.
    """
    states = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    for start, end in hashed(program):
        for offset in range(start, end, PIECE):
            piece = _exactly(read, offset, min(PIECE, end - offset), "what is signed")
            for state in states.values():
                state.update(piece)
    return {name: state.digest() for name, state in states.items()}


def digest(program: Program, read: Read, algorithm: str = "sha256") -> bytes:
    """As `digests`, for one."""
    return digests(program, read, (algorithm,))[algorithm]


def _exactly(read: Read, offset: int, length: int, what: str) -> bytes:
    found = read(offset, length)
    if len(found) != length:
        raise Malformed(f"PE: the {what} at {offset:#x} is cut off")
    return found
