"""Checksums made right again after a change, so that a fuzzer gets behind them.

One format is one module here, named as the format's file in `image/`, with `mend(data)`: it changes nothing but
checksums, leaves a good image as it is, and raises nothing whatever the bytes are. Formats whose readers turn nothing
away for a checksum have none.
"""

from collections.abc import Callable
from importlib import import_module, util
from typing import Literal

Order = Literal["little", "big"]
Mend = Callable[[bytearray], None]


def find(module: str) -> Mend | None:
    """What mends the format whose file has this name; None when it has nothing to mend."""
    if util.find_spec(f"mending.{module}") is None:
        return None
    found: Mend = import_module(f"mending.{module}").mend
    return found


def number(data: bytearray, at: int, order: Order) -> int:
    """The 32 bits at a place; what is behind the end reads as zeros."""
    field = data[at : at + 4].ljust(4, b"\0")
    return int.from_bytes(field, order)


def put(data: bytearray, at: int, value: int, order: Order) -> None:
    """Write 32 bits, if they have room."""
    if at + 4 <= len(data):
        data[at : at + 4] = value.to_bytes(4, order)
