"""What opening an image may cost.

Everything in an image may lie, so that every expansion is charged before it is kept: bytes produced by wrappers, depth
of nesting, number of parts, number of entries, seconds. What runs out ends that part with a reason, and the audit is
reported as incomplete (exit code 3).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class BudgetExceeded(Exception):  # noqa: N818 - says which budget, where it happened
    """A budget ran out; the message is what the report says of the part."""


class Damaged(Exception):  # noqa: N818 - says what is wrong with the bytes
    """The bytes are not what their header says; the message is what the report says of the part."""


class Encrypted(Damaged):
    """The bytes are what their header says, and say nothing without a key; the message is what the report says."""


BEAT = 1.0
"""Seconds between two signs of life."""


def _nobody() -> None:
    """Nobody waits for a sign of life."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets with their units; the defaults fit a CI machine with 4 GiB."""

    expanded_bytes: int = 2 << 30
    """Bytes that wrappers and archives may expand to in memory, all together."""
    depth: int = 16
    """Parts within parts."""
    parts: int = 4096
    entries: int = 2_000_000
    """Files, folders and other names over all trees."""
    seconds: float = 300.0
    memory: int = 4 << 30
    """Bytes of data that a worker process may hold; a mapped image is none."""


@dataclass(slots=True)
class Budget:
    """The running account of one audit."""

    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.monotonic
    exhausted: list[str] = field(default_factory=list)
    """What ran out, in the order it happened, each reason once."""
    beat: Callable[[], None] = _nobody
    """Called now and then by all that works on: a sign of life for who waits."""
    _expanded: int = 0
    _parts: int = 0
    _entries: int = 0
    _started: float = 0.0
    _beaten: float = 0.0

    def __post_init__(self) -> None:
        self._started = self._beaten = self.clock()

    def expand(self, size: int) -> None:
        """Account for bytes before they are kept."""
        self._expanded += size
        if self._expanded > self.limits.expanded_bytes:
            self._exceed(f"expands to more than {self.limits.expanded_bytes} bytes (--budget-mib)")
        self.check_time()

    @property
    def expandable(self) -> int:
        """Bytes that may still be expanded to; below 0 when that ran out."""
        return self.limits.expanded_bytes - self._expanded

    def release(self, size: int) -> None:
        """Give back what was accounted for and is not kept, so that one bomb does not cost the parts beside it."""
        self._expanded -= size

    def add_part(self, depth: int) -> None:
        self._parts += 1
        if self._parts > self.limits.parts:
            self._exceed(f"more than {self.limits.parts} parts")
        if depth > self.limits.depth:
            self._exceed(f"nested more than {self.limits.depth} deep")
        self.check_time()

    def add_entry(self) -> None:
        self._entries += 1
        if self._entries > self.limits.entries:
            self._exceed(f"more than {self.limits.entries} files")
        if self._entries & 0xFF == 0:
            self.check_time()

    def check_time(self) -> None:
        now = self.clock()
        if now - self._beaten > BEAT:
            self._beaten = now
            self.beat()
        if now - self._started > self.limits.seconds:
            self._exceed(f"not done within {self.limits.seconds:g} seconds (--budget-seconds)")

    def leave_out(self, reason: str) -> None:
        """Tell that something was not looked at; what is under way goes on."""
        if reason not in self.exhausted:
            self.exhausted.append(reason)

    @property
    def is_spent(self) -> bool:
        """Whether nothing more should be looked at: the number of parts or the time ran out."""
        late = self.clock() - self._started > self.limits.seconds
        return late or self._parts > self.limits.parts

    def _exceed(self, reason: str) -> None:
        self.leave_out(reason)
        raise BudgetExceeded(reason)
