from collections.abc import Iterator
from pathlib import Path

from rom import marvell


def samples(folder: Path) -> Iterator[bytes]:
    yield marvell.version_0(folder)
    yield marvell.version_1(folder)
