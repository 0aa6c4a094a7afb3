from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made

OPTIONS: tuple[tuple[str, ...], ...] = (
    (),
    ("-zlz4",),
    ("-zlz4hc,9", "-C65536", "-Eztailpacking"),
    ("-zlz4hc", "-Elegacy-compress"),
    ("--chunksize=4096",),
    ("-Enoinline_data,force-inode-extended",),
)


def samples(folder: Path) -> Iterator[bytes]:
    root = lay_root(folder)
    for options in OPTIONS:
        yield made(folder, ("mkfs.erofs", "-T0", *options, "OUT", root))
