"""A partition as an installer uses it: what is asked is done in full, or an error says what was not."""

from collections.abc import Iterator

from firmward.model.errors import DeviceError, InputError
from firmward.update.disk import Disk

PIECE = 64 << 10
"""Bytes read at once."""


class Region:
    """Every method raises DeviceError where the disk fails. Raises InputError for a partition that is not there."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self.name = name
        try:
            self.size = disk.size(name)
        except KeyError as error:
            raise InputError(f"this device has no partition {name}") from error
        except OSError as error:
            raise self._told("asked for its size", error) from error

    def read(self, offset: int, length: int) -> bytes:
        try:
            found = self._disk.read(self.name, offset, length)
        except OSError as error:
            raise self._told("read", error) from error
        if len(found) != length:
            raise DeviceError(f"{self.name}: {len(found)} bytes can be read at {offset}, and not {length}")
        return found

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        for offset in range(start, end, PIECE):
            yield self.read(offset, min(PIECE, end - offset))

    def write(self, offset: int, data: bytes) -> None:
        """All of it, in as many steps as the disk takes."""
        while data:
            try:
                taken = self._disk.write(self.name, offset, data)
            except OSError as error:
                raise self._told("written", error) from error
            if not 0 < taken <= len(data):
                raise DeviceError(f"{self.name}: cannot be written: the disk took {taken} of {len(data)} bytes")
            offset += taken
            data = data[taken:]

    def sync(self) -> None:
        try:
            self._disk.sync(self.name)
        except OSError as error:
            raise self._told("synced", error) from error

    def put(self, offset: int, data: bytes) -> None:
        """Write, sync, and look whether it is there."""
        self.write(offset, data)
        self.sync()
        if self.read(offset, len(data)) != data:
            raise DeviceError(f"{self.name}: what was written at {offset} is not what is read there")

    def _told(self, what: str, error: OSError) -> DeviceError:
        return DeviceError(f"{self.name}: cannot be {what}: {error.strerror or error}")
