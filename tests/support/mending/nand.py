"""What lies in the pages is mended without their spare bytes: a UBI, or a uImage."""

from mending import ubi, uimage

WITHIN = {b"UBI#": (ubi.mend, 512, 16), b"\x27\x05\x19\x56": (uimage.mend, 4096, 224)}
"""By its magic: what mends it, and the bytes of page and spare that the samples have."""


def mend(data: bytearray) -> None:
    found = WITHIN.get(bytes(data[:4]))
    if found is None:
        return
    mend_inner, page, spare = found
    starts = range(0, len(data), page + spare)
    inner = bytearray().join(data[at : at + page] for at in starts)
    mend_inner(inner)
    for number, at in enumerate(starts):
        piece = inner[number * page : (number + 1) * page]
        data[at : at + len(piece)] = piece
