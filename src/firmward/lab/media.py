"""What a virtual device writes to: its disk and its flash bank, copies that have no name and go with the last process
that has them open, or files in a folder that the user keeps.

A build's own files are never given to a machine: what runs in it may write anything anywhere.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, cast

from firmward.build import built
from firmward.model.errors import InputError

PIECE = 1 << 20
ERASED = b"\xff"
DISK, FLASH = "disk.img", "flash.img"
NO_SUCH_WAY = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


@dataclass(frozen=True, slots=True)
class Media:
    """Open for reading and writing."""

    disk: IO[bytes]
    flash: IO[bytes]


Prepare = Callable[[Media], None]
"""What is done to media before a machine first runs on them."""


def as_built(media: Media) -> None:
    """Nothing."""


@contextmanager
def passing(build: Path, flash_size: int, prepare: Prepare = as_built) -> Iterator[Media]:
    """Copies that nobody finds again."""
    with TemporaryFile(prefix="firmward-lab-") as disk, TemporaryFile(prefix="firmward-lab-") as flash:
        media = Media(disk, flash)
        with _roomy(Path(gettempdir())):
            _fill(media, build, flash_size, prepare)
        yield media


@contextmanager
def kept(
    folder: Path, build: Path, flash_size: int, prepare: Prepare = as_built, *, prefix: str = ""
) -> Iterator[Media]:
    """Files in a folder, made on the first use. `prefix` is put before their names.

    Raises InputError when the folder has those of another build: its disk would be taken for this one's.
    """
    record = folder / f"{prefix}{built.FILE}"
    disk, flash = folder / f"{prefix}{DISK}", folder / f"{prefix}{FLASH}"
    own = (build / built.FILE).read_bytes()
    if record.exists() and record.read_bytes() != own:
        raise InputError(f"{folder}: keeps the disk of another build; give another folder, or remove this one")
    if not record.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with _roomy(folder), _own(disk, "w+b") as disk_file, _own(flash, "w+b") as flash_file:
            _fill(Media(disk_file, flash_file), build, flash_size, prepare)
        # last, so that what was left half-made is made again
        record.write_bytes(own)
    with _own(disk, "r+b") as disk_file, _own(flash, "r+b") as flash_file:
        yield Media(disk_file, flash_file)


@contextmanager
def copied(folder: Path, prefix: str = "") -> Iterator[Media]:
    """Copies that nobody finds again, of media that are kept in a folder."""
    with TemporaryFile(prefix="firmward-lab-") as disk, TemporaryFile(prefix="firmward-lab-") as flash:
        with _roomy(Path(gettempdir())):
            copy(folder / f"{prefix}{DISK}", disk)
            copy(folder / f"{prefix}{FLASH}", flash)
        yield Media(disk, flash)


def _own(path: Path, mode: str) -> IO[bytes]:
    """Not what a link leads to: a device writes there."""
    if path.is_symlink():
        raise InputError(f"{path}: is a link; give a folder of the lab's own")
    return cast("IO[bytes]", path.open(mode))


def _fill(media: Media, build: Path, flash_size: int, prepare: Prepare) -> None:
    copy(build / DISK, media.disk)
    erase(media.flash, flash_size)
    prepare(media)


@contextmanager
def _roomy(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        words = "has no room for a copy of the disk; make some, or set TMPDIR to a folder that has"
        raise InputError(f"{folder}: {words}") from error


def copy(source: Path, target: IO[bytes], at: int = 0) -> None:
    """Copy a file, leaving out its holes, and sharing its blocks where the file system can. What is left out is taken
    to be zero in the target already."""
    with source.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if os.fstat(target.fileno()).st_size < at + size:
            os.ftruncate(target.fileno(), at + size)
        for start, end in _filled(file.fileno(), size):
            _copy_range(file, target, start, end, at)


def _filled(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end


def _copy_range(source: IO[bytes], target: IO[bytes], start: int, end: int, at: int) -> None:
    while start < end:
        try:
            done = os.copy_file_range(source.fileno(), target.fileno(), end - start, start, at + start)
        except OSError as error:
            if error.errno not in NO_SUCH_WAY:
                raise
            done = 0
        if not done:
            break
        start += done
    if start < end:
        source.seek(start)
        target.seek(at + start)
        while start < end and (piece := source.read(min(PIECE, end - start))):
            target.write(piece)
            start += len(piece)
        target.flush()


def erase(target: IO[bytes], size: int) -> None:
    """Flash as it comes: every bit is one."""
    piece = ERASED * min(PIECE, size)
    for start in range(0, size, PIECE):
        target.write(piece[: size - start])
    target.flush()


def zero(target: IO[bytes], start: int, size: int) -> None:
    """Nothing is left there of what was."""
    target.seek(start)
    piece = bytes(min(PIECE, size))
    for done in range(0, size, PIECE):
        target.write(piece[: size - done])
    target.flush()
