"""The command as a user calls it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str


Firmward = Callable[..., Called]
