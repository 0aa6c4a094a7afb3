"""The moment at which all collecting and judging ends."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from firmward.model.facts import OutOfTime, Unavailable

if TYPE_CHECKING:
    from firmward.model.report import Budget

LONG = 1e6
"""Seconds; a timer takes no infinity."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, on the monotonic clock, at which all collecting and judging ends."""

    at: float
    reason: str

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises Unavailable when the time is over, and OutOfTime inside the block when it ends there.

        The alarm rings again every second, should something on the way have swallowed it.
        """
        started = time.monotonic()
        left = self.at - started
        if left <= 0:
            raise Unavailable(self.reason)
        if threading.current_thread() is not threading.main_thread():  # only there do signals arrive
            yield
            return
        handler = signal.signal(signal.SIGALRM, self._ring)
        before, interval = signal.setitimer(signal.ITIMER_REAL, min(left, LONG), 1.0)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            if before:  # somebody else's alarm, a test's
                signal.setitimer(signal.ITIMER_REAL, max(before + started - time.monotonic(), 0.001), interval)

    def _ring(self, *_: object) -> None:
        if time.monotonic() >= self.at:
            raise OutOfTime(self.reason)

    def account(self, budget: "Budget") -> "Budget":
        """The budget with the time that ran out, if it did."""
        if time.monotonic() <= self.at or self.reason in budget.exhausted:
            return budget
        return replace(budget, complete=False, exhausted=(*budget.exhausted, self.reason))
