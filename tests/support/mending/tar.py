"""The sum of every header's bytes, in six octal digits."""

from firmward.formats.tar import BLOCK, checksum_holds


def mend(data: bytearray) -> None:
    at = data.find(b"ustar")
    while at >= 0:
        start = at - 257
        block = data[start : start + BLOCK] if start >= 0 and start % BLOCK == 0 else b""
        if len(block) == BLOCK and not checksum_holds(bytes(block)):
            total = sum(block) - sum(block[148:156]) + 8 * ord(" ")
            data[start + 148 : start + 156] = b"%06o\0 " % total
        at = data.find(b"ustar", at + 5)
