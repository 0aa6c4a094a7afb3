import random
import zlib

import pytest

from firmward.image import entropy
from firmward.image.source import Bytes

NOISE = random.Random(3).randbytes(300_000)
TEXT = b"PermitRootLogin no # as the manual says\n" * 4000


@pytest.mark.parametrize(
    ("data", "least", "most"),
    [(b"", 0, 0), (bytes(50_000), 0, 0), (b"\0\xff" * 9000, 1, 1), (TEXT, 3, 5), (NOISE, 7.99, 8), (NOISE[:9], 3, 4)],
)
def test_bits_per_byte(data: bytes, least: float, most: float) -> None:
    assert least <= entropy.bits_per_byte(Bytes(data)) <= most


def test_chance_is_random_and_so_is_what_is_compressed() -> None:
    assert entropy.is_random(Bytes(NOISE))
    assert entropy.is_random(Bytes(NOISE[: entropy.SMALLEST]))
    chance = random.Random(4)
    lines = "".join(f"{chance.randrange(100_003)} " for _ in range(60_000)).encode()
    assert entropy.is_random(Bytes(zlib.compress(lines, 9)))


def test_a_header_before_and_erased_flash_behind_do_not_hide_it() -> None:
    assert entropy.is_random(Bytes(TEXT[:512] + NOISE))
    assert entropy.is_random(Bytes(NOISE + b"\xff" * 200_000))
    assert entropy.is_random(Bytes(NOISE + bytes(1000)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        NOISE[:4096],
        TEXT,
        bytes(100_000),
        NOISE + TEXT * 3,
        NOISE + b"\xff" * 900_000,
        bytes(range(16)) * 9000,
        bytes(range(1, 250)) * 900,
        NOISE[:100_000] + TEXT[:20_000] + NOISE[100_000:],
    ],
    ids=[
        "empty",
        "small",
        "text",
        "zeros",
        "text behind",
        "mostly erased",
        "table",
        "table of all bytes",
        "text between",
    ],
)
def test_what_is_not_random_over_its_length_is_not_called_so(data: bytes) -> None:
    assert not entropy.is_random(Bytes(data))
