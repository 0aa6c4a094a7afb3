from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made


def samples(folder: Path) -> Iterator[bytes]:
    base = ("mkfs.jffs2", "-r", lay_root(folder), "-o", "OUT", "-e", "16KiB")
    yield made(folder, (*base, "-l"))
    yield made(folder, (*base, "-b", "-n"))
    yield made(folder, (*base, "-l", "-m", "none", "-n"))
    yield made(
        folder,
        (*base, "-l", "-m", "size"),
        ("sumtool", "-l", "-e", "16KiB", "-i", "OUT", "-o", "sum"),
        ("mv", "sum", "OUT"),
    )
    yield made(folder, (*base, "-b", "-x", "zlib", "-x", "lzo"))
    yield made(folder, (*base, "-l", "-X", "lzo", "-y", "90:lzo"))
