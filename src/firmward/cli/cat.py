"""`firmward cat`: the bytes of a file or of a part, as they are."""

import codecs
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import inside
from firmward.cli.console import Color
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.image.opening import Image
    from firmward.model.report import Part

EPILOG = """
**Examples**

    firmward cat camera.img:rootfs_a:/etc/passwd

    firmward cat camera.img::/etc/os-release

    firmward cat 'camera.img:image/boot/initramfs.cpio.gz' | zcat | cpio -t

**Exit codes**: 0 all bytes were written, 2 the address is wrong or the terminal was spared, 3 the bytes could be read
only in part.
"""

ForceOption = Annotated[bool, typer.Option("--force", help="Write to a terminal whatever it is.")]


def add_to(app: typer.Typer) -> None:
    app.command("cat", epilog=EPILOG)(cat)


def cat(
    address: inside.AddressArgument,
    force: ForceOption = False,
    budget_seconds: inside.SecondsOption = 300.0,
    budget_mib: inside.BytesOption = 2048,
    unblob: inside.UnblobOption = False,
) -> None:
    """Write a file of an image, or a whole part, to standard output.

    Links are followed inside the image. A terminal gets text only: an image may hold what would take it over.
    """
    path, rest = inside.split(address)

    def act(image: "Image", tell: inside.Tell) -> int:
        pieces = _content(image, inside.find(image, rest))
        return _write(pieces if force or not sys.stdout.isatty() else _plain(pieces))

    inside.look_into(inside.Look(path, budget_seconds, budget_mib, Color.AUTO, unblob=unblob), act)


def _write(pieces: Iterator[bytes]) -> int:
    from firmward.model.facts import Unavailable

    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
    except Unavailable as reason:
        inside.warn((str(reason),))
        return inside.EXIT_INCOMPLETE
    finally:
        sys.stdout.buffer.flush()
    return 0


def _content(image: "Image", place: inside.Place) -> Iterator[bytes]:
    if place.path is None:
        if place.part is None:
            raise InputError(f"give a part of {image.name}, or a file: {image.name}:PART:/path")
        return _part(image, place.part)
    _, tree = inside.tree_of(image, place.part)
    entry = inside.entry_at(tree, place.path)
    if entry.kind == "symlink":
        target = tree.resolve(entry.path)
        if target is None:
            raise InputError(f"/{inside.shown(entry.path)} is a link to {inside.shown(entry.target or '')}: not there")
        entry = target
    if entry.kind == "directory":
        raise InputError(f"/{inside.shown(entry.path)} is a folder; `firmward ls` lists it")
    if entry.kind != "file":
        raise InputError(f"/{inside.shown(entry.path)} is a {entry.kind.value} and has no bytes in the image")
    return tree.chunks(entry)


def _part(image: "Image", part: "Part") -> Iterator[bytes]:
    source = image.sources.get(part.id)
    if source is None:
        raise InputError(f"{part.id} has no bytes of its own{f': {part.problem}' if part.problem else ''}")
    return source.chunks()


def _plain(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Text as it is. Raises InputError at what is none, so that none of it reaches the terminal."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in pieces:
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError:
            text = "\0"
        if not all(sign.isprintable() or sign in "\t\n\r" for sign in text):
            raise InputError("this is no plain text; send it to a file or a program, or use --force")
        yield piece
