from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made

PLAIN = ("-noI", "-noF", "-noX")


def samples(folder: Path) -> Iterator[bytes]:
    base = ("mksquashfs", lay_root(folder), "OUT", "-quiet", "-no-progress", "-b", "16K")
    for name in ("gzip", "lzo", "xz", "lz4", "zstd"):
        yield made(folder, (*base, "-comp", name))
        yield made(folder, (*base, "-comp", name, *PLAIN))
    yield made(folder, (*base, "-noI", "-noD", "-noF"))
