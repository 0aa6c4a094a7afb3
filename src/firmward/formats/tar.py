"""tar archives: ustar (POSIX 1003.1-1988), GNU and pax (POSIX 1003.1-2001).

Pure: bytes to records. Headers are blocks of 512 bytes with a checksum. Long names come in a member of their own
before the one they name: GNU `L` and `K`, pax `x`; a pax `g` holds for all that follow. Sparse files are GNU's old
form (`S`) or one of three in pax.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from firmward.formats.malformed import Malformed

BLOCK = 512
RECORD_LIMIT = 1 << 20
"""Bytes of one long name or pax header; a larger one is damage."""

GLOBAL_LIMIT = 16 << 10
"""Bytes of what pax says for all members that follow; more is damage, since every member is given all of it."""

SPARSE_LIMIT = 1 << 16
"""Pieces of one sparse file."""

Read = Callable[[int, int], bytes]

_ZEROS = bytes(BLOCK)
_PAX = re.compile(rb"(\d{1,7}) ([^=]{1,255})=")


@dataclass(frozen=True, slots=True)
class Member:
    """One member.

    `type` is its flag: `0` file, `1` hard link, `2` symbolic link, `3` character and `4` block device, `5` folder, `6`
    fifo, `S` sparse. `size` is the file's size in bytes, `stored` the bytes in the archive at `data`; `pieces` of a
    sparse file are offset in the file, offset in the archive, bytes; None for a file in one piece.
    """

    name: bytes
    type: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    link: bytes
    device: tuple[int, int]
    data: int
    stored: int
    pieces: tuple[tuple[int, int, int], ...] | None = None
    xattrs: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class _Pending:
    """What extension members said of the next one."""

    name: bytes | None = None
    link: bytes | None = None
    pax: dict[bytes, bytes] = field(default_factory=dict)
    sparse: list[tuple[int, int]] = field(default_factory=list)


def checksum_holds(block: bytes) -> bool:
    """The sum of all bytes, the checksum's own taken as spaces; some old tars summed signed bytes."""
    stored = _octal(block[148:156])
    total = sum(block) - sum(block[148:156]) + 8 * 32
    signed = total - 256 * sum(1 for byte in block[:148] + block[156:] if byte > 127)
    return len(block) == BLOCK and stored in (total, signed)


def members(read: Read, size: int) -> Iterator[Member]:
    """All members. Raises Malformed where a header does not hold; what came before is good."""
    offset = 0
    globals_: dict[bytes, bytes] = {}
    pending = _Pending()
    while offset < size:
        block = read(offset, BLOCK)
        if block == _ZEROS:
            return
        if len(block) < BLOCK or not checksum_holds(block):
            raise Malformed(f"no header at byte {offset}")
        kind = block[156:157]
        if kind in b"LKxXg" and kind:
            offset = _extend(read, offset, block, kind, pending, globals_)
            continue
        member, offset = _member(read, offset, block, pending, globals_)
        yield member
        pending = _Pending()
    raise Malformed(f"no end mark, the archive is cut off at byte {size}")


def _extend(read: Read, offset: int, block: bytes, kind: bytes, pending: _Pending, globals_: dict[bytes, bytes]) -> int:
    size = _number(block[124:136])
    if size > RECORD_LIMIT:
        raise Malformed(f"a name or attribute of {size} bytes at byte {offset}")
    content = read(offset + BLOCK, size)
    if kind == b"L":
        pending.name = content.partition(b"\0")[0]
    elif kind == b"K":
        pending.link = content.partition(b"\0")[0]
    else:
        records = _pax_records(content, pending.sparse)
        if kind == b"g":
            _keep(globals_, dict(records))
        else:
            pending.pax.update(records)
    return offset + BLOCK + _padded(size)


def _keep(globals_: dict[bytes, bytes], records: dict[bytes, bytes]) -> None:
    """What holds for all that follow; where a file has holes holds for one."""
    globals_.update((key, value) for key, value in records.items() if not key.startswith(b"GNU.sparse."))
    size = sum(len(key) + len(value) for key, value in globals_.items())
    if size > GLOBAL_LIMIT:
        raise Malformed(f"{size} bytes of attributes for every member")


def _pax_records(content: bytes, sparse: list[tuple[int, int]]) -> Iterator[tuple[bytes, bytes]]:
    """The `length key=value` records; the repeated keys of sparse format 0.0 go to `sparse`."""
    offset = 0
    start = None
    while match := _PAX.match(content, offset):
        end = offset + int(match[1])
        if end <= match.end() or end > len(content):
            return
        key, value = match[2], content[match.end() : end - 1]
        offset = end
        if key == b"GNU.sparse.offset":
            start = _decimal(value)
        elif key == b"GNU.sparse.numbytes" and start is not None and len(sparse) < SPARSE_LIMIT:
            sparse.append((start, _decimal(value)))
        else:
            yield key, value


def _member(
    read: Read, offset: int, block: bytes, pending: _Pending, globals_: Mapping[bytes, bytes]
) -> tuple[Member, int]:
    pax = {**globals_, **pending.pax}
    kind = block[156:157]
    stored = _decimal(pax[b"size"]) if b"size" in pax else _number(block[124:136])
    if kind in b"123456":
        stored = 0 if kind != b"1" or b"size" not in pax else stored
    data = offset + BLOCK
    size, pieces, data_start = _sparse(read, block, kind, data, stored, pax, pending)
    end = data + _padded(stored)
    if kind == b"S":
        end = data_start + _padded(stored)
    member = Member(
        name=_name(block, pax, pending),
        type=kind,
        mode=_number(block[100:108]) & 0o7777,
        uid=_decimal(pax[b"uid"]) if b"uid" in pax else _number(block[108:116]),
        gid=_decimal(pax[b"gid"]) if b"gid" in pax else _number(block[116:124]),
        size=size,
        mtime=_decimal(pax[b"mtime"]) if b"mtime" in pax else _number(block[136:148]),
        link=pax.get(b"linkpath") or pending.link or block[157:257].partition(b"\0")[0],
        device=(_number(block[329:337]), _number(block[337:345])),
        data=data_start,
        stored=stored,
        pieces=pieces,
        xattrs=_xattrs(pax),
    )
    return member, end


def _name(block: bytes, pax: Mapping[bytes, bytes], pending: _Pending) -> bytes:
    name = pax.get(b"GNU.sparse.name") or pax.get(b"path") or pending.name
    if name is not None:
        return name
    own = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + own if prefix else own


def _xattrs(pax: Mapping[bytes, bytes]) -> tuple[tuple[str, bytes], ...]:
    prefix = b"SCHILY.xattr."
    found = ((key[len(prefix) :], value) for key, value in pax.items() if key.startswith(prefix))
    return tuple(sorted((key.decode("utf-8", "surrogateescape"), value) for key, value in found))


def _sparse(
    read: Read, block: bytes, kind: bytes, data: int, stored: int, pax: Mapping[bytes, bytes], pending: _Pending
) -> tuple[int, tuple[tuple[int, int, int], ...] | None, int]:
    """The file's size, its pieces when it is sparse, and where its data begins."""
    if kind == b"S":
        table, begin = _old_table(read, block, data)
        return _number(block[483:495]), _pieces(table, begin), begin
    if pax.get(b"GNU.sparse.major") == b"1":
        table, begin = _pax_table(read, data, stored)
        return _decimal(pax.get(b"GNU.sparse.realsize", b"0")), _pieces(table, begin), data
    real = pax.get(b"GNU.sparse.size") or pax.get(b"GNU.sparse.realsize")
    if real is None:
        return stored, None, data
    table = pending.sparse or _map(pax.get(b"GNU.sparse.map", b""))
    return _decimal(real), _pieces(table, data), data


def _pieces(table: list[tuple[int, int]], begin: int) -> tuple[tuple[int, int, int], ...]:
    pieces = []
    for offset, size in table:
        if size:
            pieces.append((offset, begin, size))
        begin += size
    return tuple(pieces)


def _old_table(read: Read, block: bytes, data: int) -> tuple[list[tuple[int, int]], int]:
    """GNU's old form: four pieces in the header, then blocks of 21 each that say whether another one follows."""
    table = _old_entries(block[386:482], 4)
    more = block[482]
    while more and len(table) < SPARSE_LIMIT:
        extension = read(data, BLOCK)
        if len(extension) < BLOCK:
            break
        table += _old_entries(extension, 21)
        more = extension[504]
        data += BLOCK
    return table, data


def _old_entries(raw: bytes, count: int) -> list[tuple[int, int]]:
    starts = range(0, 24 * count, 24)
    return [(_number(raw[at : at + 12]), _number(raw[at + 12 : at + 24])) for at in starts if raw[at + 12]]


def _pax_table(read: Read, data: int, stored: int) -> tuple[list[tuple[int, int]], int]:
    """pax sparse format 1.0: the table stands before the data, one decimal per line, padded to a block."""
    raw = read(data, min(stored, RECORD_LIMIT))
    first, _, rest = raw.partition(b"\n")
    count = min(_decimal(first), SPARSE_LIMIT)
    lines = rest.split(b"\n", 2 * count)[: 2 * count]
    used = len(first) + 1 + sum(len(line) + 1 for line in lines)
    return _pairs(lines), data + _padded(used)


def _map(text: bytes) -> list[tuple[int, int]]:
    return _pairs(text.split(b",")[: 2 * SPARSE_LIMIT])


def _pairs(numbers: list[bytes]) -> list[tuple[int, int]]:
    values = [_decimal(number) for number in numbers]
    return list(zip(values[::2], values[1::2], strict=False))


def _padded(size: int) -> int:
    return size + -size % BLOCK


def _decimal(text: bytes) -> int:
    """A pax number, its fraction dropped; 0 when it is none or out of any range."""
    whole = text.partition(b".")[0]
    return int(whole) if whole.isdigit() and len(whole) < 20 else 0


def _octal(raw: bytes) -> int:
    digits = raw.partition(b"\0")[0].strip()
    return int(digits, 8) if digits and not digits.strip(b"01234567") else 0


def _number(raw: bytes) -> int:
    """A header's number: octal, or base 256 when its first bit is set (negative ones count as 0)."""
    if raw[:1] and raw[0] & 0x80:
        return 0 if raw[0] & 0x40 else int.from_bytes(bytes([raw[0] & 0x3F]) + raw[1:], "big")
    return _octal(raw)
