from collections.abc import Iterator
from pathlib import Path

from pe_image import built

from samples import FILES
from samples.cpio import samples as archives

KERNEL = bytes(64) + b"Linux version 6.1.0 (builder@host) #1\0" + FILES["bin/tool"]


def samples(folder: Path) -> Iterator[bytes]:
    """By a writer of the tests, so that nothing but the format itself is in them."""
    initramfs = next(archives(folder))
    sections = {".text": b"\x90" * 100, ".osrel": b"ID=x\n", ".cmdline": b"root=/dev/vda1 ro", ".linux": KERNEL}
    yield built(sections | {".initrd": initramfs})
    yield built(sections | {".profile": b"ID=reset\n", ".dtbauto": b"x" * 40})
    yield built({".text": b"\x90" * 100, ".cmdline": b"quiet"})
