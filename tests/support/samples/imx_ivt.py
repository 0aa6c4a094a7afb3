from collections.abc import Iterator
from pathlib import Path

from rom import nxp


def samples(folder: Path) -> Iterator[bytes]:
    yield nxp.plain(folder)
    yield nxp.plain(folder, "DATA 4 0x020e05a8 0x00000030", "CHECK_BITS_SET 4 0x020e05a8 0x1")
    yield nxp.signed_image(folder)
