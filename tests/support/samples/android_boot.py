import struct
from collections.abc import Iterator
from pathlib import Path

from samples import FILES, made
from samples.cpio import samples as archives

LINE = b"console=ttyS0"


def padded(data: bytes, page: int) -> bytes:
    return data + bytes(-len(data) % page)


def pages(page: int, *sections: bytes) -> bytes:
    return b"".join(padded(section, page) for section in sections)


def version_1(kernel: bytes, ramdisk: bytes, overlays: bytes, line: bytes = LINE, page: int = 2048) -> bytes:
    """With overlays for recovery, by AOSP's bootimg.h: Debian's mkbootimg fails over them."""
    sizes = (len(kernel), 0x8000, len(ramdisk), 0x1000000, 0, 0xF00000, 0x100, page, 1, 0)
    head = struct.pack("<8s10I16s512s32s1024s", b"ANDROID!", *sizes, b"board", line, bytes(32), b"")
    head += struct.pack("<IQI", len(overlays), page + len(pages(page, kernel, ramdisk)), 1648)
    return pages(page, head, kernel, ramdisk, overlays)


def version_4(kernel: bytes, ramdisk: bytes, signature: bytes, line: bytes = LINE) -> bytes:
    """By AOSP's bootimg.h: Debian's mkbootimg ends with version 3."""
    head = struct.pack("<8s4I16xI1536sI", b"ANDROID!", len(kernel), len(ramdisk), 0, 1584, 4, line, len(signature))
    return pages(4096, head, kernel, ramdisk, signature)


def lay(folder: Path) -> None:
    (folder / "kernel").write_bytes(FILES["bin/tool"])
    (folder / "ramdisk").write_bytes(next(archives(folder)))
    (folder / "tree").write_bytes(FILES["etc/passwd"] * 100)


def samples(folder: Path) -> Iterator[bytes]:
    lay(folder)
    base = ("mkbootimg", "--kernel", "kernel", "--ramdisk", "ramdisk", "--cmdline", LINE.decode(), "-o", "OUT")
    yield made(folder, (*base, "--header_version", "0", "--second", "tree", "--pagesize", "2048"))
    yield made(folder, (*base, "--header_version", "2", "--dtb", "tree"))
    yield made(folder, (*base, "--header_version", "3"))
    kernel, ramdisk, tree = (folder / "kernel", folder / "ramdisk", folder / "tree")
    yield version_1(kernel.read_bytes(), ramdisk.read_bytes(), tree.read_bytes())
    yield version_4(kernel.read_bytes(), ramdisk.read_bytes(), b"signature")
