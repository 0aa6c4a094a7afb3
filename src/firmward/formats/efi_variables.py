"""EFI variables at rest: edk2's firmware volume, U-Boot's file ubootefi.var, and Linux's folder efivars.

edk2 (MdeModulePkg's VariableFormat.h; UEFI PI 1.8, volume 3): a volume with `_FVH` and the GUID of variables, then a
store with one of two GUIDs, the newer with times for authenticated variables; variables at steps of four bytes, each
with a state whose bits are cleared as it is written and deleted. Of one that is being replaced (in deleted transition)
the old value counts while no new one was finished.

U-Boot (include/efi_variable.h): a magic and a CRC-32, then variables at steps of eight bytes. What secure boot asks of
is not taken from the file on the medium, only from one built into U-Boot.

Linux: a file `NAME-GUID` with four bytes of attributes before the data. Numbers are little endian throughout, names
UTF-16.
"""

import re
import struct
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
IMAGE_SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
SECURE_BOOT_ENABLE = uuid.UUID("f0a30bc7-af08-4556-99c4-001009c93a44")
"""edk2's switch of that name."""

VOLUME_MAGIC, VOLUME_MAGIC_OFFSET = b"_FVH", 40
VARIABLES_VOLUME = uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50").bytes_le
AUTHENTICATED_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
PLAIN_STORE = uuid.UUID("ddcf3616-3275-4164-98b6-fe85707ffe7d").bytes_le
UBOOT_MAGIC, UBOOT_MAGIC_OFFSET = b"UbEfiVa\x01", 8

SIZE_LIMIT = 4 << 20
"""Bytes of a store; OVMF's has 256 KiB, U-Boot's buffer 16 KiB to 128 KiB."""
VARIABLES_LIMIT = 10_000
NAME_LIMIT = 2 << 10

_VOLUME = struct.Struct("<16s16sQ4sIHHHBB")
_STORE = struct.Struct("<16sIBBHI")
_PLAIN = struct.Struct("<HBBIII16s")
_AUTHENTICATED = struct.Struct("<HBBIQ16sIII16s")
_FILE = struct.Struct("<QQII")
_ENTRY = struct.Struct("<IIQ16s")
_FORMATTED, _HEALTHY = 0x5A, 0xFE
_START = 0x55AA
_ADDED, _IN_TRANSITION = 0x3F, 0x3E
_ERASED = 0xFFFFFFFF
"""A size that was not written: the header alone takes room."""
_EFIVAR = re.compile(r"(?P<name>.+)-(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


class Origin(StrEnum):
    EDK2 = "edk2"
    EDK2_AUTHENTICATED = "edk2-authenticated"
    UBOOT = "u-boot"
    LINUX = "linux"


@dataclass(frozen=True, slots=True)
class Variable:
    """`attributes` are UEFI's bits; `data` is the value."""

    name: str
    vendor: uuid.UUID
    attributes: int
    data: bytes

    @property
    def is_authenticated(self) -> bool:
        """Whether a change must be signed: by time or, in the old way, by a counter."""
        return bool(self.attributes & 0x30)


@dataclass(frozen=True, slots=True)
class Store:
    """The variables that count, in their order; `size` in bytes of all that was set aside, 0 for a folder.

    `problem` says why not all were read.
    """

    origin: Origin
    variables: tuple[Variable, ...]
    size: int
    problem: str | None = None

    def get(self, name: str, vendor: uuid.UUID) -> Variable | None:
        return next((one for one in self.variables if (one.name, one.vendor) == (name, vendor)), None)


def parse_volume(read: Read) -> Store:
    """The store in the firmware volume that `read` begins with. Raises Malformed when there is none."""
    head = read(0, _VOLUME.size)
    if len(head) < _VOLUME.size:
        raise Malformed("EFI: no firmware volume")
    _, kind, length, magic, _, header, _, _, _, _ = _VOLUME.unpack(head)
    if magic != VOLUME_MAGIC or kind != VARIABLES_VOLUME:
        raise Malformed("EFI: no firmware volume of variables")
    if header < _VOLUME.size or header % 2 or not header < length <= SIZE_LIMIT:
        raise Malformed(f"EFI: a volume of {length} bytes with a header of {header}")
    words = read(0, header)
    if len(words) < header or sum(word for (word,) in struct.iter_unpack("<H", words)) & 0xFFFF:
        raise Malformed("EFI: the checksum of the volume's header does not hold")
    store = parse_store(lambda offset, size: read(header + offset, size), length - header)
    return Store(store.origin, store.variables, length, store.problem)


def parse_store(read: Read, room: int) -> Store:
    """The store without its volume, in `room` bytes. Raises Malformed when there is none."""
    head = read(0, _STORE.size)
    if len(head) < _STORE.size:
        raise Malformed("EFI: no store of variables")
    kind, size, form, state, _, _ = _STORE.unpack(head)
    if kind not in (AUTHENTICATED_STORE, PLAIN_STORE) or (form, state) != (_FORMATTED, _HEALTHY):
        raise Malformed("EFI: no store of variables that is formatted and healthy")
    if not _STORE.size <= size <= min(room, SIZE_LIMIT):
        raise Malformed(f"EFI: a store of {size} bytes in {room}")
    data = read(0, size)
    if len(data) < size:
        raise Malformed(f"EFI: the store is cut off: {len(data)} of {size} bytes are there")
    origin = Origin.EDK2_AUTHENTICATED if kind == AUTHENTICATED_STORE else Origin.EDK2
    variables, problem = _kept(_written(data, kind == AUTHENTICATED_STORE))
    return Store(origin, variables, size, problem)


def _kept(found: Iterator[tuple[int, Variable]]) -> tuple[tuple[Variable, ...], str | None]:
    """Those that count, and what ended them before their time."""
    added: dict[tuple[str, uuid.UUID], Variable] = {}
    leaving: dict[tuple[str, uuid.UUID], Variable] = {}
    problem = None
    try:
        for state, variable in found:
            if state in (_ADDED, _IN_TRANSITION):
                (added if state == _ADDED else leaving)[variable.name, variable.vendor] = variable
    except Malformed as reason:
        problem = str(reason)
    return tuple((leaving | added).values()), problem


def _written(data: bytes, is_authenticated: bool) -> Iterator[tuple[int, Variable]]:
    """State and content of each that was ever written, finished or not."""
    layout = _AUTHENTICATED if is_authenticated else _PLAIN
    offset = _STORE.size
    for _ in range(VARIABLES_LIMIT):
        if len(data) - offset < layout.size or int.from_bytes(data[offset : offset + 2], "little") != _START:
            return
        fields = layout.unpack_from(data, offset)
        state, attributes = fields[1], fields[3]
        name_size, data_size, vendor = fields[-3:]
        start = offset + layout.size
        if _ERASED not in (name_size, data_size):
            if name_size > NAME_LIMIT or name_size + data_size > len(data) - start:
                raise Malformed(f"EFI: a variable of {name_size} and {data_size} bytes at {offset:#x}")
            name = data[start : start + name_size].decode("utf-16-le", "replace").partition("\0")[0]
            value = data[start + name_size : start + name_size + data_size]
            yield state, Variable(name, uuid.UUID(bytes_le=vendor), attributes, value)
            start += name_size + data_size
        offset = start + -start % 4
    raise Malformed(f"EFI: more than {VARIABLES_LIMIT} variables")


def parse_uboot(data: bytes) -> Store:
    """U-Boot's file. Raises Malformed when magic or checksum do not hold."""
    if len(data) < _FILE.size:
        raise Malformed("EFI: no file of U-Boot's variables")
    reserved, magic, length, checksum = _FILE.unpack_from(data)
    if reserved or magic != int.from_bytes(UBOOT_MAGIC, "little"):
        raise Malformed("EFI: no file of U-Boot's variables")
    if not _FILE.size <= length <= min(len(data), SIZE_LIMIT) or zlib.crc32(data[_FILE.size : length]) != checksum:
        raise Malformed("EFI: the checksum of U-Boot's variables does not hold")
    variables: list[Variable] = []
    offset = _FILE.size
    while length - offset >= _ENTRY.size:
        size, attributes, _, vendor = _ENTRY.unpack_from(data, offset)
        name, start = _uboot_name(data, offset + _ENTRY.size, length)
        if size > length - start or len(variables) == VARIABLES_LIMIT:
            raise Malformed(f"EFI: a variable of {size} bytes at {offset:#x} of U-Boot's file")
        if size:
            value = data[start : start + size]
            variables.append(Variable(name, uuid.UUID(bytes_le=vendor), attributes, value))
        offset = start + size
        offset += -offset % 8
    return Store(Origin.UBOOT, tuple(variables), length)


def _uboot_name(data: bytes, start: int, end: int) -> tuple[str, int]:
    """The name at `start`, and where what follows its end begins."""
    for at in range(start, min(end, start + NAME_LIMIT) - 1, 2):
        if data[at : at + 2] == b"\0\0":
            return data[start:at].decode("utf-16-le", "replace"), at + 2
    raise Malformed(f"EFI: a name without an end at {start:#x} of U-Boot's file")


def of_files(files: Iterable[tuple[str, bytes]]) -> Store:
    """The variables in a folder efivars, by name and content of each file; others than variables are passed over."""
    variables: list[Variable] = []
    for name, data in files:
        match = _EFIVAR.fullmatch(name)
        if match and len(data) >= 4 and len(variables) < VARIABLES_LIMIT:
            attributes = int.from_bytes(data[:4], "little")
            variables.append(Variable(match["name"], uuid.UUID(match["guid"]), attributes, data[4:]))
    return Store(Origin.LINUX, tuple(variables), 0)
