"""The root file system of a slot as squashfs, made without root and without mounting anything.

A squashfs with the wanted compression is taken as it is: its layout is the maker's. Anything else goes as a tar stream
(tar_stream.py) into mksquashfs, whose bytes depend neither on the number of processors nor on the moment (its version
4.4 and later). The root folder itself is root's with mode 0755, whatever it was where it came from.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from firmward.build import tar_stream
from firmward.build.program import run
from firmward.build.space import beside
from firmward.build.trees import Given
from firmward.formats.squashfs import COMPRESSORS
from firmward.image.filesystem.squashfs import SquashfsTree
from firmward.image.source import Source
from firmward.model.errors import FirmwardError

PACKAGE = "squashfs-tools"
SECONDS = 3600
"""A large root on a slow machine: xz packs a few MiB a second."""


def write_root(given: Given, out: Path, *, compression: str, epoch: int) -> None:
    """The squashfs of a tree, at `out`. Raises InputError for a tree that cannot be carried over in full."""
    with beside(out) as place:
        if given.source is not None and _is_wanted(given, compression):
            _copy(given.source, place)
        else:
            _make(given, place, compression, epoch)


def _is_wanted(given: Given, compression: str) -> bool:
    tree = given.tree
    return isinstance(tree, SquashfsTree) and COMPRESSORS[tree.superblock.compressor] == compression


def _copy(source: Source, place: Path) -> None:
    with place.open("xb") as file:
        for piece in source.chunks():
            file.write(piece)


def _make(given: Given, place: Path, compression: str, epoch: int) -> None:
    reader, writer = os.pipe()
    with ThreadPoolExecutor(1, "tar") as beside_it, os.fdopen(reader, "rb") as stdin:
        stream = beside_it.submit(_stream, given, writer, epoch)
        try:
            run(_command(place, compression, epoch), epoch=epoch, package=PACKAGE, seconds=SECONDS, stdin=stdin)
        except FirmwardError:
            stdin.close()  # the writer learns that nobody reads any more
            stream.result()  # and what it could not read is the reason of what went wrong behind it
            raise
        finally:
            stdin.close()
        stream.result()


def _stream(given: Given, writer: int, epoch: int) -> None:
    try:
        with os.fdopen(writer, "wb") as out:
            tar_stream.write(given, out, epoch)
    except BrokenPipeError:
        return  # mksquashfs ended early, and says why


def _command(place: Path, compression: str, epoch: int) -> list[str | Path]:
    own = ["-root-mode", "0755", "-root-uid", "0", "-root-gid", "0", "-root-time", str(epoch)]
    return ["mksquashfs", "-", place, "-tar", "-noappend", "-no-progress", "-exit-on-error", "-comp", compression, *own]
