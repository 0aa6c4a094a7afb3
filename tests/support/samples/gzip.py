import gzip
from collections.abc import Iterator
from pathlib import Path

from samples.tar import samples as archives


def samples(folder: Path) -> Iterator[bytes]:
    for archive in archives(folder):
        yield gzip.compress(archive)
