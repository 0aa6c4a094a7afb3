"""The CRC of erase counters, of identifiers, of the data they vouch for, and of the rows of the volume table."""

import zlib

from mending import number, put

HEADER, CHECKED = 64, 60
LAYOUT, ROWS, ROW = 0x7FFFEFFF, 128, 172
STATIC = 2
LONGEST = 1 << 20


def mend(data: bytearray) -> None:
    at = data.find(b"UBI#")
    while at >= 0:
        if at % 512 == 0:
            _mend_block(data, at)
        at = data.find(b"UBI#", at + 4)


def _mend_block(data: bytearray, start: int) -> None:
    put(data, start + CHECKED, _checksum(data[start : start + CHECKED]), "big")
    at = start + number(data, start + 16, "big")
    content = start + number(data, start + 20, "big")
    if data[at : at + 4] != b"UBI!" or at + HEADER > len(data):
        return
    if number(data, at + 8, "big") == LAYOUT:
        _mend_table(data, content)
    if data[at + 5] == STATIC or data[at + 6] == 1:
        length = min(number(data, at + 20, "big"), LONGEST)
        put(data, at + 32, _checksum(data[content : content + length]), "big")
    put(data, at + CHECKED, _checksum(data[at : at + CHECKED]), "big")


def _mend_table(data: bytearray, start: int) -> None:
    end = data.find(b"UBI#", start)
    for at in range(start, (end if end >= 0 else len(data)) - ROW + 1, ROW)[:ROWS]:
        put(data, at + ROW - 4, _checksum(data[at : at + ROW - 4]), "big")


def _checksum(data: bytearray) -> int:
    return zlib.crc32(data) ^ 0xFFFFFFFF
