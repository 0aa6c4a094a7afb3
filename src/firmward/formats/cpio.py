"""cpio archives: newc and crc (`070701`, `070702`), odc (`070707`) and the old binary form.

Pure: bytes to records. An archive ends with a member named `TRAILER!!!`. In newc, names and data are padded to four
bytes, and of several hard links only the last one carries the data.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TRAILER = b"TRAILER!!!"
NEWC, CRC, ODC = b"070701", b"070702", b"070707"
BINARY = (b"\xc7\x71", b"\x71\xc7")
"""Octal 070707 as a 16-bit number, little and big endian."""

NAME_LIMIT = 4097
"""Bytes of a name with its NUL, as Linux has it (PATH_MAX); a longer one is damage."""

HEADER_SIZE = 110
"""Bytes of the largest header."""

Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Member:
    """One member. `mode` holds type and permissions as in `st_mode`; `inode` tells hard links (device and number);
    `data` and `end` are offsets in the source; `size` is in bytes."""

    name: bytes
    mode: int
    uid: int
    gid: int
    links: int
    mtime: int
    size: int
    device: tuple[int, int]
    inode: tuple[int, int, int]
    data: int
    end: int


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of header is read: its size, the alignment of name and data, and its numbers in one order: device
    major and minor, inode, mode, uid, gid, links, device node's major and minor, mtime, name size, file size."""

    header: int
    align: int
    numbers: Callable[[bytes], tuple[int, ...]]


def _newc(head: bytes) -> tuple[int, ...]:
    ino, mode, uid, gid, links, mtime, size, major, minor, rmajor, rminor, name, _ = (
        _digits(head[6 + 8 * index : 14 + 8 * index], 16) for index in range(13)
    )
    return major, minor, ino, mode, uid, gid, links, rmajor, rminor, mtime, name, size


def _odc(head: bytes) -> tuple[int, ...]:
    dev, ino, mode, uid, gid, links, rdev = (_digits(head[6 + 6 * index : 12 + 6 * index], 8) for index in range(7))
    mtime, name, size = _digits(head[48:59], 8), _digits(head[59:65], 8), _digits(head[65:76], 8)
    return 0, dev, ino, mode, uid, gid, links, rdev >> 8, rdev & 0xFF, mtime, name, size


def _binary(order: str) -> Callable[[bytes], tuple[int, ...]]:
    layout = struct.Struct(order + "13H")

    def numbers(head: bytes) -> tuple[int, ...]:
        _, dev, ino, mode, uid, gid, links, rdev, mtime1, mtime2, name, size1, size2 = layout.unpack(head[:26])
        mtime, size = mtime1 << 16 | mtime2, size1 << 16 | size2
        return 0, dev, ino, mode, uid, gid, links, rdev >> 8, rdev & 0xFF, mtime, name, size

    return numbers


_FORMS = (
    (NEWC, Form(110, 4, _newc)),
    (CRC, Form(110, 4, _newc)),
    (ODC, Form(76, 1, _odc)),
    (BINARY[0], Form(26, 2, _binary("<"))),
    (BINARY[1], Form(26, 2, _binary(">"))),
)


def _digits(field: bytes, base: int) -> int:
    if not field.isalnum():  # int() would take signs, spaces and underscores
        raise ValueError("not a number")
    return int(field, base)


def member_at(read: Read, offset: int) -> Member | None:
    """The member whose header stands at `offset`; None when there is none that holds."""
    head = read(offset, HEADER_SIZE)
    form = next((form for magic, form in _FORMS if head.startswith(magic)), None)
    if form is None or len(head) < form.header:
        return None
    try:
        major, minor, ino, mode, uid, gid, links, rmajor, rminor, mtime, name_size, size = form.numbers(head)
    except ValueError:
        return None
    if not 1 <= name_size <= NAME_LIMIT:
        return None
    stored = read(offset + form.header, name_size)
    if len(stored) < name_size or stored[-1] != 0:
        return None
    # Aligned from the header's own start: archives are concatenated at any offset that is itself aligned.
    data = offset + _aligned(form.header + name_size, form.align)
    end = data + _aligned(size, form.align)
    return Member(
        stored.partition(b"\0")[0],
        mode,
        uid,
        gid,
        links,
        mtime,
        size,
        (rmajor, rminor),
        (major, minor, ino),
        data,
        end,
    )


def _aligned(size: int, align: int) -> int:
    return size + -size % align


def members(read: Read, offset: int) -> Iterator[Member]:
    """The members of one archive up to and with its trailer, or to where the next header does not hold."""
    while (member := member_at(read, offset)) is not None:
        yield member
        if member.name == TRAILER and member.size == 0:
            return
        offset = member.end
