from collections.abc import Iterator
from pathlib import Path

from samples import run


def samples(folder: Path) -> Iterator[bytes]:
    disk = folder / "disk"
    disk.write_bytes(bytes(128 << 10))
    run("sgdisk", "-o", "-n1:34:60", "-c1:root", disk)
    yield disk.read_bytes()
