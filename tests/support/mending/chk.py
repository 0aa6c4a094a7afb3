"""The sums of the data, and of the header that holds it."""

from firmward.image.container.chk import checksum
from mending import number, put


def mend(data: bytearray) -> None:
    size = number(data, 4, "big")
    end = size + number(data, 24, "big") + number(data, 28, "big")
    put(data, 32, checksum([bytes(data[size:end])]), "big")
    put(data, 36, checksum([bytes(data[:36] + bytes(4) + data[40:size])]), "big")
