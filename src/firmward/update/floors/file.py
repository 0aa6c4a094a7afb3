"""The rollback floor in a file, the last resort: who swaps or restores the storage lowers it.

What the running image says of itself is the floor beneath it (offer.py), whatever the file says.
"""

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.trust.store import Store

FILE = "rollback-floor"


class FileFloor:
    """A floor (floor.py)."""

    name = "a file on the storage"
    is_kept_apart = False

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> int:
        """0 where the file is gone or damaged: refusing every update for it would leave the device without any."""
        content = self._store.recall(FILE)
        try:
            return 0 if content is None else Table(parse(content), FILE).whole("index", most=2**31 - 1)
        except Malformed:
            return 0

    def raise_to(self, index: int) -> None:
        if index > self.read():
            self._store.keep(FILE, encode({"index": index}))
