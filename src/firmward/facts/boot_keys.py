"""The public keys that boot loaders in the image hold for FITs: in device trees with a node `signature`, and in trees
inside U-Boot's binaries.

Which of several trees a loader takes is not seen from the bytes, so that all are told; equal ones once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import device_tree, fit_keys, uboot_control
from firmward.formats.fit_keys import Key, KeyRing
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Role

__all__ = ["BootKeys", "Key", "KeyRing", "PlacedRing", "collect"]

BINARY_LIMIT = 64 << 20
"""Bytes of a boot loader's binary."""
TREE_LIMIT = 4 << 20
"""Bytes of a device tree; one that carries whole images is a FIT."""


@dataclass(frozen=True, slots=True)
class PlacedRing:
    """The `ring` of one tree's keys, and `at`, where it stands."""

    at: Location
    ring: KeyRing


@dataclass(frozen=True, slots=True)
class BootKeys:
    """All `rings` that were found; `unread` says in words what could not be looked into."""

    rings: tuple[PlacedRing, ...]
    unread: tuple[str, ...] = ()

    @property
    def all(self) -> KeyRing:
        """What some loader of the image would check with. A key must be borne only where every tree demands it."""
        demanded = [{(key.name, key.required) for key in one.ring.keys} for one in self.rings]
        keys = dict.fromkeys(key for one in self.rings for key in one.ring.keys)
        kept = (key if all((key.name, key.required) in each for each in demanded) else _optional(key) for key in keys)
        return KeyRing(tuple(dict.fromkeys(kept)), any(one.ring.any_is_enough for one in self.rings))


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
    return BootKeys(tuple(found.values()), tuple(unread)) if found or unread else None


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
