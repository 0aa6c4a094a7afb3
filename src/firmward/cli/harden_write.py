"""Write a hardened root in the form that is asked for, into a new folder.

| form | written |
| --- | --- |
| overlay | `rootfs/` with what was added and changed, and the folders above it |
| diff | `harden.diff`, one patch |
| tar | `rootfs.tar`, the whole root |
| copy | `rootfs/`, the whole root |

Beside it always `manifest.json`, the fragments for kernel and boot loader, and `before/`, what undo needs. The worker
writes contents; owners, modes and device nodes are given by the command itself, when the worker has ended (`finish`).
"""

import os
import stat
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmward.harden import diff, manifest
from firmward.harden.beside import rendered
from firmward.harden.dress import dress, parent
from firmward.harden.site import Site
from firmward.harden.undo import BEFORE
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.hardening import Changed, Hardening, State
from firmward.model.report import Part
from firmward.model.tree import Entry, Kind, Tree

if TYPE_CHECKING:
    from firmward.image.new_folder import NewFolder, Steps

ROOTFS, TAR, DIFF = "rootfs", "rootfs.tar", "harden.diff"
LATEST = 1 << 33
"""The epoch that cuts no time of a file, which tar's headers can hold."""
TELL_EVERY = 256
"""Names between two words of progress."""


class Form(StrEnum):
    OVERLAY = "overlay"
    DIFF = "diff"
    TAR = "tar"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Hardened:
    """What is to be written; `folder` is where the root lies, if it is one of this machine."""

    folder: Path | None
    site: Site
    part: Part
    hardening: Hardening

    @property
    def owners_count(self) -> bool:
        """A normal user's folder says nothing of owners, as in a build: he could not have given any."""
        return self.folder is None or self.folder.stat().st_uid == 0


def write(hardened: Hardened, form: Form, store: "NewFolder", tell: Callable[[str], None]) -> tuple[Entry, ...]:
    """The entries of the folder `rootfs`. Raises InputError for what cannot be carried over, OSError for the disk."""
    if form in (Form.TAR, Form.COPY):
        require_whole(hardened)
    if form is Form.COPY:
        require_rights(hardened)
    tell("Writing")
    entries: tuple[Entry, ...] = ()
    if form is Form.OVERLAY:
        entries = tuple(_overlay(hardened))
        _write_tree(store, hardened.site.draft, entries, tell)
    elif form is Form.COPY:
        entries = tuple(hardened.site.draft.entries())
        _write_tree(store, hardened.site.draft, entries, tell)
    elif form is Form.DIFF:
        store.add_file((DIFF.encode(),), _patch(hardened), mode=0o600)
    else:
        _write_tar(hardened, store)
    _write_before(hardened, store)
    for name, text in rendered(hardened.site.beside, hardened.site.policy):
        store.add_file((os.fsencode(name),), (text.encode("utf-8", "surrogateescape"),), mode=0o644)
    said = manifest.render(hardened.hardening, form.value)
    store.add_file((manifest.NAME.encode(),), (said.encode(),), mode=0o644)
    return entries


# ---------------------------------------------------------------------- what can be written


def require_whole(hardened: Hardened) -> None:
    """Raises InputError where a whole root would lack something."""
    if hardened.part.problem:
        raise InputError(
            f"not all of the root can be read, so that what is missing would be gone: {hardened.part.problem}"
        )
    below = hardened.site.draft.below
    for entry in below.entries():
        if entry.kind is Kind.SOCKET:
            raise InputError(f"/{_shown(entry.path)} is a socket, which no image can carry; remove it")
        if entry.kind is Kind.DIRECTORY and hardened.folder is not None:
            _require_readable(hardened.folder, entry)


def _require_readable(folder: Path, entry: Entry) -> None:
    if not os.access(folder / entry.path, os.R_OK | os.X_OK):
        raise InputError(f"/{_shown(entry.path)}: the folder cannot be read, so that what is in it would be gone")


def require_rights(hardened: Hardened) -> None:
    """Raises InputError where a copy would need what only root may do."""
    if os.geteuid() == 0 or not hardened.owners_count:
        return
    groups = {os.getegid(), *os.getgroups()}
    for entry in hardened.site.draft.entries():
        is_mine = entry.uid == os.geteuid() and entry.gid in groups
        if not is_mine or entry.kind in (Kind.CHARACTER, Kind.BLOCK):
            why = "is a device" if entry.device is not None else f"belongs to {entry.uid}:{entry.gid}"
            raise InputError(
                f"/{_shown(entry.path)} {why}, so that only root can copy it; --as tar needs no rights and keeps owners"
            )


# ---------------------------------------------------------------------- the forms


def _overlay(hardened: Hardened) -> Iterator[Entry]:
    """What was added or changed, with the folders above it as they are in the root."""
    draft = hardened.site.draft
    wanted: dict[str, Entry] = {}
    for one in hardened.hardening.changed:
        if one.after is None:
            continue
        steps = one.path.split("/")
        for depth in range(1, len(steps)):
            above = draft.lstat("/".join(steps[:depth]))
            if above is not None:
                wanted[above.path] = above
        wanted[one.path] = one.after.entry
    return (wanted[path] for path in sorted(wanted, key=lambda path: path.replace("/", "\0")))


def _write_tree(store: "NewFolder", tree: Tree, entries: Iterable[Entry], tell: Callable[[str], None]) -> None:
    """Contents, folders and links; devices are made by `finish`."""
    top = (ROOTFS.encode(),)
    store.add_folder(top)
    first: dict[Hashable, tuple[Steps, Entry]] = {}
    for number, entry in enumerate(entries):
        if number % TELL_EVERY == 0:
            tell(f"Writing {number} names")
        place = (*top, *_steps(entry.path))
        if entry.kind is Kind.DIRECTORY:
            store.add_folder(place)
        elif entry.kind is Kind.SYMLINK:
            store.add_link(place, os.fsencode(entry.target or ""))
        elif entry.kind is Kind.FILE:
            known = tree.identity(entry.path)
            other = None if known is None else first.setdefault(known, (place, entry))
            if other is not None and other[0] != place and _is_same(other[1], entry):
                with suppress(OSError):  # a kernel that lets no caged process link; a second copy serves as well
                    store.add_hard_link(place, other[0])
                    continue
            store.add_file(place, _content(tree, entry), mode=0o600)


def _is_same(first: Entry, entry: Entry) -> bool:
    return replace(first, path=entry.path) == entry


def _content(tree: Tree, entry: Entry) -> Iterator[bytes]:
    """Raises InputError for what cannot be read to its end."""
    size = 0
    try:
        for piece in tree.chunks(entry):
            size += len(piece)
            yield piece
    except Unavailable as reason:
        raise InputError(f"/{_shown(entry.path)}: cannot be read: {reason}") from reason
    if size != entry.size:
        raise InputError(f"/{_shown(entry.path)}: changed while it was read; harden again")


def _write_tar(hardened: Hardened, store: "NewFolder") -> None:
    from firmward.build.tar_stream import write as write_tar
    from firmward.build.trees import Given

    draft = hardened.site.draft
    tree = draft if hardened.folder is None else Carried(draft, owners_count=hardened.owners_count)
    given = Given(hardened.folder or Path(hardened.hardening.subject.name), "hardened", tree)
    with store.open_file((TAR.encode(),), mode=0o644) as out:
        write_tar(given, out, LATEST)


def _patch(hardened: Hardened) -> Iterator[bytes]:
    draft = hardened.site.draft
    return diff.render(hardened.hardening.changed, _reader(draft.below), _reader(draft))


def _reader(tree: Tree) -> diff.Content:
    def content(state: State) -> bytes | None:
        if state.entry.size > diff.TEXT_LIMIT:
            return None
        return b"".join(_content(tree, state.entry))

    return content


def _write_before(hardened: Hardened, store: "NewFolder") -> None:
    """What undo puts back, each content once, by its SHA-256."""
    top = (BEFORE.encode(),)
    store.add_folder(top)
    below, written = hardened.site.draft.below, set[str]()
    for one in hardened.hardening.changed:
        before = one.before
        if before is None or before.sha256 is None or before.sha256 in written or not _is_gone(one):
            continue
        written.add(before.sha256)
        store.add_file((*top, before.sha256.encode()), _content(below, before.entry), mode=0o600)


def _is_gone(one: Changed) -> bool:
    return one.before is not None and (one.after is None or one.after.sha256 != one.before.sha256)


class Carried(Tree):
    """A folder's tree as an image has it: what this machine gave its files is left out, and where owners do not count
    all belongs to root."""

    def __init__(self, tree: Tree, *, owners_count: bool) -> None:
        super().__init__()
        self._tree = tree
        self._owners_count = owners_count

    def entries(self) -> Iterator[Entry]:
        return map(self._carried, self._tree.entries())

    def lstat(self, path: str) -> Entry | None:
        found = self._tree.lstat(path)
        return None if found is None else self._carried(found)

    def names(self, path: str) -> tuple[str, ...]:
        return self._tree.names(path)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        return self._tree.chunks(entry)

    def identity(self, path: str) -> Hashable | None:
        return self._tree.identity(path)

    def _carried(self, entry: Entry) -> Entry:
        from firmward.build.tar_stream import KEPT_OF_FOLDERS

        kept = tuple(one for one in entry.xattrs if one[0].startswith(KEPT_OF_FOLDERS))
        owner: dict[str, Any] = {} if self._owners_count else {"uid": 0, "gid": 0}
        return replace(entry, xattrs=kept, **owner)


# ---------------------------------------------------------------------- what the command itself does


def finish(store: "NewFolder", entries: tuple[Entry, ...], *, owners: bool, strict: bool) -> None:
    """Give the folder `rootfs` its modes, and owners and device nodes where this user may; all of them, where it is
    `strict`. Raises OSError."""
    for entry in reversed(entries):  # what is in a folder comes before it: it may be closed to its owner
        with parent(store.descriptor, f"{ROOTFS}/{entry.path}") as (folder, name):
            try:
                _make_node(folder, name, entry)
                dress(folder, name, entry, owners=owners)
            except PermissionError:
                if strict:
                    raise
                if entry.kind in (Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK):
                    dress(folder, name, entry, owners=False)
    if entries:
        with parent(store.descriptor, ROOTFS) as (folder, name):
            os.chmod(name, 0o755, dir_fd=folder)  # noqa: S103 - what lies above it is closed


def _make_node(folder: int, name: str, entry: Entry) -> None:
    kinds = {Kind.CHARACTER: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK, Kind.FIFO: stat.S_IFIFO}
    if entry.kind in kinds:
        numbers = os.makedev(*entry.device) if entry.device is not None else 0
        os.mknod(os.fsencode(name), kinds[entry.kind] | 0o600, numbers, dir_fd=folder)


def _steps(path: str) -> "Steps":
    return tuple(os.fsencode(step) for step in path.split("/"))


def _shown(path: str) -> str:
    from firmward.cli.inside import shown

    return shown(path)
