import struct
from collections.abc import Iterator
from pathlib import Path

from samples import made
from samples.android_boot import lay, pages

PAGE = 4096


def version_4(ramdisks: dict[str, bytes], tree: bytes, configuration: bytes, line: bytes = b"console=ttyS0") -> bytes:
    """A vendor boot image with a table of ramdisks, by AOSP's bootimg.h: Debian's mkbootimg has no version 4."""
    table, section = b"", b""
    for kind, (name, data) in enumerate(ramdisks.items(), 1):
        table += struct.pack("<III32s64x", len(data), len(section), kind, name.encode())
        section += data
    head = struct.pack("<8s5I2048sI16s", b"VNDRBOOT", 4, PAGE, 0x8000, 0x100000, len(section), line, 0x100, b"board")
    head += struct.pack("<IIQ4I", 2128, len(tree), 0x1F00000, len(table), len(ramdisks), 108, len(configuration))
    return pages(PAGE, head, section, tree, table, configuration)


def samples(folder: Path) -> Iterator[bytes]:
    lay(folder)
    ramdisk, tree = (folder / "ramdisk").read_bytes(), (folder / "tree").read_bytes()
    yield version_4({"first": ramdisk, "": tree}, tree, b"androidboot.x=1\n")
    options = ("--vendor_ramdisk", "ramdisk", "--dtb", "tree", "--vendor_cmdline", "quiet", "--header_version", "3")
    yield made(folder, ("mkbootimg", *options, "--vendor_boot", "OUT"))
