"""A storage card that starts whatever an attacker put on it, plugged in beside the device's own storage."""

from pathlib import Path
from uuid import UUID

from firmward.build.built import Partition
from firmward.build.partition_table import partition_table
from firmward.build.program import run
from firmward.lab.challenge import Challenge

SIZE = 4 << 20
PLACE = Partition("card", 1 << 20, 2 << 20)
DISK = UUID("5eed0000-0000-4000-8000-000000000002")
EPOCH = 0
SCRIPT, SYSTEM, IMAGE = "boot.scr", "card.ext2", "card.img"


def made(work: Path, challenge: Challenge) -> Path:
    """A partition of ext2 with a script for boot loaders that look for one on every medium, made once in a folder.
    Raises ToolError when mkimage or mke2fs is not installed."""
    image = work / IMAGE
    if image.exists():
        return image
    files = work / "card"
    files.mkdir()
    (work / "commands").write_text(f"{challenge.uboot}\n", encoding="ascii")
    words = ("-T", "script", "-A", "arm64", "-C", "none", "-d", "commands", f"card/{SCRIPT}")
    run(["mkimage", *words], epoch=EPOCH, package="u-boot-tools", cwd=work)
    system = work / SYSTEM
    with system.open("wb") as file:
        file.truncate(PLACE.size)
    run(["mke2fs", "-t", "ext2", "-q", "-F", "-d", files, system], epoch=EPOCH, package="e2fsprogs")
    table = partition_table((PLACE,), SIZE, DISK)
    disk = table.start.ljust(PLACE.start, b"\0") + system.read_bytes()
    image.write_bytes(disk.ljust(SIZE - len(table.end), b"\0") + table.end)
    return image


def plugged(image: Path) -> tuple[str, ...]:
    """Arguments of QEMU's."""
    return (
        *("-drive", f"if=none,id=card,format=raw,readonly=on,file={image}"),
        *("-device", "nvme,drive=card,serial=card"),
    )
