from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made


def samples(folder: Path) -> Iterator[bytes]:
    root = lay_root(folder)
    yield made(folder, ("genromfs", "-d", root, "-f", "OUT", "-V", "rom"))
    yield made(folder, ("genromfs", "-d", root, "-f", "OUT", "-V", "a" * 40, "-a", "1024"))
