"""The environment in a device's flash, as an attacker writes it with a clip on the chip."""

import zlib

from firmward.formats import uboot_env
from firmward.formats.malformed import Malformed
from firmward.lab import board as boards
from firmward.lab.attacks import Unseen
from firmward.lab.target import Target

CHECKSUM = 4
HARMLESS = b"\xff" * 8 + b"=1\0"
"""A first variable in bytes of erased flash: a device that counts in these words sees nothing changed."""


def variables(target: Target) -> dict[str, str]:
    """What the flash holds now; nothing where it holds no environment."""
    try:
        found = uboot_env.parse(lambda at, size: target.read_flash(size, at), size_of(target))
    except Malformed:
        return {}
    return dict(found.variables)


def write(target: Target, changes: dict[str, str]) -> None:
    """The same variables but these, with the checksum mended. Raises Unseen when there is no room."""
    target.write_flash(packed({**variables(target), **changes}, size_of(target)))


def packed(named: dict[str, str], size: int) -> bytes:
    """As U-Boot reads it. Raises Unseen for more than fits."""
    strings = HARMLESS + b"".join(f"{name}={value}".encode() + b"\0" for name, value in named.items()) + b"\0"
    if len(strings) > size - CHECKSUM:
        raise Unseen(f"an environment of {len(strings)} bytes, and the flash has {size - CHECKSUM} for it")
    body = strings.ljust(size - CHECKSUM, b"\0")
    return zlib.crc32(body).to_bytes(CHECKSUM, "little") + body


def size_of(target: Target) -> int:
    return boards.virtual(target.device.said.board).stock.environment_size
