"""The MD5 over a fixed value and all behind the preamble."""

import hashlib

from firmward.image.container.tplink_safeloader import PREAMBLE, SALT
from mending import number


def mend(data: bytearray) -> None:
    if len(data) >= PREAMBLE:
        end = max(number(data, 0, "big"), PREAMBLE)
        data[4:PREAMBLE] = hashlib.md5(SALT + data[PREAMBLE:end], usedforsecurity=False).digest()
