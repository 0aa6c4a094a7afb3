"""Archives that the kernel unpacks as an initramfs, written so that the same members give the same bytes.

Rules, from the kernel's driver-api/early-userspace/buffer-format and init/initramfs.c. The kernel makes what stands in
a `newc` archive in its order and no folder by itself, so that parents come first; of several hard links the last
carries the data. Members are sorted, but `init` is the last: it names the root hash, and so is another in each release,
while all that is packed before it stays as it was and need not come again with an update. Inode numbers count up, the
device's number is zero. Nodes of devices are lines of the archive, so that nobody has to be root. An archive has no
place for extended attributes. How it is packed is another matter (packing.py).
"""

import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from firmward.build import space
from firmward.build.initramfs import packing
from firmward.formats import cpio
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.tree import KINDS, Entry, Kind, Tree

SIZE_LIMIT = (1 << 32) - 1
"""Bytes of one file: its size stands in eight hexadecimal digits."""

INIT = "init"
TYPES = {kind: bits for bits, kind in KINDS.items()}
_NUMBER = (1 << 32) - 1

Content = bytes | Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Member:
    """`size` is that of a content that is given in pieces. `same_as` is the path of the member that a hard link shares
    its file with: that member has the content."""

    path: str
    kind: Kind = Kind.FILE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    content: Content = field(default=b"", repr=False)
    size: int = 0
    target: str = ""
    device: tuple[int, int] = (0, 0)
    same_as: str = ""

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.content, bytes):
            yield self.content
        else:
            yield from self.content()


def folder(path: str, mode: int = 0o755) -> Member:
    return Member(path, Kind.DIRECTORY, mode)


def link(path: str, target: str) -> Member:
    return Member(path, Kind.SYMLINK, 0o777, target=target)


def program(path: str, content: bytes) -> Member:
    return Member(path, mode=0o755, content=content)


def of_tree(tree: Tree, entry: Entry, epoch: int) -> Member:
    """What stands in a tree, with its owner; times of build machines are not kept."""
    return Member(
        entry.path,
        entry.kind,
        entry.mode,
        entry.uid,
        entry.gid,
        epoch,
        lambda: tree.chunks(entry),
        entry.size if entry.kind is Kind.FILE else 0,
        entry.target or "",
        entry.device or (0, 0),
    )


# writing


def write(members: Iterable[Member], path: Path, compression: str = "gzip") -> None:
    """Write an archive, beside its place first. Raises InputError for what no archive can hold."""
    rows = arranged(members)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            try:
                with packing.packed(file, compression) as sink:
                    _write_all(rows, sink.write)
                file.flush()
                beside.chmod(0o644)  # for who builds on
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {space.reason(error)}") from error
    except Unavailable as reason:
        raise InputError(f"{path}: cannot be written: {reason}") from reason


def arranged(members: Iterable[Member]) -> tuple[Member, ...]:
    """In the order of the archive, with the folders that nobody gave. Raises InputError for names and sizes that cannot
    be."""
    known: dict[str, Member] = {}
    for member in members:
        _check(member)
        if member.path in known:
            raise InputError(f"{member.path}: stands twice in the initramfs")
        known[member.path] = member
    for path in list(known):
        steps = path.split("/")[:-1]
        for depth in range(1, len(steps) + 1):
            above = "/".join(steps[:depth])
            implied = replace(folder(above), mtime=known[path].mtime)
            if known.setdefault(above, implied).kind is not Kind.DIRECTORY:
                raise InputError(f"{path}: cannot stand in the initramfs, where {above} is no folder")
    for member in known.values():
        first = known.get(member.same_as) if member.same_as else member
        if first is None or (member.same_as and (first.same_as or first.kind is not Kind.FILE)):
            raise InputError(f"{member.path}: is a hard link of {member.same_as}, which is no file of the initramfs")
    return tuple(known[path] for path in sorted(known, key=lambda path: (path == INIT, path.replace("/", "\0"))))


def _check(member: Member) -> None:
    steps = member.path.split("/")
    name = _bytes(member.path)
    if any(step in ("", ".", "..") for step in steps) or b"\0" in name or len(name) + 1 >= cpio.NAME_LIMIT:
        raise InputError(f"{member.path!r}: is no name for the initramfs")
    if name == cpio.TRAILER:
        raise InputError(f"{member.path}: is the name that ends an archive")
    size = len(member.content) if isinstance(member.content, bytes) else member.size
    if size > SIZE_LIMIT:
        raise InputError(f"{member.path}: has {size} bytes; a file of an initramfs has {SIZE_LIMIT} at most")


def expanded_size(members: Sequence[Member]) -> int:
    """Bytes that the kernel writes into memory for them, without what it keeps of each name."""
    return sum(_size(member) for member in members if not member.same_as)


def _size(member: Member) -> int:
    if member.kind is Kind.SYMLINK:
        return len(_bytes(member.target))
    return len(member.content) if isinstance(member.content, bytes) else member.size


def _write_all(rows: Sequence[Member], put: Callable[[bytes], Any]) -> None:
    by_path = {member.path: member for member in rows}
    links: dict[str, list[str]] = {}
    for member in rows:
        links.setdefault(member.same_as or member.path, []).append(member.path)
    inodes: dict[str, int] = {}
    for member in rows:
        first = member.same_as or member.path
        inode = inodes.setdefault(first, len(inodes) + 1)
        names = links[first]
        _write_one(replace(by_path[first], path=member.path), inode, names, put)
    put(_header(cpio.TRAILER, 0, 0, 0, 0, 1, 0, 0, (0, 0)))


def _write_one(member: Member, inode: int, names: Sequence[str], put: Callable[[bytes], Any]) -> None:
    has_data = member.kind is Kind.SYMLINK or (member.kind is Kind.FILE and member.path == names[-1])
    size = _size(member) if has_data else 0
    mode = TYPES[member.kind] | member.mode
    count = 2 if member.kind is Kind.DIRECTORY else len(names)
    put(_header(_bytes(member.path), inode, mode, member.uid, member.gid, count, member.mtime, size, member.device))
    if not has_data:
        return
    written = 0
    for piece in (_bytes(member.target),) if member.kind is Kind.SYMLINK else member.chunks():
        written += len(piece)
        put(piece)
    if written != size:
        raise InputError(f"{member.path}: has {written} bytes, and not the {size} that its file system says")
    put(bytes(-size % 4))


def _header(
    name: bytes, inode: int, mode: int, uid: int, gid: int, links: int, mtime: int, size: int, device: tuple[int, int]
) -> bytes:
    numbers = (inode, mode, uid, gid, links, mtime, size, 0, 0, *device, len(name) + 1, 0)
    if any(not 0 <= number <= _NUMBER for number in numbers):
        raise InputError(f"{name.decode('utf-8', 'replace')}: has a number that an archive cannot hold")
    head = cpio.NEWC + b"".join(b"%08x" % number for number in numbers) + name + b"\0"
    return head + bytes(-len(head) % 4)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


# reading


def read(path: Path) -> tuple[Member, ...]:
    """The members of one archive, packed or not, to be changed and written again. Raises InputError."""
    try:
        content = packing.expanded(path)
    except (OSError, EOFError, ValueError, *packing.ERRORS) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    found: list[Member] = []
    files: dict[tuple[int, int, int], list[int]] = {}
    ended = False
    for one in cpio.members(lambda offset, length: content[offset : offset + length], 0):
        ended = one.name == cpio.TRAILER
        kind = KINDS.get(stat.S_IFMT(one.mode))
        if ended or one.name == b".":
            continue
        data = content[one.data : one.data + one.size]
        if kind is None or len(data) < one.size:
            raise InputError(f"{path}: is damaged at {one.name.decode('utf-8', 'replace')}")
        if kind is Kind.FILE and one.links > 1:
            files.setdefault(one.inode, []).append(len(found))
        found.append(_member(one, kind, data))
    if not ended:
        raise InputError(f"{path}: is no whole archive of an initramfs")
    _join(found, files.values())
    return tuple(found)


def _member(one: cpio.Member, kind: Kind, data: bytes) -> Member:
    is_file = kind is Kind.FILE
    return Member(
        one.name.removeprefix(b"./").decode("utf-8", "surrogateescape"),
        kind,
        one.mode & 0o7777,
        one.uid,
        one.gid,
        one.mtime,
        data if is_file else b"",
        len(data) if is_file else 0,
        data.decode("utf-8", "surrogateescape") if kind is Kind.SYMLINK else "",
        one.device,
    )


def _join(found: list[Member], groups: Iterable[list[int]]) -> None:
    """Of hard links, the first gets what the last carries, and the others name it."""
    for group in groups:
        carrier = next((found[at] for at in reversed(group) if found[at].size), found[group[0]])
        first = group[0]
        found[first] = replace(carrier, path=found[first].path)
        for at in group[1:]:
            found[at] = replace(found[at], content=b"", size=0, same_as=found[first].path)
