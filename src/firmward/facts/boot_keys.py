"""The public keys that boot loaders in the image hold for FITs: in device trees with a node `signature`, and in trees
inside U-Boot's binaries; and those that somebody gave by hand.

Which of several trees a loader takes is not seen from the bytes, so that all are told; equal ones once. Of a key that
was given nobody knows whether a loader has it, let alone demands it: it serves to verify with.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.parts_of_kind import read_each
from firmward.formats import device_tree, fit_keys, uboot_control, verification_key
from firmward.formats.fit_keys import Key, KeyRing
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, OpenPart, Parts
from firmward.model.report import Role

__all__ = ["BootKeys", "Key", "KeyRing", "PlacedRing", "collect"]

BINARY_LIMIT = 64 << 20
"""Bytes of a boot loader's binary."""
GIVEN = "public-key"
"""The kind of a part that is a key."""
KEY_LIMIT = 4 << 20
"""Bytes of a file of keys."""
TREE_LIMIT = 4 << 20
"""Bytes of a device tree; one that carries whole images is a FIT."""


@dataclass(frozen=True, slots=True)
class PlacedRing:
    """The `ring` of one tree's keys, and `at`, where it stands."""

    at: Location
    ring: KeyRing


@dataclass(frozen=True, slots=True)
class BootKeys:
    """All `rings` that were found, those `given` by hand apart; `unread` says in words what could not be read."""

    rings: tuple[PlacedRing, ...]
    unread: tuple[str, ...] = ()
    given: tuple[PlacedRing, ...] = ()

    @property
    def all(self) -> KeyRing:
        """What some loader of the image would check with, or somebody by hand. A key must be borne only where every
        tree demands it."""
        demanded = [{(key.name, key.required) for key in one.ring.keys} for one in self.rings]
        keys = dict.fromkeys(key for one in self.rings for key in one.ring.keys)
        kept = (key if all((key.name, key.required) in each for each in demanded) else _optional(key) for key in keys)
        known = {key.public for key in keys}
        more = (key for one in self.given for key in one.ring.keys if key.public not in known)
        return KeyRing(tuple(dict.fromkeys((*kept, *more))), any(one.ring.any_is_enough for one in self.rings))


def _optional(key: Key) -> Key:
    return Key(key.name, key.algorithm, None, key.public)


def collect(parts: Parts) -> BootKeys | None:
    found: dict[KeyRing, PlacedRing] = {}
    unread: list[str] = []
    for id, one in parts.all.items():
        if one.part.same_as is not None or one.content is None:
            continue
        try:
            for placed in _rings(id, one):
                found.setdefault(placed.ring, placed)
        except Malformed as reason:
            unread.append(f"{id}: {reason}")
    given, not_read = read_each(parts, (GIVEN,), _given)
    if not (found or given or unread or not_read):
        return None
    return BootKeys(tuple(found.values()), (*unread, *not_read), tuple(given))


def _given(at: Location, _: str, content: Content) -> PlacedRing:
    keys = verification_key.read(content.read(0, KEY_LIMIT))
    name = (at.part or GIVEN).rpartition("/")[2]
    named = (Key(f"{name}-{number}", None, None, key) for number, key in enumerate(keys, 1))
    return PlacedRing(at, KeyRing(tuple(named)))


def _rings(id: str, one: OpenPart) -> Iterator[PlacedRing]:
    content = one.content
    if content is None:
        return
    if one.part.role is Role.DEVICE_TREE and content.size <= TREE_LIMIT:
        yield from _of_tree(content.read(0, content.size), Location(part=id))
    elif one.part.role is Role.BOOT_LOADER and content.size <= BINARY_LIMIT:
        data = content.read(0, content.size)
        for tree in uboot_control.find(data):
            if tree.keys is not None:
                at = Location(part=id, offset=tree.offset)
                yield from _of_tree(data[tree.offset : tree.offset + tree.size], at)


def _of_tree(data: bytes, at: Location) -> Iterator[PlacedRing]:
    ring = fit_keys.of_control_tree(device_tree.parse(data))
    if ring is not None:
        yield PlacedRing(at, ring)
