"""Files that are ready beside a folder's own, so that a full disk stops nobody who writes over what he had.

A file takes a name, an inode and blocks, and whoever fills a disk takes the last of each. So:

- While there is room, files of SIZES are made.
- Who finds no room later gives one of them the name that he wants, the smallest that will do, and writes over its
  blocks in place. The file that is replaced by it becomes a spare one by a hard link, made before it goes: nothing is
  given back to whoever filled the disk.
- A power cut between the two leaves a file with two names. To write into that would tear the other: it is not taken.

What a spare file holds is nobody's.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
SIZES = (4 << 10,) * 12 + (32 << 10,) * 4
"""Bytes of each: more than a first update makes files in one folder, of which a few are large."""


def prepare(folder: Path) -> None:
    """Makes what is missing of them, as far as there is room."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, size in zip(_places(folder), SIZES, strict=True):
            if not _is_made(path):
                _make(path, size)


def take(path: Path, size: int) -> bool:
    """Gives a spare file with blocks for so many bytes this name. False where there is none."""
    fit = sorted((room, spare) for room, spare in _lone(path.parent) if room >= size)
    for _, spare in fit[:1]:
        with suppress(OSError):
            spare.replace(path)
            return True
    return False


def leave(path: Path) -> None:
    """A file that is about to go stays as a spare one, where there are some and one is missing."""
    with suppress(OSError):  # it is not there, or this file system knows no second names
        there = set(path.parent.iterdir())
        missing = [spare for spare in _places(path.parent) if spare not in there]
        if 0 < len(missing) < len(SIZES):
            os.link(path, missing[0], follow_symlinks=False)


def _lone(folder: Path) -> Iterator[tuple[int, Path]]:
    """Spare files and the bytes that they have blocks for. What has a second name, or is no file, is one no longer."""
    for spare in _places(folder):
        with suppress(OSError):
            found = spare.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                yield found.st_blocks * 512, spare
            else:
                spare.unlink()


def _places(folder: Path) -> Iterator[Path]:
    return (folder / f".spare-{number}" for number in range(len(SIZES)))


def _is_made(path: Path) -> bool:
    """What a power cut left with two names is somebody's, even without blocks: short files lie in an ext4's inodes."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return found.st_blocks > 0 or found.st_nlink > 1


def _make(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, bytes(size))
        os.fsync(descriptor)  # until then the blocks may be promised and not there
    finally:
        os.close(descriptor)
