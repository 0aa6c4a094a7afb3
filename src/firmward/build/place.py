"""Where a build goes: a folder that comes to its place in one step, and takes that of an earlier build alone.

The rules this file holds:

- What no build has made is not touched. That a folder has a `build.json` does not make it one: other programs have a
  file of that name too, and people put their own things beside a build's.
- Two builds into one folder both end well, and the later one stands there.
- Whatever ends the command, what was there stands there or what was built does.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from firmward.build import built, space, statement
from firmward.model.errors import InputError

SHOWN = 3
"""Names that are told of what is in the way."""


def check(out: Path) -> None:
    """Raises InputError where a build cannot stand, or something lies that no build has made."""
    if out.name in ("", ".."):
        raise InputError(f"{out}: is no name for a folder that can be replaced; give one, such as {out / 'out'}")
    if out.is_symlink():
        raise InputError(f"{out}: is a link; give the folder that it leads to, or another")
    _check_parent(out.parent)
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: is not a folder")
    if out.is_mount():
        raise InputError(f"{out}: is a mount point, which cannot be replaced; give a folder in it, {out / 'out'}")
    _check_content(out)


def make_parent(out: Path) -> None:
    with space.told(out):
        out.parent.mkdir(parents=True, exist_ok=True)


def _check_parent(folder: Path) -> None:
    """The nearest that is there has to be a folder to write to."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{folder}: cannot be written to; give another folder, or get the right to")


def _check_content(out: Path) -> None:
    with space.told(out):
        if not any(out.iterdir()):
            return
    try:
        made = built.read(out)
    except InputError:
        raise InputError(f"{out}: holds other things than a build; give a new folder, or an earlier build's") from None
    others = statement.added(out, made)
    if others:
        names = ", ".join(others[:SHOWN]) + (f" and {len(others) - SHOWN} more" if len(others) > SHOWN else "")
        raise InputError(
            f"{out}: holds {names}, which the earlier build did not make; move it away, or build elsewhere"
        )


@contextmanager
def taken(out: Path, folders: Iterable[str]) -> Iterator[Path]:
    """A folder with these in it, which takes the place of `out` when the block ends well, and is gone when not."""
    with space.told(out), tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        folder = Path(name) / "new"
        for inner in folders:
            (folder / inner).mkdir(parents=True)
        yield folder
        with _alone(out.parent):
            check(out)  # minutes have gone by
            _exchange(folder, out, Path(name) / "old")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several builds one at a time; on a file system without locks each has to look after itself."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _exchange(new: Path, out: Path, old: Path) -> None:
    try:
        if out.exists():
            out.rename(old)
        new.rename(out)
    except BaseException:  # a signal between the two steps
        if old.exists() and not out.exists():
            old.rename(out)
        raise
