from collections.abc import Iterator
from pathlib import Path

from samples import run
from samples.tar import samples as archives


def samples(folder: Path) -> Iterator[bytes]:
    for archive in archives(folder):
        yield run("lz4", "-q", "-c", "-", feed=archive)
        yield run("lz4", "-q", "-l", "-c", "-", feed=archive)
