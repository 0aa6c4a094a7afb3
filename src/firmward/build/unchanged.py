"""That what a build is made from stayed the same from the moment that it was looked at.

The kernel is read three times, and a root is searched for keys before it is packed: a file that another program writes
meanwhile would be checked as one thing and signed as another. Trees in folders are held to what they said file by file
(tar_stream.py).
"""

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Stamp:
    path: Path
    said: tuple[int, ...]


def stamps(paths: Iterable[Path]) -> tuple[Stamp, ...]:
    """Of those that are files; what is not there is for others to tell."""
    return tuple(Stamp(path, said) for path in paths if (said := _said(path)) is not None)


def require(before: Iterable[Stamp]) -> None:
    """Raises InputError for a file that is not what it was."""
    for one in before:
        if _said(one.path) != one.said:
            raise InputError(f"{one.path}: changed while it was built from; build again when it is finished")


def _said(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None
