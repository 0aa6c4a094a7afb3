"""The sum at the end of every line that still is a record."""

from mending.intel_hex import mend_lines


def mend(data: bytearray) -> None:
    mend_lines(data, 2, 0xFF)
