from collections.abc import Iterator
from pathlib import Path

from rom import allwinner_image


def samples(folder: Path) -> Iterator[bytes]:
    yield allwinner_image.toc0(folder)
