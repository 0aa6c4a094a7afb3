import hashlib
from collections.abc import Iterator
from pathlib import Path

from samples import FILES
from samples.squashfs import samples as systems

SALT = bytes.fromhex("7a2b15ed9b98596de504ab44ac2a9f4e")


def packed(**partitions: bytes) -> bytes:
    """As OpenWrt's `tplink-safeloader` does; a name's `_` stands for `-`."""
    table, body, base = b"", b"", 0x800
    for name, data in partitions.items():
        line = f"fwup-ptn {name.replace('_', '-')} base 0x{base:05x} size 0x{len(data):05x}\t\r\n"
        table += line.encode()
        body += data
        base += len(data)
    vendor = (b"\0\0\0\x1eCPE510(TP-LINK|UN|N300-5):1.0\r\n").ljust(0x1000, b"\xff")
    image = vendor + table.ljust(0x800, b"\xff") + body
    return (len(image) + 20).to_bytes(4, "big") + hashlib.md5(SALT + image).digest() + image


def samples(folder: Path) -> Iterator[bytes]:
    yield packed(
        partition_table=b"\0\0\0\4fwup",
        soft_version=b"1.0",
        os_image=FILES["bin/tool"],
        file_system=next(systems(folder)),
    )
