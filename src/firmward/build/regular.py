"""Small files, whole: a name may lead to a device that never ends, to a pipe that nobody writes to, or out of a folder
that somebody else has filled.
"""

import os
import stat
from pathlib import Path

from firmward.model.errors import InputError


def content(path: Path, limit: int) -> bytes:
    """Raises InputError for what is no regular file of `limit` bytes at the most, and for a link."""
    return _content(path, limit, os.O_NOFOLLOW)


def linked_content(path: Path, limit: int) -> bytes:
    """The same for a file that the caller has named, which may be a link."""
    return _content(path, limit, 0)


def _content(path: Path, limit: int, how: int) -> bytes:
    if how and path.is_symlink():
        raise InputError(f"{path}: is a link; put the file itself there")
    try:
        # a pipe would be waited for
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | how)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"{path}: is no regular file")
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > limit:
        raise InputError(f"{path}: larger than {limit} bytes")
    return data


def is_inside(folder: Path, name: str) -> bool:
    """Whether a name is that of a regular file below a folder, to which no link leads on the way."""
    place = folder
    for part in Path(name).parts:
        place = place / part
        if part == ".." or place.is_symlink():
            return False
    return not Path(name).is_absolute() and place.is_file()
