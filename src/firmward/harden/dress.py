"""Owner, mode, attributes and time of what was written, by its name in a folder's descriptor; no link is followed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from firmward.model.tree import Entry, Kind

_HERE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def dress(folder: int, name: str, entry: Entry, *, owners: bool = True) -> None:
    """In the order in which none takes another back: a new owner loses setuid bits and capabilities. Raises OSError."""
    raw = os.fsencode(name)
    status = os.stat(raw, dir_fd=folder, follow_symlinks=False)
    if owners and (status.st_uid, status.st_gid) != (entry.uid, entry.gid):
        os.chown(raw, entry.uid, entry.gid, dir_fd=folder, follow_symlinks=False)
    if entry.kind is not Kind.SYMLINK:
        descriptor = os.open(raw, _HERE, dir_fd=folder)
        try:
            os.chmod(f"/proc/self/fd/{descriptor}", entry.mode)  # noqa: PTH101 - by descriptor
            for attribute, value in entry.xattrs:
                with suppress(OSError):  # labels that this machine does not let a user set
                    os.setxattr(f"/proc/self/fd/{descriptor}", attribute, value)
        finally:
            os.close(descriptor)
    with suppress(OverflowError):  # a time that this machine cannot hold
        os.utime(raw, (entry.mtime, entry.mtime), dir_fd=folder, follow_symlinks=False)


@contextmanager
def parent(top: int, path: str) -> Iterator[tuple[int, str]]:
    """The descriptor of the folder that a path stands in, and its name there."""
    above, _, name = path.rpartition("/")
    folder = os.dup(top)
    try:
        for step in above.split("/") if above else ():
            inner = os.open(os.fsencode(step), _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder, name
    finally:
        os.close(folder)
