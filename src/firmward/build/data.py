"""The data partition as ext4, made without root and without mounting anything.

An ext4 image is taken as it is. Anything else is written by mke2fs (`-d`), which copies owners, modes and times from
this machine, so that each inode is set afterwards by debugfs, by its number: no name of a file stands in a command.
mke2fs reads its settings from a file of the host; they are all given here instead, so that every host makes the same.
Which features a file system has is chosen for kernels from 4.4 on.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid5

from firmward.build import sizes, tar_stream
from firmward.build.built import DATA
from firmward.build.program import ProgramError, run
from firmward.build.space import beside
from firmward.build.tar_stream import Prepared
from firmward.build.trees import Given
from firmward.formats.ext4 import ROOT_INODE
from firmward.image.budget import Budget
from firmward.image.filesystem.ext import ExtTree, open_ext
from firmward.image.source import open_file
from firmward.model.errors import InputError, ToolError
from firmward.model.tree import Entry, Kind

PACKAGE = "e2fsprogs"
NAMESPACE = UUID("3e7d3f0a-2a0c-5b7e-8d58-0c9d2f6c4b15")
EXT = "ext"
BLOCK = 4096
KEPT, KEPT_PERCENT = 2 << 20, 5.0
"""Bytes that the update's journal and metadata fit into, and no more than this part of a small partition."""
FEATURES = (
    "has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,"
    "dir_nlink,extra_isize,metadata_csum"
)
CONFIGURATION = f"[defaults]\n\tenable_periodic_fsck = 0\n[fs_types]\n\text4 = {{\n\t\tfeatures = {FEATURES}\n\t}}\n"
LOST = "lost+found"
CARRIED = frozenset((Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK, Kind.FIFO))
FORMAT_BITS = {Kind.FILE: 0o100000, Kind.DIRECTORY: 0o040000, Kind.SYMLINK: 0o120000, Kind.FIFO: 0o010000}
TIMES = ("atime", "ctime", "mtime", "crtime")


def least_size(given: Given | None) -> int:
    """Bytes that the data take at the least, to choose or to check the partition's size by."""
    if given is None:
        return 0
    if given.kind == EXT and given.source is not None:
        return given.source.size
    return sum(-(-entry.size // BLOCK) * BLOCK for entry in given.tree.entries() if entry.kind is Kind.FILE)


def write_data(given: Given | None, out: Path, *, size: int, epoch: int, identity: str) -> None:
    """A file system of `size` bytes at `out` with what is `given`, empty without. `identity` is what its UUID is made
    from: the product's name. Raises InputError for what cannot be carried over in full."""
    sizes.check(DATA, size, least_size(given))
    with beside(out) as place:
        if given is not None and given.kind == EXT and given.source is not None:
            with place.open("xb") as file:
                for piece in given.source.chunks():
                    file.write(piece)
        else:
            _make(given, place, size, epoch, str(uuid5(NAMESPACE, identity)))


def _make(given: Given | None, place: Path, size: int, epoch: int, own: str) -> None:
    entries = [] if given is None else list(_prepared(given, epoch))
    with tempfile.TemporaryDirectory(prefix=".data.", dir=place.parent) as folder:
        stage, values = Path(folder, "stage"), Path(folder, "values")
        stage.mkdir()
        values.mkdir()
        if given is not None:
            for one in entries:
                _stage(given, one, stage)
        configuration = Path(folder, "mke2fs.conf")
        configuration.write_text(CONFIGURATION)
        fixed = {"MKE2FS_CONFIG": str(configuration), "E2FSPROGS_FAKE_TIME": str(epoch)}
        _mke2fs(stage, place, size, epoch, own, fixed)
        tree = _opened(place)
        script = Path(folder, "script")
        script.write_text("".join(_settings(tree, entries, values, epoch)))
        run(["debugfs", "-w", "-f", script, place], epoch=epoch, package=PACKAGE, variables=fixed)
    _check(_opened(place), entries)


def _prepared(given: Given, epoch: int) -> Iterator[Prepared]:
    for one in tar_stream.prepared(given, epoch):
        if one.entry.kind not in CARRIED:
            raise InputError(f"{given.path}: {one.entry.path!r} is a device node, which has no place among data")
        yield one


def _stage(given: Given, one: Prepared, stage: Path) -> None:
    """Put an entry there as the builder's own: who it belongs to on the device is set in the image."""
    place = stage / one.entry.path
    match one.entry.kind:
        case Kind.DIRECTORY:
            place.mkdir(mode=0o700)
        case Kind.SYMLINK:
            place.symlink_to(one.entry.target or "")
        case Kind.FIFO:
            os.mkfifo(place, 0o600)
        case _ if one.first is not None:
            place.hardlink_to(stage / one.first)
        case _:
            with place.open("xb") as file:
                for piece in tar_stream.Content(given, one.stored).pieces():
                    file.write(piece)


def _mke2fs(stage: Path, place: Path, size: int, epoch: int, own: str, fixed: Mapping[str, str]) -> None:
    command: list[str | Path] = ["mke2fs", "-q", "-t", "ext4", "-b", str(BLOCK), "-I", "256"]
    command += ["-i", "16384", "-m", f"{_kept_percent(size):.4f}", "-L", DATA, "-U", own, "-d", stage, "-E"]
    command += [f"hash_seed={own},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard", place]
    try:
        run([*command, f"{size >> 10}k"], epoch=epoch, package=PACKAGE, variables=fixed)
    except ProgramError as error:
        if "Could not allocate" not in error.said:
            raise
        raise InputError(f"[build] data_size: the data do not fit into {size} bytes; make it larger") from error


def _kept_percent(size: int) -> float:
    """Of the blocks, those that only root may take: where a service fills the disk, updates go on."""
    return min(100 * KEPT / size, KEPT_PERCENT)


def _opened(place: Path) -> ExtTree:
    return open_ext(open_file(place), Budget())


def _settings(tree: ExtTree, entries: Sequence[Prepared], values: Path, epoch: int) -> Iterator[str]:
    """Commands for debugfs: owner, mode, times and attributes of each inode."""
    yield from _inode(ROOT_INODE, Entry("", Kind.DIRECTORY, 0o755, mtime=epoch), epoch)
    for number, one in enumerate(entries):
        inode = tree.identity(one.entry.path)
        if not isinstance(inode, int):
            raise ToolError(f"mke2fs left out {one.entry.path!r}; its version is not one that is known")
        if one.first is None:
            yield from _inode(inode, one.entry, epoch)
            yield from _attributes(inode, one.entry.xattrs, values / str(number))


def _inode(inode: int, entry: Entry, epoch: int) -> Iterator[str]:
    fields = {"mode": f"0{FORMAT_BITS[entry.kind] | entry.mode:o}", "uid": entry.uid, "gid": entry.gid}
    times = {name: f"@{entry.mtime if name == 'mtime' else epoch}" for name in TIMES}
    return (f"sif <{inode}> {name} {value}\n" for name, value in {**fields, **times}.items())


def _attributes(inode: int, xattrs: Iterable[tuple[str, bytes]], values: Path) -> Iterator[str]:
    for number, (name, value) in enumerate(xattrs):
        if any(character.isspace() or character == '"' for character in name):
            raise InputError(f"the extended attribute {name!r} has a name that cannot be carried over")
        place = values.with_suffix(f".{number}")
        place.write_bytes(value)
        yield f'ea_set -f "{place}" <{inode}> {name}\n'


def _check(tree: ExtTree, entries: Sequence[Prepared]) -> None:
    """debugfs ends well whatever its commands came to, so that the image itself is asked. Raises ToolError."""
    wanted = {one.entry.path: _sized(one.entry) for one in entries}
    found = {entry.path: _sized(entry) for entry in tree.entries()}
    for path, entry in wanted.items():
        if found.get(path) != entry:
            raise ToolError(f"debugfs did not make {path!r} what it shall be in the data partition")
    for path in found.keys() - wanted.keys() - {LOST}:
        raise ToolError(f"mke2fs put {path!r} into the data partition, which nobody gave")


def _sized(entry: Entry) -> Entry:
    """Only of a file is the size the same everywhere."""
    return entry if entry.kind is Kind.FILE else replace(entry, size=0)
