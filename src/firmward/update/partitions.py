"""The disk of this machine (disk.py): its partitions by the names in their table, or files in their place.

Rules:

- The kernel tells names (PARTNAME) and devices in `/sys/class/block/*/uevent`. Of two partitions of one name, as with a
  card that somebody put in, the one counts that lies on the running system's disk, and none where that is not known.
- Block devices are opened for writing with O_EXCL: the kernel refuses what is mounted, or held by device mapper.
- What is read comes past the kernel's cache (O_DIRECT): the cache gives back what was written whether the disk took it
  or not. A file system that knows no O_DIRECT is asked to forget the pages, which is a hint and no promise.
- An error of fsync is told once, to descriptors that were open by then: the one that writes is the one that syncs.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap

SYS, DEV, ROOT = Path("/sys"), Path("/dev"), Path("/")
BLOCK = 4096
"""What O_DIRECT wants places and lengths to be multiples of, on any disk."""
PIECE = 1 << 20
UEVENT_LIMIT = 4096
LAYERS_LIMIT = 8
"""Of device mapper above one another."""


class Partitions:
    """A disk (disk.py) from paths by name; more than one where several partitions are called so."""

    def __init__(self, paths: Mapping[str, tuple[Path, ...]]) -> None:
        self._paths = paths
        self._readers: dict[str, _Reader] = {}
        self._writers: dict[str, int] = {}

    def __contains__(self, partition: str) -> bool:
        return partition in self._paths

    def size(self, partition: str) -> int:
        return self._reader(partition).size

    def read(self, partition: str, offset: int, length: int) -> bytes:
        reader = self._reader(partition)
        length = min(length, reader.size - offset)
        return b"".join(reader.pieces(offset, length)) if offset >= 0 and length > 0 else b""

    def write(self, partition: str, offset: int, data: bytes) -> int:
        if offset + len(data) > self.size(partition):
            raise OSError(errno.ENOSPC, f"{partition} ends before that")
        return os.pwrite(self._writer(partition), data, offset)

    def sync(self, partition: str) -> None:
        os.fsync(self._writer(partition))

    def close(self) -> None:
        for descriptor in (*self._writers.values(), *(one.descriptor for one in self._readers.values())):
            os.close(descriptor)
        self._readers, self._writers = {}, {}

    def _reader(self, partition: str) -> "_Reader":
        if partition not in self._readers:
            self._readers[partition] = _reader(self._path(partition))
        return self._readers[partition]

    def _writer(self, partition: str) -> int:
        if partition not in self._writers:
            path = self._path(partition)
            alone = os.O_EXCL if stat.S_ISBLK(path.stat().st_mode) else 0
            self._writers[partition] = os.open(path, os.O_WRONLY | os.O_CLOEXEC | alone)
        return self._writers[partition]

    def _path(self, partition: str) -> Path:
        found = self._paths[partition]
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise OSError(errno.ENOTUNIQ, f"{names} are both called {partition}: take away what does not belong here")
        if not _is_storage(found[0].stat().st_mode):
            raise OSError(errno.ENOTBLK, f"{found[0]} is no disk and no file")
        return found[0]


def of_this_machine(sys: Path = SYS, dev: Path = DEV, root: Path = ROOT) -> Partitions:
    """None are there where the kernel tells of none. `root` lies on the running system's disk."""
    found: dict[str, list[_Named]] = {}
    for one in _named(sys, dev):
        found.setdefault(one.name, []).append(one)
    own = _disk_below(sys, root)
    return Partitions({name: _chosen(all_of_it, own) for name, all_of_it in found.items()})


@dataclass(frozen=True, slots=True)
class _Named:
    """`disk` is the folder that the kernel has for the disk that the partition is of."""

    name: str
    path: Path
    disk: Path


def _named(sys: Path, dev: Path) -> Iterator[_Named]:
    folder = sys / "class/block"
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        said = _uevent(place / "uevent")
        if "PARTNAME" in said and "DEVNAME" in said:
            yield _Named(said["PARTNAME"], dev / said["DEVNAME"], place.resolve().parent)


def _uevent(path: Path) -> dict[str, str]:
    """Empty for a device that has gone."""
    try:
        with path.open("rb") as file:
            content = file.read(UEVENT_LIMIT)
    except OSError:
        return {}
    pairs = (line.partition("=") for line in content.decode(errors="replace").split("\n"))
    return {key: value for key, _, value in pairs}


def _chosen(found: list[_Named], own: Path | None) -> tuple[Path, ...]:
    ours = [one for one in found if one.disk == own]
    return tuple(one.path for one in (ours if len(ours) == 1 else found))


def _disk_below(sys: Path, root: Path) -> Path | None:
    """The disk that a folder's file system lies on, however many layers of device mapper there are in between; None
    where it lies on none, as in memory, or on several."""
    number = root.stat().st_dev
    places = {(sys / "dev/block" / f"{os.major(number)}:{os.minor(number)}").resolve()}
    for _ in range(LAYERS_LIMIT):
        below = {one.resolve() for place in places for one in _listed(place / "slaves")}
        if not below:
            break
        places = below
    disks = {place.parent if (place / "partition").exists() else place for place in places}
    return disks.pop() if len(disks) == 1 else None


def _listed(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


@dataclass(frozen=True, slots=True)
class _Reader:
    descriptor: int
    size: int
    pieces: "Callable[[int, int], Iterator[bytes]]"


def _reader(path: Path) -> _Reader:
    flags = os.O_RDONLY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_DIRECT)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        descriptor = os.open(path, flags)
        read = _Forgetful(descriptor).pieces
    else:
        read = _Direct(descriptor).pieces
    return _Reader(descriptor, os.lseek(descriptor, 0, os.SEEK_END), read)


class _Direct:
    """Reads into memory that is aligned, as O_DIRECT wants it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer: mmap | None = None

    def pieces(self, offset: int, length: int) -> Iterator[bytes]:
        end, buffer = offset + length, self._memory()
        while offset < end:
            begin = offset - offset % BLOCK
            wanted = min(PIECE, -((begin - end) // BLOCK) * BLOCK)
            count = os.preadv(self._descriptor, [memoryview(buffer)[:wanted]], begin)
            fresh = min(begin + count, end) - offset
            if fresh <= 0:
                return
            yield buffer[offset - begin : offset - begin + fresh]
            offset += fresh

    def _memory(self) -> "mmap":
        from mmap import mmap

        if self._buffer is None:
            self._buffer = mmap(-1, PIECE)
        return self._buffer


class _Forgetful:
    """Reads through the cache, which is asked to forget before."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def pieces(self, offset: int, length: int) -> Iterator[bytes]:
        os.posix_fadvise(self._descriptor, offset, length, os.POSIX_FADV_DONTNEED)
        end = offset + length
        while offset < end and (piece := os.pread(self._descriptor, min(PIECE, end - offset), offset)):
            yield piece
            offset += len(piece)


def _is_storage(mode: int) -> bool:
    return stat.S_ISBLK(mode) or stat.S_ISREG(mode)
