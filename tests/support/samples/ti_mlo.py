from collections.abc import Iterator
from pathlib import Path

from rom import ti


def samples(folder: Path) -> Iterator[bytes]:
    yield ti.mlo(folder)
    yield ti.mlo(folder, swapped=True)
