"""Values for a file of counters, of which a boot script makes more than counters: what ends a quote, a command or a
word, and what a number is not.

U-Boot's hush of 2023.01 parses a command once more after the values were put in, and marks them by a byte of 4 that a
value may hold itself: quotes alone do not help there.
"""

import zlib
from collections.abc import Iterator, Mapping

from firmward.formats.boot_state import SECTOR
from firmward.lab.challenge import Challenge

GOOD = {"seq": "9", "active": "a", "last": "a", "a_left": "3", "b_left": "3", "a_good": "0", "b_good": "0"}
"""A state that is taken."""
CHECKSUM = 4
ENDS = (
    "{good};{do};",
    '{good}";{do};"',
    "{good}\4;{do};\4",
    '{good}\4"\4;{do};\4"',
    "{good}';{do};'",
    "{good}\n{do}\n",
    "{good}000000000000000{good} -o 1 = 1;{do}",
)
"""Ways out of a value, whatever stands around it. The last is too long for a number, too."""


def command(challenge: Challenge) -> str:
    """It lets itself be heard first, where a script has told the loader to be silent."""
    return f"setenv silent;{challenge.uboot}"


def beyond(challenge: Challenge) -> dict[str, str]:
    """Variables that no file of counters should bring."""
    do = command(challenge)
    return {"bootargs": "rdinit=/bin/sh", "bootcmd": do, "preboot": do, "start": do, "boot": do, "stdin": "serial"}


def states(challenge: Challenge) -> Iterator[bytes]:
    """Sectors of a state whose checksum holds: one value of each is his, and in the last one names are."""
    do = command(challenge)
    for number, name in enumerate(GOOD):
        value = ENDS[number % len(ENDS)].format(good=GOOD[name], do=do)
        yield sector({**GOOD, name: value})
    yield sector({**GOOD, **beyond(challenge)})


def sector(values: Mapping[str, str]) -> bytes:
    data = "".join(f"{name}={value}\0" for name, value in values.items()).encode("latin-1")
    if len(data) + 1 > SECTOR - CHECKSUM:
        raise ValueError(f"{len(data)} bytes of values do not fit into a sector")
    body = data.ljust(SECTOR - CHECKSUM, b"\0")
    return zlib.crc32(body).to_bytes(CHECKSUM, "little") + body


def requests(challenge: Challenge) -> Iterator[bytes]:
    """Sectors of a request, which has no checksum: both of its values are his, and in the last one names are."""
    do = command(challenge)
    values = [end.format(good="a", do=do) for end in ENDS]
    for good, active in zip(values[::2], values[1::2], strict=False):
        yield request({"good": good, "active": active})
    yield request({"good": values[-1], **beyond(challenge)})


def request(values: Mapping[str, str]) -> bytes:
    return "".join(f"{name}={value}\n" for name, value in values.items()).encode("latin-1").ljust(SECTOR, b"\0")
