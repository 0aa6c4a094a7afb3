"""How a maker says what updates may use of a line that is paid for, or shared: `[update] window`, `quota` and `rate`.

`02:00-04:00` is a window: from its first minute until the second one, which it does not have, and across midnight where
that is the earlier one. It is meant in the local time of the device, UTC where nobody set a zone: at night people sleep
and lines are cheap where the device is. `50M/month` is a quota, `1M/s` a rate, in bytes; K, M and G are powers of a
thousand, as those count who send the bill.
"""

import re
from dataclasses import dataclass

from firmward.model.errors import InputError

MINUTES = 24 * 60
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
WINDOW = rf"(?!(.....)-\1){_TIME}-{_TIME}"
"""Not from a time to the same one: that is no window, or every hour."""
QUOTA = "[1-9][0-9]{0,5}[KMG]?/month"
RATE = "(?:[1-9][0-9]{0,5}[KMG]|[1-9][0-9]{3,5})/s"
"""At least 1K/s: with less, servers take the line for dead."""


@dataclass(frozen=True, slots=True)
class Window:
    """From minute `begin` of a day until `end`."""

    begin: int
    end: int

    def has(self, minute: int) -> bool:
        return (minute - self.begin) % MINUTES < (self.end - self.begin) % MINUTES

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.begin, self.end))


def window(text: str) -> Window:
    """Raises InputError."""
    if not re.fullmatch(WINDOW, text):
        raise InputError(f"{text[:32]!r} is no window such as 02:00-04:00")
    begin, _, end = text.partition("-")
    return Window(_minute(begin), _minute(end))


def quota(text: str) -> int:
    """Bytes in a month. Raises InputError."""
    return _bytes(text, QUOTA, "quota such as 50M/month")


def rate(text: str) -> int:
    """Bytes in a second. Raises InputError."""
    return _bytes(text, RATE, "rate such as 1M/s")


_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def _bytes(text: str, pattern: str, like: str) -> int:
    if not re.fullmatch(pattern, text):
        raise InputError(f"{text[:32]!r} is no {like}")
    amount, _, _ = text.partition("/")
    return int(amount.rstrip("KMG")) * _UNITS.get(amount[-1], 1)
