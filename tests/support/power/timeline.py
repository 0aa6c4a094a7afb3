"""The steps of a device in one order: at any of them its power may be cut, before it or half way, or it may fail.

A number says which one, so that whatever was found can be played again.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum


class Moment(Enum):
    BEFORE = "before"
    HALF_WAY = "half-way"
    FAILS = "fails"
    """The step raises OSError, and the device goes on."""


@dataclass(frozen=True, slots=True)
class Cut:
    """At the step of this number, counted from 0."""

    step: int
    moment: Moment


class PowerCut(BaseException):
    """Nothing that a device does catches it."""


@dataclass
class Timeline:
    """`places` are the steps so far, by what they do."""

    cut: Cut | None = None
    places: list[str] = field(default_factory=list)
    is_off: bool = False

    def restart(self, cut: Cut | None) -> None:
        self.cut, self.places, self.is_off = cut, [], False

    @property
    def place(self) -> str:
        """Where it was cut."""
        return self.places[-1]

    @contextmanager
    def step(self, place: str) -> Iterator[bool]:
        """Gives whether the power goes while the step is done."""
        if self.is_off:
            raise PowerCut
        is_now = self.cut is not None and self.cut.step == len(self.places)
        self.places.append(place)
        if not is_now or self.cut is None:
            yield False
        elif self.cut.moment is Moment.FAILS:
            raise OSError(errno.EIO, "the medium fails")
        else:
            self.is_off = True
            if self.cut.moment is Moment.HALF_WAY:
                yield True
            raise PowerCut
