"""The MD5 over all, with a fixed value in its own place."""

import hashlib

from firmward.image.container.tplink import DIGEST, LAYOUTS
from mending import number


def mend(data: bytearray) -> None:
    layout = LAYOUTS.get(number(data, 0, "little"))
    if layout is None or len(data) < layout.sizes + 28:
        return
    place = layout.digest
    salt = layout.salts[number(data, layout.sizes + 24, "big") != 0]
    whole = data[:place] + salt + data[place + DIGEST :]
    data[place : place + DIGEST] = hashlib.md5(whole, usedforsecurity=False).digest()
