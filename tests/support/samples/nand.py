from collections.abc import Iterator
from pathlib import Path

from spared import spared

from samples import squashfs, ubi, uimage


def samples(folder: Path) -> Iterator[bytes]:
    squash = next(squashfs.samples(folder))
    yield spared(squash, 2048, 64)
    yield spared(next(ubi.samples(folder)), 512, 16)
    yield spared(next(uimage.samples(folder)), 4096, 224)
    yield spared(bytes(range(256)) * 32 + squash, 2048, 128)
