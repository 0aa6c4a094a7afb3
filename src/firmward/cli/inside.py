"""Open an image to look inside it, and find what an address names: `IMAGE[:PART[:/path]]`.

The image is the whole address if such a file exists, else the longest piece of it before a colon that does. The part
ends at the first `:/` where what stands before names a part: by its id, the last steps of it, or `#3`, its number in
`firmward parts`, which reaches a part whatever it is called. The path is all that follows, colons included.
"""

import difflib
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.cli.console import Color
    from firmward.cli.unblob import Unblob
    from firmward.image.budget import Limits
    from firmward.image.given import Given
    from firmward.image.opening import Image
    from firmward.model.report import Part
    from firmward.model.tree import Entry, Tree

EXIT_INCOMPLETE = 3
NAMED = 12
"""Candidates named in a message."""

JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
SecondsOption = Annotated[
    float, typer.Option("--budget-seconds", min=1, metavar="SECONDS", help="Give up after this time, and say so.")
]
BytesOption = Annotated[
    int,
    typer.Option("--budget-mib", min=1, metavar="MIB", help="MiB that compressed parts may expand to, all together."),
]
UnblobOption = Annotated[
    bool, typer.Option("--unblob", help="Have unblob open what firmward does not know (extra: firmward[unblob]).")
]
AddressArgument = Annotated[
    str, typer.Argument(metavar="IMAGE[:PART[:/PATH]]", help="An image, a part of it, a file in that.")
]


@dataclass(frozen=True, slots=True)
class Look:
    """How to look inside: the image, and what it may cost. `given` are parts beside the image; they make it up where
    there is no path."""

    path: Path | None
    seconds: float
    mib: int
    color: "Color"
    writable: tuple[Path, ...] = ()
    unblob: bool = False
    given: "tuple[Given, ...]" = ()


Tell = Callable[[str], None]
Answer = TypeVar("Answer")


def look_into(look: Look, act: "Callable[[Image, Tell], int]") -> NoReturn:
    """Open an image and do something with what is inside, in a caged worker; leave with the exit code that it gives."""
    raise typer.Exit(caged(look, act))


def caged(look: Look, act: "Callable[[Image, Tell], int]") -> int:
    """Open an image and do something with what is inside, in a worker that can do nothing else; its exit code."""

    def flushed(image: "Image", tell: Tell) -> int | tuple[int, str]:
        try:
            code = act(image, tell)
            sys.stdout.flush()
        except OSError as error:  # a reader that went away, a full disk
            return error.errno or 0, error.strerror or str(error)
        return code

    found = ask(look, flushed)
    if isinstance(found, tuple):
        raise OSError(*found)
    return found


def ask(look: Look, act: "Callable[[Image, Tell], Answer]") -> "Answer":
    """Open an image and bring back what is said of what is inside, by a worker that can do nothing else."""
    from firmward.cli.caged import Journal, Lost, run_caged, walls_around
    from firmward.image.budget import Limits
    from firmward.image.opening import ALONE, open_image

    limits = Limits(expanded_bytes=look.mib << 20, seconds=look.seconds)

    def work(journal: Journal, avoided: Mapping[str, str]) -> Answer:
        image = open_image(look.path, limits, journal.tell, journal, avoided, foreign, look.given)
        journal.judge()
        return act(image, journal.tell)

    with foreign_beside(limits, wanted=look.unblob) as foreign, progress(look.color) as tell:
        walls = walls_around(look.path, limits, look.writable, foreign, tuple(one.path for one in look.given))
        try:
            # what is done with the image may wait for its reader as long as that takes
            return run_caged(work, walls, math.inf, tell)
        except Lost as lost:
            warn((f"the process that read {ALONE if look.path is None else look.path.name} {lost.reason}",))
            raise typer.Exit(EXIT_INCOMPLETE) from None


def foreign_beside(limits: "Limits", *, wanted: bool) -> "AbstractContextManager[Unblob | None]":
    """unblob beside the workers of this block, if it is wanted. Raises ToolError when it is not installed."""
    if not wanted:
        return nullcontext()
    from firmward.cli.unblob import unblob_beside

    return unblob_beside(limits)


def split(address: str) -> tuple[Path, str]:
    """The image, and what the address says behind it. Raises InputError when there is no such image."""
    ends = [len(address), *(place for place in range(len(address) - 1, 0, -1) if address[place] == ":")]
    for end in ends:
        if os.path.lexists(address[:end]):
            return Path(address[:end]), address[end + 1 :]
    raise InputError(f"{address.partition(':')[0]}: No such file or directory")


@dataclass(frozen=True, slots=True)
class Place:
    """What an address names: a part (None: it names none), and a path in its files (None: it gives none)."""

    part: "Part | None"
    path: str | None


def find(image: "Image", rest: str) -> Place:
    """What stands behind an image in an address. Raises InputError, with the candidates or the nearest names."""
    for name, path in _readings(rest):
        if not name:
            return Place(None, path)
        part = part_named(image, name)
        if part is not None:
            return Place(part, path)
    wanted = next(_readings(rest))[0]
    raise InputError(f"{image.name} has no part {shown(wanted)}{_nearest(wanted, image)}")


def _readings(rest: str) -> Iterator[tuple[str, str | None]]:
    """The ways to read what stands behind an image: part and path, the shortest part first."""
    if rest.startswith("/"):
        yield "", rest
    place = rest.find(":/")
    while place >= 0:
        yield rest[:place], rest[place + 1 :]
        place = rest.find(":/", place + 1)
    if rest.endswith(":"):
        yield rest[:-1], "/"
    yield rest, None


def part_named(image: "Image", name: str) -> "Part | None":
    """The part with this number, this id, or the only one whose id ends in these steps; None when there is none."""
    if name.startswith("#") and name[1:].isdecimal() and 0 < int(name[1:8]) <= len(image.parts):
        return image.parts[int(name[1:8]) - 1]
    exact = next((part for part in image.parts if part.id == name), None)
    if exact is not None:
        return exact
    found = [part for part in image.parts if part.id.endswith(f"/{name}")]
    if len(found) > 1:
        raise InputError(f"{shown(name)} may be any of these parts: {_listed(part.id for part in found)}")
    return found[0] if found else None


def tree_of(image: "Image", part: "Part | None") -> tuple["Part", "Tree"]:
    """The files that a part holds; those of the only root, else the only file system, when the part leaves it open.

    A wrapper stands for the one file system in it. Raises InputError.
    """
    if part is not None:
        own = next((root for root in image.trees if root.part.id == part.id), None)
        if own is not None:
            return own.part, own.tree
    within = [root for root in image.trees if part is None or root.part.id.startswith(f"{part.id}/")]
    systems = [root for root in within if root.part.role == "root" and root.part.same_as is None]
    for few in (systems, within):
        if len(few) == 1:
            return few[0].part, few[0].tree
    where = image.name if part is None else part.id
    if not within:
        why = f" ({part.problem})" if part is not None and part.problem else ""
        kind = "" if part is None else f", being {part.kind}"
        raise InputError(f"{where} holds no files{kind}{why}; `firmward parts` shows what there is")
    raise InputError(f"{where} has several file systems: {_listed(root.part.id for root in systems or within)}")


def entry_at(tree: "Tree", path: str) -> "Entry":
    """What stands at a path, links in its folders followed, and the last one too when the path ends in a slash.

    A name may also be given as listings show it, with escapes. Raises InputError with the nearest names.
    """
    from firmward.model.tree import ROOT

    plain = "/".join(step for step in path.split("/") if step not in ("", "."))
    if not plain:
        return ROOT
    entry = tree.resolve(plain) if path.endswith("/") else tree.lstat_through(plain)
    if entry is None:
        entry = tree.resolve(plain) or _as_shown(tree, plain)
    if entry is None:
        raise InputError(f"there is no /{shown(plain)}{_nearest_file(tree, plain)}")
    return entry


def _as_shown(tree: "Tree", path: str) -> "Entry | None":
    here = ""
    for step in path.split("/"):
        folder = tree.resolve(here)
        name = None if folder is None else next((one for one in tree.names(folder.path) if shown(one) == step), None)
        if folder is None or name is None:
            return None
        here = f"{folder.path}/{name}" if folder.path else name
    return tree.lstat(here)


def shown(text: str) -> str:
    """A name with everything in it to be seen: no control character reaches a terminal."""
    from firmward.audit.redact import visible

    return visible(text).replace("\n", "\\n")


def trouble(image: "Image", part: "Part | None" = None) -> tuple[str, ...]:
    """Why what was looked at may not be all there is."""
    problems = [part.problem] if part is not None and part.problem else []
    return (*problems, *image.budget.exhausted)


def warn(reasons: Iterable[str]) -> None:
    for reason in reasons:
        typer.echo(f"firmward: incomplete: {shown(reason)}", err=True)


@contextmanager
def progress(color: "Color") -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal's stderr with what is being done; nothing in a pipe."""
    from rich.text import Text

    from firmward.cli.console import make_console

    console = make_console(color, stderr=True)
    if not console.is_terminal:
        yield lambda message: None
        return
    with console.status("Opening") as status:

        def tell(message: str) -> None:
            if message:
                status.update(Text(shown(message)))
                status.start()
            else:  # what comes now is for the terminal
                status.stop()

        yield tell


def _nearest(wanted: str, image: "Image") -> str:
    ids = [part.id for part in image.parts]
    last = wanted.rpartition("/")[2]
    near = [one for one in ids if last and last in one.rpartition("/")[2]]
    near += difflib.get_close_matches(wanted, ids, NAMED, 0.6)
    names = {one.rpartition("/")[2]: one for one in ids[:4096]}
    near += [names[name] for name in difflib.get_close_matches(last, names, 3, 0.5)]
    return f"; did you mean {_listed(dict.fromkeys(near))}?" if near else f"; there are {_listed(ids)}"


def _nearest_file(tree: "Tree", path: str) -> str:
    steps = path.split("/")
    folder = ""
    for depth in range(len(steps)):
        here = tree.resolve("/".join(steps[:depth]))
        if here is None or not tree.names(here.path):
            break
        folder, wanted = here.path, steps[depth]
    names = tree.names(folder)
    near = difflib.get_close_matches(wanted, names, 3, 0.5) if len(names) < 10_000 else []
    where = f"/{folder}" if folder else "/"
    return f"; in {shown(where)} there is {_listed(near)}" if near else ""


def _listed(names: Iterable[str]) -> str:
    known = [shown(name) for name in names]
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return ", ".join(known[:NAMED]) + more
