"""Marvell's images by mkimage."""

from pathlib import Path

from rom import CODE, mkimage


def version_0(folder: Path) -> bytes:
    (folder / "kwb.cfg").write_text("VERSION 0\nBOOT_FROM spi\nDATA 0xFFD100e0 0x1b1b1b9b\n")
    return mkimage(folder, "-n", "kwb.cfg", "-T", "kwbimage", "-a", "0x600000", "-e", "0x600000")


def version_1(folder: Path) -> bytes:
    (folder / "training").write_bytes(CODE[:1000])
    (folder / "kwb.cfg").write_text("VERSION 1\nBOOT_FROM spi\nBINARY training 0000005b 00000068\n")
    return mkimage(folder, "-n", "kwb.cfg", "-T", "kwbimage", "-a", "0x800000", "-e", "0x800000")
