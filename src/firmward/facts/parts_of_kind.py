"""The parts of an image that are of some kinds, read one by one, and why others of these could not be."""

from collections.abc import Callable, Container
from typing import TypeVar

from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

Found = TypeVar("Found")


def read_each(
    parts: Parts, kinds: Container[str], read: Callable[[Location, str, Content], Found]
) -> tuple[list[Found], tuple[str, ...]]:
    """`read` gets place, kind and bytes of each part that is no copy of another, and may raise Malformed."""
    found: list[Found] = []
    unread: list[str] = []
    for id, one in parts.all.items():
        if one.part.kind not in kinds or one.part.same_as is not None:
            continue
        try:
            if one.content is None:
                raise Malformed(one.part.problem or "its bytes are not at hand")
            found.append(read(Location(part=id), one.part.kind, one.content))
        except Malformed as reason:
            unread.append(f"{id}: {reason}")
    return found, tuple(unread)
