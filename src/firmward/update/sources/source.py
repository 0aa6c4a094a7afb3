"""One way to come by the bytes of a payload. None is trusted: what counts is the digest of what was written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from firmward.trust.place import Place
from firmward.update.manifest import Payload, Source


class Base(Protocol):
    """What the running slot holds: the partition of the same name, from its first byte on."""

    def __call__(self, offset: int, length: int) -> bytes:
        """Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Material:
    """What a source is made from: `source` is its entry in the manifest's `payload`, `blobs` where files lie that are
    named by their digests."""

    payload: Payload
    source: Source
    blobs: Place
    base: Base


class Opened(Protocol):
    def pieces(self, offset: int) -> Iterator[bytes]:
        """The payload from `offset` on, in pieces of at most 64 KiB, and never beyond its size. Raises DeviceError
        where the bytes cannot be had now, TrustError where they are found not to be the payload's."""
        ...


# A module here that is called as a kind has `def opened(material: Material) -> Opened`, which raises the same.
