"""`firmward extract`: copy files out of an image, into a new folder."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import inside
from firmward.cli.console import Color, ColorOption
from firmward.image.extraction import MANIFEST, Extraction, Links, Nowhere, Written, manifest
from firmward.image.new_folder import NewFolder, Steps, check_new, new_folder
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.image.opening import Image
    from firmward.image.source import Source
    from firmward.model.report import Part
    from firmward.model.tree import Tree

EPILOG = """
**Examples**

    firmward extract camera.img -o camera

    firmward extract camera.img:rootfs_a:/etc -o etc-of-camera

    firmward extract camera.img:rootfs_a -o rootfs --links text --dry-run

**Exit codes**: 0 all was extracted, 2 the command is wrong or the folder could not be written (nothing is left then),
3 something could not be read or a budget ran out: the manifest, firmward-extract.json, says what.
"""

OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The folder to make; it must not be there yet.", show_default=False),
]
LinksOption = Annotated[
    Links,
    typer.Option(
        "--links",
        help="Symbolic links: keep-inside (those to absolute paths are written anew, so that none leads out of the "
        "folder), text (small text files), or skip.",
    ),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")]
TotalOption = Annotated[
    int,
    typer.Option("--budget-mib", min=1, help="MiB that may be written, and that compressed parts may expand to."),
]

SHOWN = 20
"""Losses and changes told on the terminal; the manifest has them all."""
TELL_EVERY = 64
"""Names between two words of progress."""
TOP_LIMIT = 60
"""Characters of the name of a part's folder."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part to extract: its files from `start` on, or its bytes."""

    part: "Part"
    top: str
    """The name it gets in the new folder."""
    tree: "Tree | None" = None
    start: str = ""
    source: "Source | None" = None


def add_to(app: typer.Typer) -> None:
    app.command("extract", epilog=EPILOG)(extract)


def extract(
    address: inside.AddressArgument,
    output: OutputOption = None,
    links: LinksOption = Links.KEEP_INSIDE,
    dry_run: DryOption = False,
    budget_seconds: inside.SecondsOption = 300.0,
    budget_mib: TotalOption = 2048,
    unblob: inside.UnblobOption = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Copy files out of an image into a new folder, harmless.

    Each part gets a folder of its name; firmward-extract.json lists every name with its mode, owner, times, attributes
    and SHA-256, and what was changed or left out. Nothing is written outside the new folder, which appears whole or not
    at all. Files are the caller's, without setuid bits; devices, fifos and sockets are listed only. Without PART, every
    file system (equal ones once), kernel, device tree and boot loader is extracted.
    """
    if output is None and not dry_run:
        raise InputError("give the folder to make with --output, or --dry-run")
    if output is not None:
        check_new(output)
    path, rest = inside.split(address)
    # The folder is made, put in its place or taken away here; a worker that can write there alone fills it.
    with nullcontext(Nowhere()) if dry_run or output is None else new_folder(output) as store:

        def act(image: "Image", tell: inside.Tell) -> int:
            wanted = tuple(_wanted(image, inside.find(image, rest)))
            run = _Run(image, wanted, _limits(budget_seconds, budget_mib), links, tell)
            run.write(store)
            tell("")
            run.sum_up(output, dry_run=dry_run)
            parts = (f"{one.part.id}: {one.part.problem}" for one in wanted if one.part.problem)
            trouble = (*inside.trouble(image), *parts)
            inside.warn(trouble)
            return inside.EXIT_INCOMPLETE if trouble or run.extraction.tally.lost else 0

        code = inside.caged(inside.Look(path, budget_seconds, budget_mib, color, store.place, unblob), act)
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _Limits:
    seconds: float
    bytes: int


def _limits(seconds: float, mib: int) -> _Limits:
    return _Limits(seconds, mib << 20)


class _Run:
    """One extraction, and what is said of it."""

    def __init__(
        self, image: "Image", wanted: tuple[Wanted, ...], limits: _Limits, links: Links, tell: Callable[[str], None]
    ) -> None:
        self._image = image
        self._wanted = wanted
        self._limits = limits
        self._links = links
        self._tell = tell
        self._notes: list[str] = []

    def write(self, store: "NewFolder | Nowhere") -> None:
        from firmward.image.budget import Budget, Limits

        budget = Budget(Limits(seconds=self._limits.seconds))
        self.extraction = Extraction(store, self._links, budget, self._limits.bytes)
        head: dict[str, object] = {
            "image": self._image.name,
            "digest": self._image.digest,
            "links": self._links.value,
        }
        pieces = manifest(head, ((_about(one), self._entries(one)) for one in self._wanted))
        if isinstance(store, NewFolder):
            store.add_file((MANIFEST.encode(),), pieces, mode=0o644)
        else:
            for _ in pieces:
                pass

    def _entries(self, wanted: Wanted) -> Iterator[Written]:
        top: Steps = (wanted.top.encode("utf-8", "surrogateescape"),)
        if wanted.tree is None and wanted.source is not None:
            yield self._noted(self.extraction.bytes_of(top, wanted.part, wanted.source))
        elif wanted.tree is not None:
            tally = self.extraction.tally
            for count, written in enumerate(self.extraction.tree(top, wanted.tree, wanted.start)):
                if count % TELL_EVERY == 0:
                    self._tell(f"{wanted.top}: {tally.files} names, {tally.bytes >> 20} MiB")
                yield self._noted(written)

    def _noted(self, written: Written) -> Written:
        for change in written.changes:
            if len(self._notes) < SHOWN:
                self._notes.append(f"/{written.entry.path}: {change}")
        return written

    def sum_up(self, output: Path | None, *, dry_run: bool) -> None:
        """What was done, in a few lines on stdout; what is missing, on stderr."""
        from firmward.audit.html import size
        from firmward.audit.summary import plural

        tally = self.extraction.tally
        for note in self._notes:
            typer.echo(f"  {inside.shown(note)}")
        more = tally.changed + tally.left_out - len(self._notes)
        if more > 0 and len(self._notes) == SHOWN:
            typer.echo("  … and more: the manifest has them all")
        did = "Would write" if dry_run else "Wrote"
        said = f"{did} {plural(tally.files, 'name')}, {size(tally.bytes)}, in {plural(len(self._wanted), 'part')}"
        typer.echo(said + ("" if output is None else f", to {output}"))
        if tally.changed or tally.left_out:
            typer.echo(f"{tally.changed} changed and {tally.left_out} left out, so that nothing in it can do harm")
        inside.warn(tally.lost[:SHOWN])
        if len(tally.lost) > SHOWN:
            inside.warn((f"and {len(tally.lost) - SHOWN} more",))


def _about(wanted: Wanted) -> dict[str, object]:
    part = wanted.part
    return {"id": part.id, "kind": part.kind, "role": part.role.value, "problem": part.problem, "folder": wanted.top}


def _wanted(image: "Image", place: inside.Place) -> Iterator[Wanted]:
    if place.path is not None:
        yield _files(image, place)
        return
    if place.part is None:
        yield from _all(image)
        return
    tree = next((root.tree for root in image.trees if root.part.id == place.part.id), None)
    source = image.sources.get(place.part.id)
    if tree is None and source is None:
        why = f": {place.part.problem}" if place.part.problem else ""
        raise InputError(f"{place.part.id} has neither files nor bytes of its own{why}")
    yield Wanted(place.part, _top(place.part, set()), tree, "", source)


def _files(image: "Image", place: inside.Place) -> Wanted:
    part, tree = inside.tree_of(image, place.part)
    entry = inside.entry_at(tree, place.path or "/")
    if entry.kind == "symlink":
        found = tree.resolve(entry.path)
        if found is None:
            raise InputError(f"/{inside.shown(entry.path)} is a link to {inside.shown(entry.target or '')}: not there")
        entry = found
    return Wanted(part, _top(part, set()), tree, entry.path)


def _all(image: "Image") -> Iterator[Wanted]:
    """Every file system once, and every blob that does not lie in one as a file."""
    trees = {root.part.id: root.tree for root in image.trees if root.part.same_as is None}
    blobs = {piece.part.id: piece.source for piece in image.blobs if piece.part.parent not in {*trees, *_equals(image)}}
    if not trees and not blobs:
        raise InputError(f"{image.name} holds nothing that could be extracted; `firmward parts` shows what there is")
    taken: set[str] = set()
    for part in image.parts:
        if part.id in trees or part.id in blobs:
            yield Wanted(part, _top(part, taken), trees.get(part.id), "", blobs.get(part.id))


def _equals(image: "Image") -> set[str]:
    return {part.id for part in image.parts if part.same_as is not None}


def _top(part: "Part", taken: set[str]) -> str:
    """The name that a part gets in the new folder: the last step of its id, and a number if that is taken."""
    name = part.id.rpartition("/")[2][:TOP_LIMIT]
    name = "part" if name in ("", ".", "..") else name
    unique, number = name, 2
    while unique.lower() in taken or unique.lower() == MANIFEST:
        unique, number = f"{name}~{number}", number + 1
    taken.add(unique.lower())
    return unique
