from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made


def samples(folder: Path) -> Iterator[bytes]:
    root = lay_root(folder)
    yield made(folder, ("mkfs.cramfs", "-N", "little", root, "OUT"))
    yield made(folder, ("mkfs.cramfs", "-N", "big", "-z", root, "OUT"))
    yield made(folder, ("mkfs.cramfs", "-p", root, "OUT"))
    yield made(folder, ("mkfs.cramfs", "-b", "16384", root, "OUT"))
