"""TP-Link's safeloader images: size and MD5, 4 KiB about the device, then a table of partitions as text.

The table has a line per partition, `fwup-ptn NAME base 0x… size 0x…`, in 2 KiB at 0x1014, from where offsets count.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.image.budget import Budget, Damaged
from firmward.image.digest import md5
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Bytes, Source
from firmward.model.report import Role

PREAMBLE = 20
PAYLOAD = 0x1014
TABLE_SIZE = 2 << 10
SALT = bytes.fromhex("7a2b15ed9b98596de504ab44ac2a9f4e")
"""Hashed before the image."""
LINE = re.compile(rb"fwup-ptn (\S{1,64}) base 0x([0-9a-fA-F]{1,8}) size 0x([0-9a-fA-F]{1,8})\s*")
ROLES = {"os-image": Role.KERNEL, "fs-uboot": Role.BOOT_LOADER, "uboot": Role.BOOT_LOADER}


@dataclass(frozen=True, slots=True)
class Partition:
    name: str
    base: int
    size: int


def partitions(table: bytes) -> Iterator[Partition]:
    position = 0
    while (found := LINE.match(table, position)) is not None:
        name, base, size = found.groups()
        yield Partition(name.decode("utf-8", "replace"), int(base, 16), int(size, 16))
        position = found.end()


def measure(source: Source) -> int | None:
    size = int.from_bytes(source.read(0, 4), "big")
    known = list(partitions(source.read(PAYLOAD, TABLE_SIZE)))
    inside = all(one.base + one.size <= size - PAYLOAD for one in known)
    return min(size, source.size) if known and inside else None


def open_tplink_safeloader(source: Source, budget: Budget) -> Iterator[Child]:
    for one in partitions(source.read(PAYLOAD, TABLE_SIZE)):
        yield placed(source, one.name, PAYLOAD + one.base, one.size, "unknown", ROLES.get(one.name))
    size = int.from_bytes(source.read(0, 4), "big")
    if source.size < size:
        raise Damaged(f"cut off: {source.size} of {size} bytes are there")
    if md5([Bytes(SALT), source.slice(PREAMBLE, size - PREAMBLE)], budget) != source.read(4, 16):
        raise Damaged("the checksum is wrong")


ABOUT = About(
    title="TP-Link safeloader image",
    reads="Each partition by its name, and the checksum.",
    limits="The form with the checksum before the size (`?NEW`) is not read.",
    witness="tplink-safeloader of OpenWrt's firmware-utils, by its layout: the tests have a writer of their own",
)

FORMAT = Format("tplink-safeloader", (Magic(b"fwup-ptn ", PAYLOAD),), measure, open_tplink_safeloader, ABOUT)
