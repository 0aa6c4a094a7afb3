"""The payload itself, as one file."""

from collections.abc import Iterator

from firmward.model.errors import DeviceError
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
        """A server may know nothing of ranges: what is there already comes once more, and is passed over."""
        came = False
        try:
            for piece in self._blobs.stream(self._path, offset, self._size - offset):
                came = True
                yield piece
        except DeviceError:
            if came or not offset:
                raise
            yield from self._behind(offset)

    def _behind(self, offset: int) -> Iterator[bytes]:
        at = 0
        for piece in self._blobs.stream(self._path, 0, self._size):
            if at + len(piece) > offset:
                yield piece[max(offset - at, 0) :]
            at += len(piece)
