"""The image around the root file system that is judged: its boot partitions, kernels, device trees, hash trees.

A collector that judges more than one tree asks for `Parts` as it would ask for another family. They are None where
there is nothing but a tree: a package, an overlay, an example.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from firmward.model.report import Part, Role
from firmward.model.tree import Tree


def above(id: str) -> Iterator[str]:
    """The ids that a part's begins with, step by step, the nearest first."""
    step = id.rpartition("/")[0]
    while step:
        yield step
        step = step.rpartition("/")[0]


class Content(Protocol):
    """The bytes of a part. `size` in bytes; `read` gives fewer only at the end, and none for a negative offset."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part of the image with what may be read of it: its bytes, and its files where it is a file system.

    `whole` are the bytes of a part that stands in no other's, with what lies behind the format that they begin with.
    """

    part: Part
    content: Content | None = field(default=None, repr=False)
    tree: Tree | None = field(default=None, repr=False)
    whole: Content | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Parts:
    """All parts of one image by id; `here` is the root that is judged."""

    here: str
    all: Mapping[str, OpenPart] = field(repr=False)

    @property
    def own(self) -> OpenPart:
        return self.all[self.here]

    def beside(self) -> Iterator[OpenPart]:
        """The parts that may have to do with this root: not itself, no copy of another part, and nothing that goes
        with another root or lies within one."""
        roots = {id for id, one in self.all.items() if one.tree is not None and one.part.role is Role.ROOT}
        others = roots - {self.here}
        for id, one in self.all.items():
            if id == self.here or one.part.same_as is not None:
                continue
            if one.part.belongs_to in others or any(id == other or id.startswith(f"{other}/") for other in others):
                continue
            yield one

    def from_start_of(self, id: str) -> tuple[Content, int] | None:
        """The bytes from where a part begins, with what lies behind it on the same medium: a content and an offset in
        it. None where its bytes are not at hand."""
        one = self.all[id]
        above = None if one.part.parent is None else self.all.get(one.part.parent)
        if above is not None and above.content is not None and one.part.offset is not None:
            return above.content, one.part.offset
        content = one.whole or one.content
        return None if content is None else (content, 0)
