"""`firmward ls`: the files of an image, as `ls -l` shows them."""

import base64
import json
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import inside
from firmward.cli.console import Color

if TYPE_CHECKING:
    from firmward.image.opening import Image
    from firmward.model.tree import Entry, Tree

EPILOG = """
**Examples**

    firmward ls camera.img

    firmward ls camera.img:rootfs_a:/etc

    firmward ls 'camera.img::/etc/init.d/S*'

    firmward ls -R --json camera.img:rootfs_a | jq -r '.[] | select(.mode | startswith("4")) | .path'

**Exit codes**: 0 all was listed, 2 the address is wrong, 3 the part could be read only in part.
"""

RecursiveOption = Annotated[bool, typer.Option("--recursive", "-R", help="What is in folders too, as whole paths.")]
XattrsOption = Annotated[bool, typer.Option("--xattrs", help="Extended attributes below each name, in base64.")]

LETTERS = {
    "file": stat.S_IFREG,
    "directory": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "character": stat.S_IFCHR,
    "block": stat.S_IFBLK,
    "fifo": stat.S_IFIFO,
    "socket": stat.S_IFSOCK,
}


def add_to(app: typer.Typer) -> None:
    app.command("ls", epilog=EPILOG)(ls)


def ls(
    address: inside.AddressArgument,
    recursive: RecursiveOption = False,
    xattrs: XattrsOption = False,
    as_json: inside.JsonOption = False,
    budget_seconds: inside.SecondsOption = 300.0,
    budget_mib: inside.BytesOption = 2048,
    unblob: inside.UnblobOption = False,
) -> None:
    """List the files in an image: mode, owner, size or device, time in UTC, name.

    PART is an id that `firmward parts` prints, the end of one, or its number as #3; left empty (IMAGE::/etc) it is the
    only root file system. An IMAGE with several file systems lists these. The path may have * ? and [ ]. Control
    characters in names are shown as escapes.
    """
    path, rest = inside.split(address)

    def act(image: "Image", tell: inside.Tell) -> int:
        place = inside.find(image, rest)
        if place.part is None and place.path is None and len(image.trees) > 1:
            _file_systems(image, as_json=as_json)
            return _code(inside.trouble(image))
        part, tree = inside.tree_of(image, place.part)
        entries, whole = _found(tree, place.path or "/", recursive=recursive)
        if as_json:
            typer.echo(json.dumps([record(entry) for entry in entries], indent=2))
        else:
            for line in _lines(entries, whole=whole, xattrs=xattrs):
                typer.echo(line)
        return _code(inside.trouble(image, part))

    inside.look_into(inside.Look(path, budget_seconds, budget_mib, Color.AUTO, unblob=unblob), act)


def _code(trouble: tuple[str, ...]) -> int:
    inside.warn(trouble)
    return inside.EXIT_INCOMPLETE if trouble else 0


def _found(tree: "Tree", path: str, *, recursive: bool) -> tuple[list["Entry"], bool]:
    """What a path names, and whether it is shown by whole paths: a folder's own names are not."""
    starts = _starts(tree, path)
    several = len(starts) > 1 or any(sign in path for sign in "*?[")
    if recursive:
        return [below for entry in starts for below in _below(tree, entry)], True
    if several or starts[0].kind != "directory":
        return starts, True
    return list(_children(tree, starts[0])), False


def _starts(tree: "Tree", path: str) -> list["Entry"]:
    plain = path.strip("/")
    if any(sign in plain for sign in "*?[") and tree.lstat_through(plain) is None:  # a name may hold such signs
        matches = (tree.lstat_through(match) for match in tree.glob(plain))
        found = [entry for entry in matches if entry is not None]
        if found:
            return found
    return [inside.entry_at(tree, path)]


def _children(tree: "Tree", folder: "Entry") -> Iterator["Entry"]:
    for name in tree.names(folder.path):
        entry = tree.lstat(f"{folder.path}/{name}" if folder.path else name)
        if entry is not None:
            yield entry


def _below(tree: "Tree", start: "Entry") -> Iterator["Entry"]:
    if start.path:
        yield start
    pending = [_children(tree, start)] if start.kind == "directory" else []
    while pending:
        entry = next(pending[-1], None)
        if entry is None:
            pending.pop()
            continue
        yield entry
        if entry.kind == "directory":
            pending.append(_children(tree, entry))


def _lines(entries: Iterable["Entry"], *, whole: bool, xattrs: bool) -> Iterator[str]:
    rows = [(entry, _columns(entry)) for entry in entries]
    widths = [max((len(columns[place]) for _, columns in rows), default=0) for place in range(4)]
    for entry, (mode, owner, size, time) in rows:
        name = f"/{entry.path}" if whole else entry.name
        target = f" -> {inside.shown(entry.target)}" if entry.target is not None else ""
        yield (
            f"{mode:{widths[0]}}  {owner:{widths[1]}}  {size:>{widths[2]}}  {time:{widths[3]}}"
            f"  {inside.shown(name)}{target}"
        )
        if xattrs:
            for attribute, value in entry.xattrs:
                yield f"    {inside.shown(attribute)} = {base64.b64encode(value).decode()}"


def _columns(entry: "Entry") -> tuple[str, str, str, str]:
    device = f"{entry.device[0]}, {entry.device[1]}" if entry.device else ""
    mode = stat.filemode(LETTERS[entry.kind] | entry.mode) + ("+" if entry.xattrs else "")
    return mode, f"{entry.uid}:{entry.gid}", device or str(entry.size), time_of(entry)


def time_of(entry: "Entry") -> str:
    """To the minute, in UTC; seconds since 1970 for what no calendar holds."""
    try:
        return datetime.fromtimestamp(entry.mtime, UTC).strftime("%Y-%m-%d %H:%MZ")
    except (ValueError, OverflowError, OSError):
        return f"@{entry.mtime}"


def record(entry: "Entry") -> dict[str, object]:
    """An entry for programs. A path that is not UTF-8 is given in base64 besides."""
    document: dict[str, object] = {
        "path": f"/{entry.path}".encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "kind": entry.kind.value,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "size": entry.size,
        "mtime": entry.mtime,
        "target": None
        if entry.target is None
        else entry.target.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "device": list(entry.device) if entry.device else None,
        "xattrs": {name: base64.b64encode(value).decode() for name, value in entry.xattrs},
    }
    if not _is_unicode(entry.path):
        document["path_base64"] = base64.b64encode(f"/{entry.path}".encode("utf-8", "surrogateescape")).decode()
    return document


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _file_systems(image: "Image", *, as_json: bool) -> None:
    """The parts that hold files, with the addresses that list them."""
    from firmward.audit.summary import plural

    numbers = {part.id: number for number, part in enumerate(image.parts, 1)}
    rows = [(numbers[root.part.id], root.part, sum(1 for _ in root.tree.entries())) for root in image.trees]
    if as_json:
        documents = [
            {"number": number, "id": part.id, "kind": part.kind, "role": part.role.value, "entries": count}
            for number, part, count in rows
        ]
        typer.echo(json.dumps(documents, indent=2))
        return
    width = max(len(part.id) for _, part, _ in rows)
    for number, part, count in rows:
        same = f", the same as {part.same_as}" if part.same_as else ""
        typer.echo(f"#{number:<3} {part.id:{width}}  {part.kind}, {part.role.value}, {plural(count, 'name')}{same}")
