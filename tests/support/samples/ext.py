from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made

SHAPES = (
    ("ext2", "-b", "1024"),
    ("ext4", "-b", "1024", "-O", "^has_journal,64bit,metadata_csum"),
    ("ext4", "-b", "1024", "-O", "^has_journal,^extent,^64bit"),
    ("ext4", "-b", "4096", "-O", "^has_journal,inline_data", "-I", "256"),
)


def samples(folder: Path) -> Iterator[bytes]:
    for shape in SHAPES:
        yield made(folder, ("mke2fs", "-q", "-F", "-t", *shape, "-d", lay_root(folder), "OUT", "1M"))
