"""A memory card, as it comes out of any other machine: a partition table, and FAT with the attacker's files in it.

The virtual board has no slot for one: a second disk on its PCI bus stands for it.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

from firmward.build.program import run

PACKAGE = "mtools"
EPOCH = 0
SECTOR = 512
START = 2048
"""The first sector of its only partition."""
SECTORS = 16384
FAT16 = 0x06
DRIVE = "card"
"""What QEMU calls it."""
LABEL = "CARD"
"""What the camera of the examples looks for, as its firmware tells everybody."""


def written(files: Mapping[str, bytes], work: Path) -> Path:
    """Its image, in the folder `work`."""
    image = work / "card.img"
    with image.open("wb") as file:
        file.write(table((START, SECTORS)))
        file.truncate((START + SECTORS) * SECTOR)
    place = f"{image.name}@@{START * SECTOR}"
    command = ["mformat", "-i", place, "-v", LABEL, "-T", str(SECTORS), "-h", "16", "-s", "63", "::"]
    run(command, epoch=EPOCH, package=PACKAGE, cwd=work)
    for name, content in files.items():
        (work / name).write_bytes(content)
        run(["mcopy", "-o", "-i", place, name, f"::{name}"], epoch=EPOCH, package=PACKAGE, cwd=work)
    return image


def table(*partitions: tuple[int, int]) -> bytes:
    """A master boot record with up to four partitions: where each begins, and its sectors."""
    entries = [struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", FAT16, b"\xfe\xff\xff", *one) for one in partitions]
    return bytes(446) + b"".join(entries).ljust(64, b"\0") + b"\x55\xaa"


def plugged(image: Path) -> tuple[str, ...]:
    """QEMU's arguments. A comma in a name is written twice (docs/system/invocation of QEMU)."""
    name = str(image).replace(",", ",,")
    return ("-drive", f"if=none,id={DRIVE},format=raw,file={name}", "-device", f"virtio-blk-pci,drive={DRIVE}")
