from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made

OPTIONS = (("-R",), ("-J",), (), ("-rock", "-J", "-l"), ("-R", "-hide-rr-moved", "-D"))


def samples(folder: Path) -> Iterator[bytes]:
    root = lay_root(folder)
    for options in OPTIONS:
        yield made(folder, ("genisoimage", "-quiet", *options, "-o", "OUT", root))
    yield made(folder, ("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", "OUT", root))
