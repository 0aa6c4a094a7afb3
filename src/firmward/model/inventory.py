"""Which files a tree has, packed: what a comparison of builds holds of each.

A line of JSON per file, in the order in which a walk meets them, compressed: two inventories of a million files are
merged line by line, and neither is ever unpacked as a whole.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.model.errors import InputError
from firmward.model.tree import Kind

PIECE = 1 << 18
"""Bytes unpacked at a time."""
LINE_LIMIT = 4 << 20
"""Bytes of one line: a path of 4096 bytes and the names of all attributes, each byte an escape."""
FIELDS = 12


@dataclass(frozen=True, slots=True)
class FileState:
    """One name of a tree, without its bytes. `content` stands for what a regular file holds (None: it could not be
    read); `holds` says what kind of secret or certificate that is; `xattrs` are attributes by name, each with a digest
    of its value."""

    path: str
    kind: Kind
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    target: str | None = None
    device: tuple[int, int] | None = None
    xattrs: tuple[tuple[str, str], ...] = ()
    content: str | None = None
    holds: str | None = None

    @property
    def is_unread(self) -> bool:
        return self.kind is Kind.FILE and self.content is None


@dataclass(frozen=True, slots=True)
class Inventory:
    """The names in one part, packed in the order of `order`: how many, how many files could not be read, and whether
    any has extended attributes."""

    part: str
    packed: bytes
    names: int
    unread: int = 0
    attributes: bool = False


def order(path: str) -> str:
    """Sorts a path as a walk meets it: a folder, then all that is in it."""
    return path.replace("/", "\0")


def packed(part: str, states: Iterable[FileState]) -> Inventory:
    """An inventory of states that come in order."""
    press = zlib.compressobj(1)
    pieces, names, unread, attributes = [], 0, 0, False
    for state in states:
        names += 1
        unread += state.is_unread
        attributes = attributes or bool(state.xattrs)
        pieces.append(press.compress(_line(state)))
    pieces.append(press.flush())
    return Inventory(part, b"".join(pieces), names, unread, attributes)


def unpacked(inventory: Inventory) -> Iterator[FileState]:
    """The states, one by one. Raises InputError for what is no inventory."""
    try:
        yield from map(_state, _lines(inventory.packed))
    except (zlib.error, ValueError, TypeError) as error:
        raise InputError(f"{inventory.part}: its list of files is damaged ({error})"[:300]) from None


def _line(state: FileState) -> bytes:
    row = [
        *(state.path, state.kind, state.mode, state.uid, state.gid, state.size, state.mtime, state.target),
        *(state.device, state.xattrs, state.content, state.holds),
    ]
    return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"


def _lines(content: bytes) -> Iterator[bytes]:
    press = zlib.decompressobj()
    rest = b""
    while not press.eof and content:
        rest += press.decompress(content, PIECE)
        content = press.unconsumed_tail
        *lines, rest = rest.split(b"\n")
        yield from lines
        if len(rest) > LINE_LIMIT:
            raise ValueError("a line is absurdly long")
    rest += press.flush()
    if not press.eof:
        raise ValueError("it ends too early")
    yield from (line for line in rest.split(b"\n") if line)


def _state(line: bytes) -> FileState:
    row = json.loads(line)
    if not isinstance(row, list) or len(row) != FIELDS:
        raise ValueError("a line has not the fields of a file")
    path, kind, *numbers, target, device, xattrs, content, holds = row
    mode, uid, gid, size, mtime = map(int, numbers)
    return FileState(
        str(path),
        Kind(kind),
        mode,
        uid,
        gid,
        size,
        mtime,
        None if target is None else str(target),
        None if device is None else (int(device[0]), int(device[1])),
        tuple((str(name), str(value)) for name, value in xattrs),
        None if content is None else str(content),
        None if holds is None else str(holds),
    )
