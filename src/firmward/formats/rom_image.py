"""What all images that boot ROMs read have in common, whoever made the chip: where the code lies, what is signed.

A maker's own module gives its own record; every one of them answers as `RomImage`, so that a check asks one question of
all. `signed` says what the header shows, not that the signature holds: that, and every digest and checksum, is computed
by `verify` of the same module and told as `Held`. Whether the chip asks for a signature stands in its fuses.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple, Protocol

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Bytes from an offset, at most as many as asked; fewer only at the end."""

PIECE = 1 << 20
"""Bytes read at once where a digest goes over many."""


class Signed(StrEnum):
    """What the header shows. Unknown is what says so itself by a flag that no document explains, or is encrypted."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Extent(NamedTuple):
    """A run of bytes of the image: `offset` from its start."""

    name: str
    offset: int
    size: int


class Evidence(NamedTuple):
    """Bytes that show something, where they stand, and what they say in words."""

    offset: int
    data: bytes
    says: str


class Signing(NamedTuple):
    """`covered` is what the signature speaks for, directly or by digests; `uncovered` what is loaded without it."""

    signed: Signed
    evidence: tuple[Evidence, ...]
    covered: tuple[Extent, ...] = ()
    uncovered: tuple[Extent, ...] = ()


class Held(NamedTuple):
    """A checksum, digest or signature that was computed; `offset` is where it stands."""

    what: str
    offset: int
    holds: bool


class RomImage(Protocol):
    """`size` is in bytes from the start of the image, by its own header."""

    @property
    def size(self) -> int: ...

    @property
    def payloads(self) -> tuple[Extent, ...]: ...

    @property
    def signing(self) -> Signing: ...


def exactly(read: Read, offset: int, length: int, what: str) -> bytes:
    """All of these bytes. Raises Malformed when they are not all there."""
    data = read(offset, length) if offset >= 0 else b""
    if len(data) != length:
        raise Malformed(f"{what}: cut off at byte {offset}")
    return data


def pieces(read: Read, offset: int, length: int, what: str) -> Iterable[bytes]:
    """The same, piece by piece."""
    for start in range(offset, offset + length, PIECE):
        yield exactly(read, start, min(PIECE, offset + length - start), what)


def left_out(loaded: Iterable[Extent], covered: Iterable[Extent]) -> tuple[Extent, ...]:
    """What of the loaded runs is in none of the covered ones."""
    spans = sorted((one.offset, one.offset + one.size) for one in covered)
    found: list[Extent] = []
    for name, offset, size in loaded:
        at, end = offset, offset + size
        for first, last in spans:
            if last > at and first < end:
                if first > at:
                    found.append(Extent(name, at, first - at))
                at = last
        if at < end:
            found.append(Extent(name, at, end - at))
    return tuple(found)
