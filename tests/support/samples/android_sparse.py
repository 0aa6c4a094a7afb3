import random
from collections.abc import Iterator
from pathlib import Path

from samples import FILES, run


def samples(folder: Path) -> Iterator[bytes]:
    tool = FILES["bin/tool"]
    disk = folder / "disk"
    disk.write_bytes(tool + bytes(-len(tool) % 4096 + 81920) + b"fill" * 4096 + random.Random(2).randbytes(8192))
    for block in (1024, 4096):
        run("img2simg", disk, folder / "sparse", block)
        yield (folder / "sparse").read_bytes()
