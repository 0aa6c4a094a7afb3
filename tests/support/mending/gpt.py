"""The CRC of each table, and of the header that holds it; the first ones and the backup."""

import zlib

from mending import number, put

SECTORS = (512, 4096)
TABLE_LIMIT = 1 << 20


def mend(data: bytearray) -> None:
    for sector in SECTORS:
        for at in (sector, (len(data) // sector - 1) * sector):
            if at >= 0 and data[at : at + 8] == b"EFI PART":
                _mend_header(data, at, sector)


def _mend_header(data: bytearray, at: int, sector: int) -> None:
    table = int.from_bytes(data[at + 72 : at + 80], "little") * sector
    length = number(data, at + 80, "little") * number(data, at + 84, "little")
    if length <= TABLE_LIMIT:
        put(data, at + 88, zlib.crc32(data[table : table + length]), "little")
    size = min(number(data, at + 12, "little"), sector)
    put(data, at + 16, zlib.crc32(data[at : at + 16] + bytes(4) + data[at + 20 : at + size]), "little")
