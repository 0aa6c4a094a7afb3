from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made


def samples(folder: Path) -> Iterator[bytes]:
    root = lay_root(folder)
    fill = ("mcopy", "-s", "-i", "OUT", *(path for path in sorted(root.iterdir()) if path.name != "bin"), "::/")
    for bits, size in (("12", "1024"), ("16", "4500"), ("32", "34000")):
        yield made(folder, ("mkfs.fat", "-F", bits, "-s", "1", "-C", "OUT", size), fill)
