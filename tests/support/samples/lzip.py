from collections.abc import Iterator
from pathlib import Path

from samples import run
from samples.tar import samples as archives


def samples(folder: Path) -> Iterator[bytes]:
    archive = next(archives(folder))
    for options in (("-0",), ("-9",), ("-b100KiB",)):
        yield run("lzip", "-c", *options, feed=archive)
