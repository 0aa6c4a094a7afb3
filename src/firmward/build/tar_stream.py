"""A tree as a tar archive in a stream: how the programs that make file systems take owners, device nodes and
capabilities without root, since none of them ever stands on this machine.

The rules this file holds:

- Entries come sorted, parents before what is in them; a file's further names are hard links to its first.
- A folder tells of this machine as well as of the device. Below a folder that belongs to a normal user everything
  belongs to root, since such a user could not have said otherwise; below one of root's the owners count. Times are the
  epoch, since a copy of the folder has others. Labels and access lists that this machine gave are left out.
- In an image all is the maker's: owners count, and so do times, but none is later than the epoch.
- What cannot be told in full (unreadable, changing, a socket, an access list) is refused, never left out.

PAX records (POSIX.1-2001, `pax` utility) carry what the old headers cannot, and extended attributes as
`SCHILY.xattr.NAME`, as GNU tar, star and mksquashfs have it.
"""

import os
import tarfile
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from firmward.build.trees import FOLDER, Given
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind

TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.DIRECTORY: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.CHARACTER: tarfile.CHRTYPE,
    Kind.BLOCK: tarfile.BLKTYPE,
    Kind.FIFO: tarfile.FIFOTYPE,
}
KEPT_OF_FOLDERS = ("security.capability", "security.ima", "security.evm", "user.", "trusted.")
"""Extended attributes that somebody set on purpose; security.selinux and system.posix_acl_* come by themselves."""
PIECE = 1 << 20
KEPT = ("security.", "user.", "trusted.")
"""Namespaces that squashfs has; those of access lists are not among them."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What goes into the archive: an `entry` as it shall be on the device, and `stored` as the tree has it. `first` is
    the path of the file that this one is a further name of."""

    entry: Entry
    stored: Entry
    first: str | None = None


def prepared(given: Given, epoch: int) -> Iterator[Prepared]:
    """The entries in their order. Raises InputError, which names the entry that cannot be carried over."""
    to_root = given.kind == FOLDER and given.path.stat().st_uid != 0
    names: dict[Hashable, Prepared] = {}
    for stored in sorted(given.tree.entries(), key=lambda one: os.fsencode(one.path).split(b"/")):
        _check(given, stored)
        entry = replace(
            stored,
            uid=0 if to_root else stored.uid,
            gid=0 if to_root else stored.gid,
            mtime=epoch if given.kind == FOLDER else min(max(stored.mtime, 0), epoch),
            xattrs=tuple(_xattrs(given, stored)),
        )
        known = given.tree.identity(stored.path) if stored.kind is Kind.FILE else None
        one = Prepared(entry, stored)
        first = names.setdefault(known, one) if known is not None else one
        same = first is not one and replace(first.entry, path=entry.path) == entry
        yield replace(one, first=first.entry.path) if same else one


def _check(given: Given, entry: Entry) -> None:
    where = f"{given.path}: {entry.path!r}"
    if entry.kind not in TYPES:
        raise InputError(f"{where} is a {entry.kind}, which no image can carry; remove it")
    if entry.kind is Kind.SYMLINK and not entry.target:
        raise InputError(f"{where} is a link without a target")
    if given.kind == FOLDER and entry.kind is Kind.DIRECTORY and not _is_readable(given.path / entry.path):
        raise InputError(f"{where}: the folder cannot be read, so that what is in it would be missing")


def _is_readable(folder: Path) -> bool:
    """What the build put over the folder does not lie in it."""
    return os.access(folder, os.R_OK | os.X_OK) or not os.path.lexists(folder)


def _xattrs(given: Given, entry: Entry) -> Iterator[tuple[str, bytes]]:
    for name, value in entry.xattrs:
        if given.kind == FOLDER and not name.startswith(KEPT_OF_FOLDERS):
            continue
        if not name.startswith(KEPT):
            raise InputError(f"{given.path}: {entry.path!r} has {name}, which the image cannot carry; take it off")
        yield name, value


def write(given: Given, out: IO[bytes], epoch: int) -> None:
    """The whole tree, but its root, to a stream; no more than a piece of one file is in memory. Raises InputError."""
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for one in prepared(given, epoch):
            header = _header(one)
            if header.isreg():
                _add_file(given, archive, header, one.stored)
            else:
                archive.addfile(header)


def _header(one: Prepared) -> tarfile.TarInfo:
    entry = one.entry
    header = tarfile.TarInfo(entry.path)
    header.type = TYPES[entry.kind]
    header.mode, header.uid, header.gid, header.mtime = entry.mode, entry.uid, entry.gid, entry.mtime
    if one.first is not None:
        header.type, header.linkname = tarfile.LNKTYPE, one.first
    elif entry.kind is Kind.FILE:
        header.size = entry.size
    if entry.target is not None:
        header.linkname = entry.target
    header.devmajor, header.devminor = entry.device or (0, 0)
    # tarfile takes text, and gives surrogate escapes back as the bytes they were
    header.pax_headers = {
        f"SCHILY.xattr.{name}": value.decode("utf-8", "surrogateescape") for name, value in entry.xattrs
    }
    return header


def _add_file(given: Given, archive: tarfile.TarFile, header: tarfile.TarInfo, stored: Entry) -> None:
    content = Content(given, stored)
    archive.addfile(header, content)
    content.finish()


class Content:
    """A file's content as tarfile reads it, which must be as long as the tree says, and stay the same meanwhile."""

    def __init__(self, given: Given, entry: Entry) -> None:
        self._given = given
        self._entry = entry
        self._chunks = given.tree.chunks(entry)
        self._held = b""

    def pieces(self) -> Iterator[bytes]:
        """All of it, to its checked end."""
        left = self._entry.size
        while left:
            yield (piece := self.read(min(left, PIECE)))
            left -= len(piece)
        self.finish()

    def read(self, size: int = 0, /) -> bytes:
        pieces: list[bytes] = []
        left = size
        while left:
            if not self._held:
                self._held = self._next()
            piece, self._held = self._held[:left], self._held[left:]
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def finish(self) -> None:
        """Raises InputError when there is more, or the file is another now."""
        more = bool(self._held) or any(self._chunks)
        if more or self._given.tree.lstat(self._entry.path) != self._entry:
            raise self._changed()

    def _next(self) -> bytes:
        try:
            for piece in self._chunks:
                if piece:
                    return piece
        except Unavailable as reason:
            raise InputError(f"{self._given.path}: {self._entry.path!r} cannot be read: {reason}") from reason
        raise self._changed()

    def _changed(self) -> InputError:
        return InputError(f"{self._given.path}: {self._entry.path!r} changed while it was read; build again")
