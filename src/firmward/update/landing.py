"""A payload on its way into its partition: in pieces, so that it can be gone on with wherever it was cut off.

Rules:

- Whole blocks are written, and what was written is synced before the journal tells of it. So a block that a power cut
  tears holds nothing that the journal vouches for.
- What the journal tells of is gone on with only when the disk gives it back with the digest that the journal has.
- The first block of a boot partition is held back in a record of the store, and stays zero on the disk until all of
  the slot was verified (install.py): no loader starts half a slot, whatever it was told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from firmward.model.errors import TrustError
from firmward.trust.store import Store
from firmward.update import journal as journals
from firmward.update.journal import EMPTY, Journal
from firmward.update.manifest import Payload
from firmward.update.region import Region

HEAD = "boot-head"
"""The record of what is held back."""


@dataclass(frozen=True, slots=True)
class Grain:
    """In bytes. `block` is the most that a disk writes or loses as one, and what is held back of a boot payload;
    `piece` is written at once, and the journal is kept after `journaled`: with a piece that is on its way, no more than
    1 MiB comes twice."""

    block: int = 4096
    piece: int = 64 << 10
    journaled: int = 15 * (64 << 10)


class Landing:
    """Every method raises DeviceError where disk or store fails. `journal` is of this payload; the partition's first
    block is zero already where it is to be held back."""

    def __init__(self, store: Store, region: Region, payload: Payload, journal: Journal, grain: Grain) -> None:
        self.payload = payload
        self.journal = journal
        self._store = store
        self._region = region
        self._grain = grain
        self._held = min(grain.block, payload.size) if payload.partition == "boot" else 0
        self._restart()

    @property
    def came(self) -> int:
        """Bytes."""
        return self._offset + len(self._waiting)

    @property
    def source(self) -> int:
        return self.journal.source

    def resume(self) -> None:
        """Go on where the journal says, if the disk agrees; else from the beginning."""
        self._restart()
        if self.source >= len(self.payload.sources):  # all were given up, and the power went before that was told
            self.anew(0)
        if not self.journal.offset:
            return
        self.head = (self._store.recall(HEAD) or b"")[: self._held]
        for piece in self.read_back(self.journal.offset):
            self._digest.update(piece)
        self._offset = self.journal.offset
        if self._digest.hexdigest() != self.journal.prefix or not self._is_settled(self._offset):
            self.anew(self.source)

    def anew(self, source: int) -> None:
        """From the beginning, and from this source."""
        self._restart()
        self._keep(replace(self.journal, source=source, offset=0, prefix=EMPTY))

    def take(self, piece: bytes) -> None:
        """Raises TrustError for more than the payload has."""
        if self.came + len(piece) > self.payload.size:
            raise TrustError(f"{self.payload.partition}: more comes than the {self.payload.size} bytes that it has")
        self._waiting += piece
        while len(self._waiting) >= (length := self._next()) > 0:
            self._lay(length)
            if self._offset - self.journal.offset >= self._grain.journaled:
                self._settle()

    def keep(self) -> None:
        """Of what came, all that makes whole blocks."""
        length = len(self._waiting) // self._grain.block * self._grain.block
        if length and self._offset >= self._held:
            self._lay(length)
        self._settle()

    def finish(self) -> None:
        """Raises TrustError where what came is not the payload."""
        if self.came < self.payload.size:
            raise TrustError(f"{self.payload.partition}: {self.came} of {self.payload.size} bytes came")
        if self._digest.hexdigest() != self.payload.sha256:
            raise TrustError(f"{self.payload.partition}: what came has another digest")
        self._settle()

    def read_back(self, end: int) -> Iterator[bytes]:
        """The payload up to `end`, from the disk."""
        yield self.head[:end]
        yield from self._region.pieces(self._held, end)

    def _restart(self) -> None:
        self.head = b""
        self._digest = sha256()
        self._offset = 0
        self._waiting = bytearray()

    def _next(self) -> int:
        """Bytes up to where a piece ends: what is held back, a multiple of `piece`, or the end."""
        if self._offset < self._held:
            return self._held
        return min(self._grain.piece - self._offset % self._grain.piece, self.payload.size - self._offset)

    def _lay(self, length: int) -> None:
        data = bytes(self._waiting[:length])
        if self._offset < self._held:
            self._store.keep(HEAD, data)
            self.head = data
        else:
            self._region.write(self._offset, data)
        del self._waiting[:length]
        self._digest.update(data)
        self._offset += length

    def _is_settled(self, offset: int) -> bool:
        """Whether a journal of ours can tell of it."""
        return offset % self._grain.block == 0 or offset == self.payload.size

    def _settle(self) -> None:
        if self._offset != self.journal.offset:
            self._region.sync()
            self._keep(replace(self.journal, offset=self._offset, prefix=self._digest.hexdigest()))

    def _keep(self, journal: Journal) -> None:
        journals.keep(self._store, journal)
        self.journal = journal
