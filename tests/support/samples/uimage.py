import lzma
from collections.abc import Iterator
from pathlib import Path

from samples import FILES, made
from samples.cpio import samples as archives


def samples(folder: Path) -> Iterator[bytes]:
    (folder / "plain").write_bytes(FILES["bin/tool"])
    (folder / "packed").write_bytes(lzma.compress(FILES["bin/tool"], lzma.FORMAT_ALONE))
    (folder / "ramdisk").write_bytes(next(archives(folder)))
    linux = ("mkimage", "-A", "arm", "-O", "linux")
    yield made(folder, (*linux, "-T", "kernel", "-C", "lzma", "-d", "packed", "OUT"))
    yield made(folder, (*linux, "-T", "ramdisk", "-C", "none", "-d", "ramdisk", "OUT"))
    yield made(folder, (*linux, "-T", "multi", "-C", "none", "-d", "plain:ramdisk:packed", "OUT"))
    yield made(folder, (*linux, "-T", "script", "-C", "none", "-d", "plain", "OUT"))
    yield made(folder, ("mkimage", "-A", "arm", "-O", "u-boot", "-T", "firmware", "-C", "none", "-d", "plain", "OUT"))
