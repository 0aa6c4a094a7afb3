"""Android Verified Boot: the vbmeta images of the image, whether their signatures hold, and what they cover.

Rules (AOSP's libavb, README and avb_slot_verify.c; formats/avb.py has the bytes): the boot loader starts with the
partition vbmeta of the slot and follows chain descriptors to others, whose key must be the one that the descriptor
names. Flags count in the first alone. A vbmeta behind the data of a partition (its footer says where) that no chain
leads to is not looked at. Which key the boot loader trusts, and whether it is unlocked, stands in the device: a
signature that holds with the embedded key shows that the image is whole and was signed.

AOSP's test keys have private halves that everybody has; avbtool and the tests of libfs_avb (AOSP's system/core) print
them by the SHA-1 of their public keys.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from firmward.facts.parts_of_kind import read_each
from firmward.formats import avb
from firmward.formats.avb import ChainDescriptor, CommandLineDescriptor, HashDescriptor, HashtreeDescriptor, Vbmeta
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read
from firmward.model.location import Location
from firmward.model.parts import Content, OpenPart, Parts

KIND = "vbmeta"
FIRST = "vbmeta"
"""The partition that the boot loader begins with, without its slot."""
COMPARED_LIMIT = 64
"""Descriptors of one vbmeta whose digests are computed."""
TEST_KEYS = {
    "cdbb77177f731920bbe0a0f94f84d9038ae0617d": "AOSP's testkey_rsa2048",
    "2597c218aae470a130f61162feaae70afd97f011": "AOSP's testkey_rsa4096",
}
"""By SHA-1 of AVB's form of the public key."""

_CARVED = re.compile(r".*-0x[0-9a-f]+")
_SLOT = re.compile(r"(?P<name>.+?)(?P<slot>_[ab])?(?:\.(?:img|bin|raw))?")


class Standing(StrEnum):
    """What a vbmeta is worth to the boot loader."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    BROKEN = "broken"
    """Hash or signature do not hold, or the key is not the one that a chain asks for."""
    DISABLED = "disabled"
    """A flag switches off all verification."""
    UNCHAINED = "unchained"
    """No chain leads to it."""
    UNKNOWN = "unknown"
    """The vbmeta that would lead to it is not in the image."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A `partition` of which a descriptor has a digest: of all its bytes, or a hash tree's root where `is_tree`. `at`
    is the part of the image that it is, None where there is none. `digest` is in hexadecimal by an `algorithm`, `size`
    in bytes. `differs` says in words what is not as the descriptor says; `is_compared` whether that was worked out."""

    partition: str
    is_tree: bool
    digest: str
    size: int
    algorithm: str = "sha256"
    at: Location | None = None
    is_compared: bool = False
    differs: str | None = None

    @property
    def holds(self) -> bool | None:
        return self.differs is None if self.is_compared else None


@dataclass(frozen=True, slots=True)
class Chained:
    """Another `partition` with a vbmeta of its own, and the SHA-256 of the `key` that it must be signed with."""

    partition: str
    key: str


@dataclass(frozen=True, slots=True)
class FoundVbmeta:
    """One vbmeta, `at`, in a `partition` of a `slot` (`_a`, empty without). `standing` says what it is worth, and `why`
    in words. `algorithm` is None where it is not signed, `key` the SHA-256 of its public key, `test_key` the name of
    one that everybody has. `hashtree_disabled` and `verification_disabled` are its flags, `rollback_index` the version
    below which the boot loader takes none later. `covered`, `chained` and `command_lines` are its descriptors."""

    at: Location
    partition: str
    slot: str
    standing: Standing
    why: str = ""
    algorithm: str | None = None
    key: str = ""
    test_key: str | None = None
    hashtree_disabled: bool = False
    verification_disabled: bool = False
    rollback_index: int = 0
    covered: tuple[Covered, ...] = ()
    chained: tuple[Chained, ...] = ()
    command_lines: tuple[str, ...] = field(default=(), repr=False)

    @property
    def verifies_trees(self) -> bool:
        return self.standing is Standing.SIGNED and not self.hashtree_disabled

    @property
    def evidence(self) -> str:
        """What it is signed with, in words."""
        signed = "not signed" if self.algorithm is None else f"{self.algorithm}, key {self.key[:16]}…"
        flags = "hash trees disabled" if self.hashtree_disabled else ""
        flags = "verification disabled" if self.verification_disabled else flags
        return "; ".join(word for word in (signed, self.test_key or "", flags, self.why) if word)


@dataclass(frozen=True, slots=True)
class Avb:
    """All that were `found`; `unread` says in words which could not be."""

    found: tuple[FoundVbmeta, ...]
    unread: tuple[str, ...] = ()

    def trees_of(self, part: str) -> tuple[tuple[FoundVbmeta, Covered], ...]:
        """The hash trees of a part, or of what it was expanded from, each with the vbmeta that has its root."""
        return tuple(
            (one, each)
            for one in self.found
            for each in one.covered
            if each.is_tree and each.at is not None and f"{part}/".startswith(f"{each.at.part}/")
        )


def collect(parts: Parts) -> Avb | None:
    read, unread = read_each(parts, (KIND,), _parsed)
    if not read and not unread:
        return None
    works = _Comparison(parts, list(unread))
    alone = [_told(image, at, works) for at, image in read]
    return Avb(tuple(_placed(one, alone) for one in alone), tuple(works.unread))


def _parsed(at: Location, _: str, content: Content) -> tuple[Location, Vbmeta]:
    return at, avb.parse(content.read(0, min(content.size, avb.SIZE_LIMIT)))


def _told(image: Vbmeta, at: Location, works: "_Comparison") -> FoundVbmeta:
    partition, slot = _placed_in(at.part or "")
    verdict = avb.verify(image)
    standing = Standing.SIGNED if verdict.holds else Standing.BROKEN
    return FoundVbmeta(
        at,
        partition,
        slot,
        Standing.UNSIGNED if image.algorithm is None else standing,
        verdict.problem or "",
        None if image.algorithm is None else image.algorithm.name,
        hashlib.sha256(image.public_key).hexdigest() if image.public_key else "",
        TEST_KEYS.get(hashlib.sha1(image.public_key, usedforsecurity=False).hexdigest()),
        image.hashtree_disabled,
        image.verification_disabled,
        image.rollback_index,
        tuple(works.covered(image, _partition(at.part or ""), slot)),
        tuple(
            Chained(one.partition, hashlib.sha256(one.public_key).hexdigest())
            for one in image.descriptors
            if isinstance(one, ChainDescriptor)
        ),
        tuple(one.text for one in image.descriptors if isinstance(one, CommandLineDescriptor)),
    )


# what the partitions are called


def _partition(id: str) -> str:
    """The partition, or the file, that a part was found in by searching its bytes."""
    while _CARVED.fullmatch(id.rpartition("/")[2]) and "/" in id:
        id = id.rpartition("/")[0]
    return id


def _named(id: str) -> tuple[str, str]:
    """Name and slot."""
    match = _SLOT.fullmatch(id.rpartition("/")[2])
    return (match["name"], match["slot"] or "") if match else (id.rpartition("/")[2], "")


def _placed_in(id: str) -> tuple[str, str]:
    """Name and slot of the partition of a vbmeta. One that begins a partition of no such name, or is all of the image,
    is the first: footers stand at the end."""
    name, slot = _named(_partition(id))
    return (name if id != _partition(id) or name.startswith(FIRST) else FIRST, slot)


# what it is worth


def _placed(one: FoundVbmeta, found: list[FoundVbmeta]) -> FoundVbmeta:
    """With what the chain that leads to it is worth. Only the first may lead to others; what stands unsigned behind a
    partition is as a rule a copy of what the first has, made for tools."""
    if one.partition == FIRST:
        return _flagged(one)
    firsts = [each for each in found if each.partition == FIRST and each.slot == one.slot]
    leading = [each for each in firsts if any(chain.partition == one.partition for chain in each.chained)]
    if leading:
        return _led(one, _flagged(leading[0])) if one.standing is Standing.SIGNED else one
    if firsts:
        return replace(one, standing=Standing.UNCHAINED, why=f"no chain leads from {FIRST} to {one.partition}")
    if one.standing is Standing.BROKEN:
        return one
    return replace(one, standing=Standing.UNKNOWN, why=f"the partition {FIRST} is not in the image")


def _flagged(one: FoundVbmeta) -> FoundVbmeta:
    if one.standing is Standing.SIGNED and one.verification_disabled:
        return replace(one, standing=Standing.DISABLED, why="its flags disable all verification")
    return one


def _led(one: FoundVbmeta, first: FoundVbmeta) -> FoundVbmeta:
    if all(each.key != one.key for each in first.chained if each.partition == one.partition):
        return replace(one, standing=Standing.BROKEN, why=f"{FIRST} asks for another key")
    if first.standing is not Standing.SIGNED:
        return replace(one, standing=first.standing, why=f"{FIRST}: {first.why}")
    return replace(one, hashtree_disabled=first.hashtree_disabled)


# what is compared


class _Comparison:
    """Finds the partitions of descriptors among the parts, and compares each once."""

    def __init__(self, parts: Parts, unread: list[str]) -> None:
        self._parts = parts
        self.unread = unread
        self._named: dict[tuple[str, str], list[OpenPart]] = defaultdict(list)
        self._inside: dict[str | None, list[OpenPart]] = defaultdict(list)
        for id, one in parts.all.items():
            self._inside[one.part.parent].append(one)
            if one.content is not None and not _CARVED.fullmatch(id.rpartition("/")[2]):
                self._named[_named(id)].append(one)
        self._known: dict[tuple[str, HashDescriptor | HashtreeDescriptor], str | None] = {}

    def covered(self, image: Vbmeta, near: str, slot: str) -> Iterator[Covered]:
        found = [one for one in image.descriptors if isinstance(one, HashDescriptor | HashtreeDescriptor)]
        for number, one in enumerate(found):
            is_tree = isinstance(one, HashtreeDescriptor)
            digest = one.root_digest if isinstance(one, HashtreeDescriptor) else one.digest
            told = Covered(one.partition, is_tree, digest.hex(), one.size, one.algorithm)
            part = self._part(one.partition, slot, near) if number < COMPARED_LIMIT else None
            if part is not None:
                told = self._compared(told, one, part)
            yield told

    def _part(self, name: str, slot: str, near: str) -> OpenPart | None:
        """The part of that name, of the same slot, and rather on the same medium."""
        folder = near.rpartition("/")[0]
        named = [*self._named[name, slot], *self._named[name, ""]]
        ranked = sorted(named, key=lambda one: (one.part.id.rpartition("/")[0] != folder, len(one.part.id)))
        return self._expanded(ranked[0]) if ranked else None

    def _expanded(self, one: OpenPart) -> OpenPart:
        """What a compressed or sparse file holds."""
        inside = self._inside[one.part.id]
        if len(inside) == 1 and inside[0].part.offset is None and inside[0].content is not None and one.tree is None:
            return inside[0]
        return one

    def _compared(self, told: Covered, one: HashDescriptor | HashtreeDescriptor, part: OpenPart) -> Covered:
        told = replace(told, at=Location(part=part.part.id))
        start = self._parts.from_start_of(part.part.id)
        if start is None:
            return told
        key = (part.part.id, one)
        try:
            if key not in self._known:
                self._known[key] = _differs(one, _reader(*start))
        except Malformed as reason:
            self.unread.append(f"{part.part.id}: {reason}")
            return told
        return replace(told, is_compared=True, differs=self._known[key])


def _differs(one: HashDescriptor | HashtreeDescriptor, read: Read) -> str | None:
    return avb.check_hash(one, read) if isinstance(one, HashDescriptor) else avb.check_hashtree(one, read)


def _reader(content: Content, start: int) -> Read:
    return lambda offset, length: content.read(start + offset, length)
