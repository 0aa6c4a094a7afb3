"""How one command ends, and what leaves the row of commands early."""

from dataclasses import dataclass

from firmward.facts.scripts.environment import Value
from firmward.formats.shell import Simple

Status = bool | None
"""Whether a command succeeds; None when only the running device can tell."""


class Flow(Exception):  # noqa: N818 - where the script goes on, not a fault
    """Leaves a block. `status` is the exit status where it is known."""

    def __init__(self, status: Status = None) -> None:
        super().__init__()
        self.status = status


class Exit(Flow):
    pass


class Return(Flow):
    pass


class Break(Flow):
    pass


class Continue(Flow):
    pass


@dataclass(frozen=True, slots=True)
class Call:
    """A simple command with its words worked out."""

    words: tuple[Value, ...]
    line: int
    command: Simple

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    def text(self, index: int, default: str = "") -> str:
        return self.words[index].text if index < len(self.words) else default
