"""A hardened root put back as it was, by the manifest.

Nothing is changed before all of it was looked at: every path must stand there as hardening left it, or already as it
was before, so that what was interrupted can be done again. What is written is written beside its place first, and takes
it by a rename; no link is followed on the way. Hard links are not known to a manifest: a file that was one name of
several comes back as a file of its own.
"""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from firmward.harden.dress import dress, parent
from firmward.harden.manifest import Manifest
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.folder import FolderTree
from firmward.model.hardening import Changed, State
from firmward.model.tree import Entry, Kind

BEFORE = "before"
"""The folder beside the manifest with the contents that were there before, by their SHA-256."""
PIECE = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TYPES = {Kind.CHARACTER: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK, Kind.FIFO: stat.S_IFIFO}


def undo(manifest: Manifest, kept: Path, root: Path) -> int:
    """Put the root back; how many paths were. `kept` is the folder of contents. Raises InputError, in one line."""
    tree = FolderTree(root)
    waiting = [one for one in manifest.changed if not _is_as_before(tree, one)]
    if not os.access(root, os.W_OK | os.X_OK):
        raise InputError(f"{root}: cannot be written to")
    known = frozenset(one.path for one in manifest.changed)
    for one in waiting:
        _check(tree, one, known, root)
        _check_kept(one, kept)
        _check_right(one, root)
    try:
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _put_back(top, waiting, kept)
        finally:
            os.close(top)
    except OSError as error:
        why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
        raise InputError(f"{root}: cannot be put back: {why}; what was done until here can be done again") from error
    return len(waiting)


def _check(tree: FolderTree, one: Changed, known: Collection[str], root: Path) -> None:
    """Raises InputError where something else stands than hardening left."""
    entry, before = tree.lstat(one.path), None if one.before is None else one.before.entry
    if entry is not None and before is not None and entry.kind is before.kind is Kind.DIRECTORY:
        return  # one of an earlier attempt, or one whose mode is given back
    if (
        entry is None
        and before is not None
        and one.after is not None
        and _is_folder(one.before) != _is_folder(one.after)
    ):
        return  # where an earlier attempt ended
    if not _is(tree, one.path, one.after):
        what = "is there again" if one.after is None else "is not as hardening left it"
        raise InputError(f"{root / _shown(one.path)}: {what}; nothing was changed")
    if entry is not None and entry.kind is Kind.DIRECTORY:
        for name in tree.names(one.path):
            if f"{one.path}/{name}" not in known:
                raise InputError(f"{root / _shown(one.path)}: holds {_shown(name)} by now; nothing was changed")


def _is_as_before(tree: FolderTree, one: Changed) -> bool:
    return _is(tree, one.path, one.before)


def _is(tree: FolderTree, path: str, state: State | None) -> bool:
    """Owners are not asked: a copy that a normal user made has none but his."""
    entry = tree.lstat(path)
    if entry is None or state is None:
        return entry is None and state is None
    wanted = state.entry
    if (entry.kind, entry.target, entry.device) != (wanted.kind, wanted.target, wanted.device):
        return False
    if entry.kind is not Kind.SYMLINK and entry.mode != wanted.mode:
        return False
    return entry.kind is not Kind.FILE or (entry.size == wanted.size and _digest(tree, entry) == state.sha256)


def _digest(tree: FolderTree, entry: Entry) -> str:
    digest = hashlib.sha256()
    try:
        for piece in tree.chunks(entry):
            digest.update(piece)
    except Unavailable as reason:
        raise InputError(str(reason)) from reason
    return digest.hexdigest()


def _needs_content(one: Changed) -> bool:
    if one.before is None or one.before.entry.kind is not Kind.FILE:
        return False
    return one.after is None or one.after.entry.kind is not Kind.FILE or one.after.sha256 != one.before.sha256


def _check_kept(one: Changed, kept: Path) -> None:
    """Raises InputError where a content is missing, or is another."""
    if not _needs_content(one) or one.before is None:
        return
    place = kept / str(one.before.sha256)
    digest = hashlib.sha256()
    try:
        with place.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except OSError as error:
        raise InputError(
            f"{place}: {error.strerror}: what {_shown(one.path)} was is lost; nothing was changed"
        ) from error
    if digest.hexdigest() != one.before.sha256:
        raise InputError(f"{place}: is not what {_shown(one.path)} was; nothing was changed")


def _check_right(one: Changed, root: Path) -> None:
    """Raises InputError for what only root can give back."""
    if os.geteuid() == 0 or one.before is None:
        return
    entry = one.before.entry
    owner = entry.uid, entry.gid
    here = (one.after.entry.uid, one.after.entry.gid) if one.after is not None else None
    mine = entry.uid == os.geteuid() and entry.gid in (os.getegid(), *os.getgroups())
    if (owner != here and not mine) or entry.kind in (Kind.CHARACTER, Kind.BLOCK):
        raise InputError(f"{root / _shown(one.path)}: was {entry.uid}:{entry.gid}'s, which only root can give back")


def _put_back(top: int, rows: Sequence[Changed], kept: Path) -> None:
    """Folders that were removed come first, then all contents beside their places; then what was added goes, and only
    then anything takes the place of another."""
    for one in rows:
        if _is_folder(one.before) and not _is_folder(one.after):
            _make_folder(top, one)
    staged: list[tuple[str, str]] = []
    try:
        for one in filter(_is_replaced, rows):
            _stage(top, one, kept, staged)
        for one in reversed(rows):
            if one.before is None or (_is_folder(one.after) and not _is_folder(one.before)):
                _take_away(top, one)
        while staged:
            _put(top, *staged[-1])
            staged.pop()
    finally:
        for path, hidden in staged:
            with suppress(OSError), parent(top, path) as (folder, _):
                os.unlink(hidden, dir_fd=folder)
    for one in reversed(rows):
        if one.before is not None and not _is_replaced(one):
            with parent(top, one.path) as (folder, name):
                dress(folder, name, one.before.entry)


def _put(top: int, path: str, hidden: str) -> None:
    with parent(top, path) as (folder, name):
        os.rename(hidden, os.fsencode(name), src_dir_fd=folder, dst_dir_fd=folder)


def _make_folder(top: int, one: Changed) -> None:
    with parent(top, one.path) as (folder, name):
        with suppress(FileNotFoundError, IsADirectoryError):  # an earlier attempt's
            os.unlink(os.fsencode(name), dir_fd=folder)
        with suppress(FileExistsError):
            os.mkdir(os.fsencode(name), 0o700, dir_fd=folder)


def _take_away(top: int, one: Changed) -> None:
    with suppress(FileNotFoundError), parent(top, one.path) as (folder, name):
        (os.rmdir if _is_folder(one.after) else os.unlink)(os.fsencode(name), dir_fd=folder)


def _is_folder(state: State | None) -> bool:
    return state is not None and state.entry.kind is Kind.DIRECTORY


def _is_replaced(one: Changed) -> bool:
    """Whether what was there is made anew, and not just dressed."""
    if one.before is None or one.before.entry.kind is Kind.DIRECTORY:
        return False
    return _needs_content(one) or one.after is None or one.before.entry.kind is not Kind.FILE


def _stage(top: int, one: Changed, kept: Path, staged: list[tuple[str, str]]) -> None:
    """Write what was there beside its place; `staged` takes note of its path and hidden name."""
    assert one.before is not None  # noqa: S101 - who is replaced was there
    entry = one.before.entry
    hidden = f".firmward.{secrets.token_hex(8)}.partial"
    with parent(top, one.path) as (folder, _):
        staged.append((one.path, hidden))
        if entry.kind is Kind.SYMLINK:
            os.symlink(os.fsencode(entry.target or ""), hidden, dir_fd=folder)
        elif entry.kind is Kind.FILE:
            with (kept / str(one.before.sha256)).open("rb") as content:
                _copy(content, os.open(hidden, _NEW, 0o600, dir_fd=folder))
        else:
            numbers = os.makedev(*entry.device) if entry.device is not None else 0
            os.mknod(hidden, _TYPES[entry.kind] | 0o600, numbers, dir_fd=folder)
        dress(folder, hidden, entry)


def _copy(content: BinaryIO, descriptor: int) -> None:
    with os.fdopen(descriptor, "wb") as file:
        while piece := content.read(PIECE):
            file.write(piece)


def _shown(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
