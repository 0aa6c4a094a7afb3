"""The rollback floor in a file, the last resort: nobody but the maker can make up a floor (evidence.py), and who swaps
or restores the storage lowers it, or puts another release of the maker's there.

What the running image says of itself is the floor beneath it (offer.py), whatever the file says: a device from the
factory, which has no evidence of anything, has that one.
"""

from collections.abc import Iterator

from firmward.model.errors import TrustError
from firmward.trust.anchor import AnchoredStore
from firmward.trust.store import Store
from firmward.update.floors import evidence
from firmward.update.floors.evidence import Accepted
from firmward.update.identity import Identity

FILE = "rollback-floor"


class FileFloor:
    """A floor (floor.py): the evidence of the release that last proved itself. `channel` has what the device accepted
    of its repository."""

    name = "a signed file on the storage"
    is_kept_apart = False

    def __init__(self, identity: Identity, store: Store, channel: AnchoredStore) -> None:
        self._identity = identity
        self._store = store
        self._channel = channel

    def read(self) -> int:
        """0 where the file is gone or proves nothing: refusing every update for it would leave the device without
        any."""
        return self._judged()[0]

    @property
    def refused(self) -> str:
        return self._judged()[1]

    def raise_to(self, index: int) -> None:
        """As far as there is evidence that what runs was released so."""
        if index <= self.read():
            return
        kept = [one for record in evidence.RECORDS.values() if (one := self._store.recall(record)) is not None]
        if not kept:
            return
        try:
            now = evidence.accepted(self._channel, self._identity)
        except TrustError:
            return  # nothing to judge them by: the next check brings it
        for content in _candidates(kept, now):
            if self._is_of_what_runs(content, now, index):
                self._store.keep(FILE, content)
                return

    def _judged(self) -> tuple[int, str]:
        content = self._store.recall(FILE)
        if content is None:
            return 0, ""
        try:
            now = evidence.accepted(self._channel, self._identity)
            return evidence.index(content, now, self._identity), ""
        except TrustError as error:
            return 0, str(error)

    def _is_of_what_runs(self, content: bytes, now: Accepted, index: int) -> bool:
        try:
            found = evidence.proved(content, now, self._identity)
        except TrustError:
            return False
        return (found.version, found.rollback_index) == (self._identity.version, index)


def _candidates(kept: list[bytes], now: Accepted) -> Iterator[bytes]:
    """What was kept, and the same as the channel says it now."""
    for content in kept:
        yield content
        try:
            yield evidence.renewed(content, now)
        except TrustError:
            continue  # the channel has gone on: what was kept counts, or nothing does
