import struct
from collections.abc import Iterator
from pathlib import Path

from samples.gzip import samples as archives


def samples(folder: Path) -> Iterator[bytes]:
    """A primary partition, and two logical ones in an extended one; each holds something."""
    content = next(archives(folder))[: 50 * 512]
    disk = bytearray(256 << 10)

    def slot(record: int, number: int, kind: int, start: int, count: int) -> None:
        at = record * 512 + 446 + 16 * number
        disk[at + 4] = kind
        disk[at + 8 : at + 16] = struct.pack("<II", start, count)
        disk[record * 512 + 510 : record * 512 + 512] = b"\x55\xaa"

    slot(0, 0, 0x83, 1, 50)
    slot(0, 1, 0x05, 100, 200)
    slot(100, 0, 0x83, 1, 50)
    slot(100, 1, 0x05, 100, 100)
    slot(200, 0, 0x83, 1, 50)
    for sector in (1, 101, 201):
        disk[sector * 512 : sector * 512 + len(content)] = content
    yield bytes(disk)
