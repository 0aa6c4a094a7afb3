"""One way that a value from outside takes through a script."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Sink(StrEnum):
    """Where a value ends that should not."""

    CODE = "code"
    """It is evaluated in the script's own language, or in awk's."""
    COMMAND = "command"
    """A shell reads it."""
    SQL = "sql"
    """It is part of a query's text."""
    INCLUDE = "include"
    """It names the file that is run."""
    OBJECT = "object"
    """It is made into objects of its own choice."""
    ARGUMENT = "argument"
    """It becomes several words of a command, options among them."""


@dataclass(frozen=True, slots=True)
class Flow:
    """From `source`, as the script names it, to a `sink` by the call `by`."""

    path: str
    line: int
    sink: Sink
    source: str
    by: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The `flows` of one script, and what of it could not be parsed."""

    flows: tuple[Flow, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A script's text with its path."""

    path: str
    text: str


Load = Callable[[str, str], Text | None]
"""The file that a script at the second path includes by the first; None where it cannot be known."""


def load_nothing(name: str, by: str) -> Text | None:
    return None
