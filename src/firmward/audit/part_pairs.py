"""Which part of one build is which part of the other.

First by the path of names without offsets, then by the last name alone, then the only system of a side with the only
one of the other: a build's root file system stays itself when it moves, and as rootfs.squashfs or inside a disk image.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from firmward.audit.composition import OFFSET
from firmward.model.report import Part, Role


def pairs(old: Sequence[Part], new: Sequence[Part]) -> dict[str, str]:
    """The ids of new parts by those of old ones."""
    found: dict[str, str] = {}
    for rule in (_paths, _names, _systems, _tops):
        taken = set(found.values())
        left = [part for part in old if part.id not in found], [part for part in new if part.id not in taken]
        mine, theirs = rule(left[0]), rule(left[1])
        found |= {id_: theirs[name] for name, id_ in mine.items() if name in theirs}
    return found


def plain_id(id_: str) -> str:
    """The path of names without the offsets in them."""
    return "/".join(OFFSET.sub("", step) for step in id_.split("/"))


def _paths(parts: Iterable[Part]) -> dict[object, str]:
    return _numbered([part for part in parts if part.parent is not None], lambda part: plain_id(part.id))


def _names(parts: Iterable[Part]) -> dict[object, str]:
    named = [part for part in parts if part.parent is not None]
    return _numbered(named, lambda part: (part.role, plain_id(part.id).rpartition("/")[2]))


def _systems(parts: Iterable[Part]) -> dict[object, str]:
    systems = [part for part in parts if part.role is Role.ROOT and part.same_as is None]
    return {"system": systems[0].id} if len(systems) == 1 else {}


def _tops(parts: Iterable[Part]) -> dict[object, str]:
    """The input itself, unless it is a system that lies in something on the other side."""
    return _numbered([part for part in parts if part.parent is None], lambda part: plain_id(part.id))


def _numbered(parts: Iterable[Part], name: Callable[[Part], object]) -> dict[object, str]:
    """Ids by name; namesakes are told apart by their number, in the order of the parts."""
    seen: Counter[object] = Counter()
    found: dict[object, str] = {}
    for part in parts:
        seen[name(part)] += 1
        found[name(part), seen[name(part)]] = part.id
    return found
