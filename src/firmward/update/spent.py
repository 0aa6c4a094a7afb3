"""How much of a month's quota updates have used, across restarts and power cuts.

Rules:

- Bytes are written down before they are asked for, a step at a time, and what was not used is given back. So a power
  cut costs a step of the quota at most, and never gives one away.
- The month is that of the time that the repository signed, which the device has just accepted (trust/clock.py). It does
  not move with the wall clock: one at 1970, or set from year to year by whoever answers for the time, gives no new
  quota, and one that came back from 2100 does not block. It turns when the maker signs again, some days late at most.
- Where a repository signs no time the wall clock has to do. A month that is earlier than the record's keeps what was
  used, under its own name: going back gives nothing, and the next month that really begins is a new one.
- A record that is damaged counts as none: who can write it can remove it as well.
"""

import time
from dataclasses import dataclass

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError
from firmward.trust.store import Store

FILE = "spent"
STEP = 1 << 20
"""Bytes that are written down at a time."""
AMOUNT_LIMIT = 2**62
MONTHS_LIMIT = 12 * 10**5


@dataclass(frozen=True, slots=True)
class Spent:
    """`month` is the number of months since the year 0."""

    month: int
    amount: int

    @property
    def name(self) -> str:
        return f"{self.month // 12:04}-{self.month % 12 + 1:02}"


def month_of(seconds: float) -> int:
    """Of a time since 1970, UTC."""
    moment = time.gmtime(min(max(seconds, 0), 2**40))
    return moment.tm_year * 12 + moment.tm_mon - 1


def kept(store: Store) -> Spent | None:
    content = store.recall(FILE)
    try:
        return None if content is None else _spent(Table(parse(content), FILE))
    except Malformed:
        return None


def in_month(last: Spent | None, month: int) -> Spent:
    if last is None or last.month < month:
        return Spent(month, 0)
    return Spent(month, last.amount)


class Meter:
    """Counts up to `quota` bytes in the month; `close` writes down what was not used after all. Raises DeviceError
    where nothing can be written."""

    def __init__(self, store: Store, quota: int, month: int) -> None:
        self._store = store
        self._quota = quota
        self._ready = 0
        last = kept(store)
        self._spent = in_month(last, month)
        if last is not None and last.month > month:  # under its old name it would last until that month has come
            self._write(self._spent.amount)

    def check(self) -> None:
        """Whether anything may be used. Raises DeviceError where nothing is left, or nobody could write it down."""
        if not self._ready:
            self._reserve()

    def take(self, most: int) -> int:
        """How many of so many bytes may be used, at least one. Raises as `check`."""
        self.check()
        taken = min(most, self._ready)
        self._ready -= taken
        return taken

    def close(self) -> None:
        """Raises DeviceError."""
        if self._ready:
            unused, self._ready = self._ready, 0
            self._write(self._spent.amount - unused)

    def _reserve(self) -> None:
        left = self._quota - self._spent.amount
        if left <= 0:
            raise DeviceError(
                f"the quota for {self._spent.name}, {self._quota} bytes, is used up: it goes on next month"
            )
        step = min(STEP, left)
        self._write(self._spent.amount + step)
        self._ready = step

    def _write(self, amount: int) -> None:
        spent = Spent(self._spent.month, amount)
        self._store.keep(FILE, encode({"month": spent.month, "bytes": spent.amount}))
        self._spent = spent


def _spent(table: Table) -> Spent:
    return Spent(table.whole("month", most=MONTHS_LIMIT), table.whole("bytes", most=AMOUNT_LIMIT))
