"""A place whose payloads come no faster, no later and in no greater number than the maker allows (model/allowance.py).

Metadata is read whatever is allowed: it is small, and a device that does not learn of updates cannot say so. A payload
ends with DeviceError where the window closes or the quota is used up; what came until then is gone on with.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.model.allowance import Window
from firmward.model.errors import DeviceError
from firmward.trust.place import Place, Steps
from firmward.update.spent import Meter

Monotonic = Callable[[], float]
BURST = 1.0
"""Seconds of traffic that may come at once after a rest."""


class Pace:
    """At most `rate` bytes a second, but for what a rest has saved up."""

    def __init__(self, rate: int, now: Monotonic = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._paid = now()
        """Until when what came is paid for, in seconds."""

    def wait(self, count: int) -> None:
        """Until so many bytes more may come."""
        now = self._now()
        self._paid = max(self._paid, now - BURST) + count / self._rate
        if self._paid > now:
            self._sleep(self._paid - now)


@dataclass(frozen=True, slots=True)
class Hours:
    """`minute` tells the minute of the local day."""

    window: Window
    minute: Callable[[], int]

    @property
    def is_open(self) -> bool:
        return self.window.has(self.minute())

    def check(self) -> None:
        """Raises DeviceError."""
        if not self.is_open:
            raise DeviceError(f"it is outside of the window {self.window} of updates: it goes on in there")


@dataclass(frozen=True, slots=True)
class Paced:
    """A place (place.py). What is None is not limited."""

    place: Place
    hours: Hours | None = None
    meter: Meter | None = None
    pace: Pace | None = None

    def read(self, path: Steps, limit: int) -> bytes | None:
        return self.place.read(path, limit)

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        self._check()  # before anybody is asked
        for whole in self.place.stream(path, offset, limit):
            piece = whole
            while piece:
                self._check()
                count = len(piece) if self.meter is None else self.meter.take(len(piece))
                if self.pace is not None:
                    self.pace.wait(count)
                yield piece[:count]
                piece = piece[count:]

    def _check(self) -> None:
        """Raises DeviceError."""
        if self.hours is not None:
            self.hours.check()
        if self.meter is not None:
            self.meter.check()
