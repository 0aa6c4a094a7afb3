"""What is missing from a tree that could be read only in part."""

from typing import Protocol, runtime_checkable

KEPT = 20
"""Reasons told one by one; a broken image can have millions."""


class Problems:
    """Short reasons in the order they were met: the first ones as they are, the rest as a count."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._more = 0

    def add(self, reason: str) -> None:
        if len(self._kept) < KEPT:
            self._kept.append(reason)
        else:
            self._more += 1

    @property
    def told(self) -> tuple[str, ...]:
        return (*self._kept, f"and {self._more} more") if self._more else tuple(self._kept)


@runtime_checkable
class Incomplete(Protocol):
    """A tree that says what could not be listed."""

    @property
    def problems(self) -> tuple[str, ...]: ...
