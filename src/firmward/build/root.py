"""The root file system of a slot as squashfs, made without root and without mounting anything.

A squashfs with the wanted compression is taken as it is: its layout is the maker's. Anything else goes as a tar stream
(tar_stream.py) into mksquashfs, whose bytes depend neither on the number of processors nor on the moment (its version
4.4 and later). The root folder itself is root's with mode 0755, whatever it was where it came from: mksquashfs 4.5
gives that of a tar stream to whoever runs it, so that a normal user runs it under fakeroot.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from firmward.build import tar_stream
from firmward.build.program import found, run
from firmward.build.space import beside
from firmward.build.trees import Given
from firmward.formats.squashfs import COMPRESSORS, SUPERBLOCK_SIZE, Squashfs, parse_superblock
from firmward.image.block_codecs import CODECS
from firmward.image.filesystem.squashfs import SquashfsTree
from firmward.image.source import Source, open_file
from firmward.model.errors import FirmwardError, ToolError

PACKAGE = "squashfs-tools"
SECONDS = 3600
"""A large root on a slow machine: xz packs a few MiB a second."""


def write_root(given: Given, out: Path, *, compression: str, epoch: int) -> None:
    """The squashfs of a tree, at `out`. Raises InputError for a tree that cannot be carried over in full."""
    with beside(out) as place:
        if given.source is not None and is_wanted(given, compression):
            _copy(given.source, place)
        else:
            _make(given, place, compression, epoch)
            _check_root_folder(place)


def is_wanted(given: Given, compression: str) -> bool:
    """Whether it is such a squashfs already, which is taken as it is."""
    tree = given.tree
    return isinstance(tree, SquashfsTree) and COMPRESSORS[tree.superblock.compressor] == compression


def _copy(source: Source, place: Path) -> None:
    with place.open("xb") as file:
        for piece in source.chunks():
            file.write(piece)


def _as_root() -> tuple[str, ...]:
    found("mksquashfs", PACKAGE)
    if os.geteuid() == 0:
        return ()
    return found("fakeroot", "fakeroot"), "--"


def _check_root_folder(place: Path) -> None:
    """What a user owns, a user changes: asked of the image, since versions of mksquashfs differ. Raises ToolError."""
    source = open_file(place)
    superblock = parse_superblock(source.read(0, SUPERBLOCK_SIZE))
    image = Squashfs(superblock, source.read, CODECS[COMPRESSORS[superblock.compressor]])
    root = image.inode(superblock.root)
    if (root.mode, image.owner(root.uid_index), image.owner(root.gid_index)) != (0o755, 0, 0):
        raise ToolError("mksquashfs did not make the root folder root's with mode 0755; its version is not known")


def _make(given: Given, place: Path, compression: str, epoch: int) -> None:
    reader, writer = os.pipe()
    with ThreadPoolExecutor(1, "tar") as beside_it, os.fdopen(reader, "rb") as stdin:
        stream = beside_it.submit(_stream, given, writer, epoch)
        try:
            run(_command(place, compression), epoch=epoch, package=PACKAGE, seconds=SECONDS, stdin=stdin)
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


def _command(place: Path, compression: str) -> list[str | Path]:
    whole = ["-tar", "-noappend", "-no-progress", "-exit-on-error", "-comp", compression]
    root = ["-root-mode", "0755", "-root-uid", "0", "-root-gid", "0"]
    return [*_as_root(), "mksquashfs", "-", place, *whole, *root]
