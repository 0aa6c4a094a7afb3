from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made

SIZES = ("-m", "512", "-e", "15360", "-c", "200")


def samples(folder: Path) -> Iterator[bytes]:
    for compression in ("lzo", "zlib", "none"):
        yield made(folder, ("mkfs.ubifs", "-r", lay_root(folder), "-x", compression, *SIZES, "-o", "OUT"))
