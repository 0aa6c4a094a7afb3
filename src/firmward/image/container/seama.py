"""SEAMA, D-Link's and other Alpha Networks devices' image: entities with text about them, data and an MD5.

A seal, an entity without data, may stand before the others. Big endian.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.digest import md5
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.problems import Problems
from firmward.image.source import Source

MAGIC = b"\x5e\xa3\xa4\x17"
ENTITIES = 64
DIGEST = 16

_HEADER = struct.Struct(">4sHHI")


@dataclass(frozen=True, slots=True)
class Entity:
    """`offset` is where its data begin; `size` is 0 for a seal."""

    offset: int
    size: int
    digest: bytes
    texts: dict[str, str]

    @property
    def end(self) -> int:
        return self.offset + self.size


def entities(source: Source) -> Iterator[Entity]:
    """The entities that stand one behind the other, as far as their headers hold."""
    offset = 0
    for _ in range(ENTITIES):
        entity = _entity(source, offset)
        if entity is None:
            return
        yield entity
        offset = entity.end


def _entity(source: Source, offset: int) -> Entity | None:
    head = source.read(offset, _HEADER.size)
    if len(head) < _HEADER.size or head[:4] != MAGIC:
        return None
    _, _, length, size = _HEADER.unpack(head)
    start = offset + _HEADER.size + (DIGEST if size else 0)
    meta = source.read(start, length)
    texts = _texts(meta) if len(meta) == length else None
    if texts is None:
        return None
    return Entity(start + length, size, source.read(offset + _HEADER.size, DIGEST) if size else b"", texts)


def _texts(meta: bytes) -> dict[str, str] | None:
    """`name=value` strings, each ended by a zero; None for other bytes."""
    lines = [line for line in meta.split(b"\0") if line]
    if not lines or not all(line.isascii() and b"=" in line for line in lines):
        return None
    pairs = (line.decode("ascii").partition("=") for line in lines)
    return {name: value for name, _, value in pairs}


def measure(source: Source) -> int | None:
    found = list(entities(source))
    return min(found[-1].end, source.size) if any(entity.size for entity in found) else None


def open_seama(source: Source, budget: Budget) -> Iterator[Child]:
    problems = Problems()
    found = [entity for entity in entities(source) if entity.size]
    if not found:
        raise Damaged("no entity with data")
    for number, entity in enumerate(found):
        name = entity.texts.get("type") or f"entity-{number}"
        yield placed(source, name, entity.offset, entity.size, "unknown")
        window = source.slice(entity.offset, entity.size)
        if window.size == entity.size and md5([window], budget) != entity.digest:
            problems.add(f"the checksum of {name} is wrong")
    if problems.told:
        raise Damaged("; ".join(problems.told))


ABOUT = About(
    title="SEAMA of Alpha Networks (D-Link and others)",
    reads="The data of each entity, named by its type, and their checksums; a seal before them.",
    limits="The little endian form of older devices is not read.",
    witness="seama of OpenWrt's firmware-utils, by its layout: the tests have a writer of their own",
)

FORMAT = Format("seama", (Magic(MAGIC),), measure, open_seama, ABOUT)
