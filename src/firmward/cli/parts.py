"""`firmward parts`: what an image is made of, as a map and as a tree."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import inside
from firmward.cli.console import Color, ColorOption

if TYPE_CHECKING:
    from firmward.cli.contents import Contents
    from firmward.image.opening import Image

SCHEMA = "firmward.parts/1"
EPILOG = """
**Examples**

    firmward parts camera.img

    firmward parts camera.img --bytes --color never | less

    firmward parts camera.img --json | jq -r '.parts[] | select(.problem) | .id'

**Exit codes**: 0 all was looked at, 2 the command is wrong, 3 a budget ran out. A part that cannot be read is told
and changes nothing.
"""

Target = Annotated[Path, typer.Argument(help="A firmware image, or a folder.", show_default=False, metavar="IMAGE")]
ExactOption = Annotated[bool, typer.Option("--bytes", help="Sizes and offsets in bytes.")]


def add_to(app: typer.Typer) -> None:
    app.command("parts", epilog=EPILOG)(parts)


def parts(
    image: Target,
    exact: ExactOption = False,
    as_json: inside.JsonOption = False,
    budget_seconds: inside.SecondsOption = 300.0,
    budget_mib: inside.BytesOption = 2048,
    unblob: inside.UnblobOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Show what an image is made of: a map to scale, and a tree of its parts with what is in them.

    In the map each cell is an equal piece of the image, and shows the sign of the part that lies there. The numbers
    (#3) and ids of the parts are what `ls`, `cat` and `extract` take.
    """
    from firmward.cli.contents import contents, labels

    def act(found: "Image", tell: inside.Tell) -> int:
        opened = measured(found)
        holds = {root.part.id: contents(root.tree) for root in opened.trees}
        said = labels(opened)
        if as_json:
            typer.echo(json.dumps(document(opened, holds, said), indent=2))
        else:
            from firmward.cli.console import make_console
            from firmward.cli.layout_map import print_parts

            print_parts(opened, holds, said, make_console(color), exact=exact)
        inside.warn(opened.budget.exhausted)
        return 0 if opened.budget.complete else inside.EXIT_INCOMPLETE

    inside.look_into(inside.Look(image, budget_seconds, budget_mib, color, unblob=unblob), act)


def measured(image: "Image") -> "Image":
    """The image with the entropy of every part that has bytes; an audit measures only what it cannot explain."""
    from firmward.image.entropy import bits_per_byte

    known = tuple(
        replace(part, entropy=round(bits_per_byte(image.sources[part.id]), 3))
        if part.entropy is None and part.id in image.sources and image.sources[part.id].size
        else part
        for part in image.parts
    )
    return replace(image, parts=known)


def document(image: "Image", holds: "dict[str, Contents]", said: dict[str, str]) -> dict[str, object]:
    """The parts for programs, schema `firmward.parts/1`: each as in a report, and besides its number, its place in the
    image, what it holds and what it calls itself."""
    from firmward.audit.json_record import to_json
    from firmward.audit.layout import media
    from firmward.audit.redact import redacted

    starts = {box.part.id: box.start for medium in media(image.parts)[:1] for box in medium.boxes}
    rows = []
    for number, part in enumerate(image.parts, 1):
        row = to_json(redacted(part))
        assert isinstance(row, dict)  # noqa: S101 - what a record becomes
        contents = holds.get(part.id)
        rows.append(
            {
                "number": number,
                **row,
                "start": starts.get(part.id),
                "holds": None if contents is None else to_json(contents),
                "label": inside.shown(said[part.id]) if part.id in said else None,
            }
        )
    return {
        "schema": SCHEMA,
        "subject": {"name": inside.shown(image.name), "digest": image.digest},
        "budget": to_json(image.budget),
        "parts": rows,
    }
