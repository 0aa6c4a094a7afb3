"""`firmward init`: a first device.toml from what an image shows."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import inside
from firmward.cli.console import Color, ColorOption
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.image.opening import Image
    from firmward.model.report import Part
    from firmward.model.tree import Tree

EPILOG = """
**Examples**

    firmward init camera.img

    firmward init camera.img:rootfs_a -o gateway/device.toml

    firmward init build/rootfs -o - | less

Then, when each `TODO decide` in it is decided:

    firmward policy check device.toml

    firmward audit camera.img --policy device.toml

**Exit codes**

- 0: it was written
- 2: the input or the command is wrong, or the file is there already
- 3: the image could be read only in part; what was seen is written
"""

STDOUT = "-"

OutputOption = Annotated[
    str, typer.Option("--output", "-o", help="The file to write; - for standard output.", metavar="FILE")
]
ForceOption = Annotated[bool, typer.Option("--force", "-f", help="Write over a file that is there.")]


def add_to(app: typer.Typer) -> None:
    app.command("init", epilog=EPILOG)(init)


def init(
    address: Annotated[str, typer.Argument(metavar="IMAGE[:PART]", help="An image or root folder, or a part of it.")],
    output: OutputOption = "device.toml",
    force: ForceOption = False,
    budget_seconds: inside.SecondsOption = 300.0,
    budget_mib: inside.BytesOption = 2048,
    unblob: inside.UnblobOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Write a first device.toml from what an image shows, for you to decide on.

    Listeners, services, logins, writable folders, setuid programs and known servers are written as they are found, each
    with a comment where a person must decide. What the image does not say is commented out. The same image gives the
    same text.
    """
    from firmward.model.policy import parse_policy

    path, rest = inside.split(address)
    _refuse_old(output, force=force)

    def act(image: "Image", _: inside.Tell) -> tuple[str, tuple[str, ...], bool]:
        part, tree = inside.tree_of(image, inside.find(image, rest).part)
        if not tree.names(""):
            raise InputError(f"{path} holds no files")
        text = _declared(image, part, tree, path.resolve().name, budget_seconds)
        return text, inside.trouble(image, part), part.role == "root"

    text, trouble, is_root = inside.ask(inside.Look(path, budget_seconds, budget_mib, color, unblob=unblob), act)
    parse_policy(text, "what was made")  # it comes from who reads a stranger's image
    _write(output, text, force=force)
    if not is_root:
        typer.echo(
            f"firmward: {inside.shown(address)} does not look like a root file system, so that there is little to "
            f"declare; `firmward parts {inside.shown(str(path))}` shows what there is",
            err=True,
        )
    inside.warn(trouble)
    raise typer.Exit(inside.EXIT_INCOMPLETE if trouble else 0)


def _declared(image: "Image", part: "Part", tree: "Tree", name: str, seconds: float) -> str:
    """The text, from the same facts as an audit has: of the root, with the whole image around it."""
    from firmward.audit.declaration import FAMILIES, declaration
    from firmward.cli.deadline import Deadline
    from firmward.cli.verdicts import all_parts
    from firmward.facts.collection import Collection
    from firmward.image.words import FastWordSearch
    from firmward.model.facts import Source
    from firmward.model.parts import Parts

    deadline = Deadline(time.monotonic() + seconds, f"not done within {seconds:g} s (--budget-seconds)")
    parts = Parts(part.id, all_parts(image))
    collection = Collection(tree, Source.IMAGE, deadline.running, parts, FastWordSearch())
    return declaration(collection.facts(name, FAMILIES), name)


def _refuse_old(output: str, *, force: bool) -> None:
    if output != STDOUT and not force and os.path.lexists(output):
        raise InputError(f"{output} is there already; --force writes over it, -o names another")


def _write(output: str, text: str, *, force: bool) -> None:
    if output == STDOUT:
        sys.stdout.write(text)
        return
    try:
        with Path(output).open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{output} is there already; --force writes over it, -o names another") from None
    except OSError as error:
        raise InputError(f"{output}: {error.strerror}") from error
    typer.echo(f"Wrote {output}: decide on each `TODO decide` in it, then firmward audit --policy {output}", err=True)
