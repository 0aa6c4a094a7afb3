"""How large the disk's partitions are: as the policy says, or with room to grow, since no update can enlarge them."""

import re

from firmward.build.built import BOOT, DATA, ROOT
from firmward.model.errors import InputError

MIB = 1 << 20
LIMIT = 64 << 30
"""Bytes of a partition: every byte of the disk is read for its digest, the holes in it too."""
STEP = 16 * MIB
GROWTH = 2
"""A later version may be this many times as large."""
DATA_SIZE = 64 * MIB

UNITS = {"": 1, "K": 1 << 10, "M": MIB, "G": 1 << 30}
KEYS = {
    BOOT: ("boot_size", "the signed kernel"),
    ROOT: ("slot_size", "the root file system"),
    DATA: ("data_size", "the data"),
}
"""By what a partition is for: its key in [build], and its content in words."""

_SIZE = re.compile(r"([1-9][0-9]{0,12})\s*([KMG]?)(?:i?B)?")


def parse(text: str, key: str) -> int:
    """`128M` or `2 GiB` in bytes: units of 1024, whole MiB. Raises InputError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InputError(f'[build] {key}: {text!r} is no size; write a number and its unit, as in "128M"')
    size = int(match[1]) * UNITS[match[2]]
    if size % MIB or size > LIMIT:
        raise InputError(f"[build] {key}: {text!r} is not a whole number of MiB up to {LIMIT // MIB}")
    return size


def room(purpose: str, declared: int | None, content: int) -> int:
    """The size of the partition for so many bytes of content: boot, root or data. Raises InputError when what was
    declared is too small."""
    if declared is None:
        least = DATA_SIZE if purpose == DATA else STEP
        return max(least, -(-content * GROWTH // STEP) * STEP)
    check(purpose, declared, content)
    return declared


def check(purpose: str, size: int, content: int) -> None:
    """Raises InputError, which names the key of the policy, when a content does not fit into its partition."""
    if content <= size:
        return
    least = -(-content // MIB)
    if purpose not in KEYS:
        raise InputError(f"partition {purpose}: its content has {content} bytes, and there is room for {size}")
    key, words = KEYS[purpose]
    where = "the partition" if purpose == DATA else "the slot"
    verb = "have" if purpose == DATA else "has"
    raise InputError(
        f"[build] {key}: {words} {verb} {content} bytes, {where} {size}; make it at least {least}M, better twice that"
    )
