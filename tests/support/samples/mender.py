from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, made

WRITE = ("mender-artifact", "write")
NAMES = ("-t", "board", "-n", "release-1", "-o", "OUT")


def rootfs(folder: Path) -> Path:
    """An ext4 of a small system: the artifact's tool looks into it."""
    image = folder / "rootfs.ext4"
    if not image.exists():
        image.write_bytes(made(folder, ("mke2fs", "-q", "-t", "ext4", "-d", lay_root(folder), "OUT", "2M")))
    return image


def artifact(folder: Path, compression: str = "gzip") -> bytes:
    compress = ("--compression", compression)
    return made(folder, (*WRITE, "rootfs-image", *compress, "-f", rootfs(folder), *NAMES))


def samples(folder: Path) -> Iterator[bytes]:
    for compression in ("gzip", "lzma", "none"):
        yield artifact(folder, compression)
    yield made(folder, (*WRITE, "module-image", "-T", "script", "-f", rootfs(folder), *NAMES))
