"""What a format tells the opener about itself.

One format is one file in `image/container/`, `disk/`, `encrypted/`, `filesystem/` or `wrapper/`; it has a module
constant `FORMAT` and is found there, not registered. A format recognises itself by a magic, validates the header and
says how long it is, and opens: as a tree, or as children that are opened in their turn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget
from firmward.image.source import Source
from firmward.model.report import Role
from firmward.model.tree import Tree


@dataclass(frozen=True, slots=True)
class Magic:
    """Bytes that stand `offset` bytes into a part of this format; a negative offset counts from the part's end.

    What is told by its end is not looked for inside raw dumps, where the end is not known.
    """

    data: bytes
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Child:
    """A part inside a part.

    `name` becomes the last step of the part's id; `offset` is where its bytes begin in the parent when they stand there
    as they are, None when they were expanded. `problem` says why the child cannot be read (its source is then None) or
    that its bytes are not all there. `kind` names it when nothing identifies its bytes; `role` is what its parent says
    that it is for, where its own content does not show it.
    """

    name: str
    source: Source | None
    offset: int | None = None
    kind: str | None = None
    problem: str | None = None
    role: Role | None = None


Opened = Tree | Iterator[Child]


@dataclass(frozen=True, slots=True)
class About:
    """What docs/formats.md says of a format, in plain words.

    `title` is its full name; `reads` what is read of it; `limits` what is not, and how that is told; `witness` the
    program or library whose images, or whose reading of them, the tests compare with.
    """

    title: str
    reads: str
    limits: str
    witness: str


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    `name` is the part's kind (`squashfs`, `gzip`, `gpt`). `magics` are alternatives. `measure` gets a source that
    begins where the format would begin and returns its length in bytes by its own header (clipped to the source), or
    None when the header does not hold: it must read little and never raise for bad bytes. `open` raises Damaged when
    the bytes are not what the header says and ToolError when an optional reader is missing; a tree that can be read in
    part is given, with what is missing told by Unavailable from `chunks`. Children that came before a Damaged are kept.
    `carve` is False for formats whose magic is too short or too common to look for inside a raw dump. `end` is for
    formats whose header does not tell their length (`measure` then gives all there is): it reads them through, and
    gives the length. `smallest` are the bytes a part must have to be taken for one inside raw bytes: kernels carry tiny
    test vectors of every compression.
    """

    name: str
    magics: tuple[Magic, ...]
    measure: Callable[[Source], int | None]
    open: Callable[[Source, Budget], Opened]
    about: About
    carve: bool = True
    end: Callable[[Source, Budget], int] | None = None
    smallest: int = 1 << 10
