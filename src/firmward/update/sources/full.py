"""The payload itself, as one file."""

from collections.abc import Iterator

from firmward.trust.place import WholeFilesError
from firmward.update.sources.source import Material


def opened(material: Material) -> "Full":
    return Full(material)


class Full:
    """A source (source.py)."""

    def __init__(self, material: Material) -> None:
        self._path = (material.source.blob.sha256,)
        self._size = material.payload.size
        self._blobs = material.blobs

    def pieces(self, offset: int) -> Iterator[bytes]:
        """What is there already comes once more from a server that gives no parts of files, and is passed over. From no
        other: a line that breaks at once is no reason to fetch all."""
        try:
            yield from self._blobs.stream(self._path, offset, self._size - offset)
        except WholeFilesError:
            yield from self._behind(offset)

    def _behind(self, offset: int) -> Iterator[bytes]:
        at = 0
        for piece in self._blobs.stream(self._path, 0, self._size):
            if at + len(piece) > offset:
                yield piece[max(offset - at, 0) :]
            at += len(piece)
