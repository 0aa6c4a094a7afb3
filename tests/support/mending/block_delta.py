"""Deltas of blocks: the checksum of the index, as zlib has it behind what it compressed."""

import zlib

import mending

HEAD = 20
BOUND = 1 << 20


def mend(data: bytearray) -> None:
    end = HEAD + mending.number(data, 16, "little")
    if end > len(data) or end < HEAD + 6:
        return
    reader = zlib.decompressobj(-15)
    try:
        found = reader.decompress(bytes(data[HEAD + 2 : end]), BOUND)
    except zlib.error:
        return
    place = end - len(reader.unused_data)
    if reader.eof and place + 4 <= end:
        mending.put(data, place, zlib.adler32(found), "big")
