"""From what a device says to how far its start has come.

Pure: lines and signs go in with the moment they were seen, steps come out. A line counts where it begins with the
pattern, behind the time that the kernel puts before its own: a word in the middle of a line may be quoted. What is on
the serial line was written by the device, and a device that was taken over writes what it likes: stages tell how a
start goes, they prove nothing.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Stage(StrEnum):
    """How far a start has come, in this order."""

    POWER = "power on"
    LOADER = "boot loader"
    SLOT = "slot chosen"
    KERNEL = "kernel started"
    VERIFIED = "root verified"
    SYSTEM = "system"
    HEALTHY = "healthy"


class Mishap(StrEnum):
    """What ends a start otherwise."""

    REFUSED = "refused"
    PANIC = "panic"
    TOLD = "told"
    RESTARTED = "restarted"
    OFF = "powered off"


@dataclass(frozen=True, slots=True)
class Sign:
    """That a stage was reached, or what went wrong. `slot` is a or b where it says so."""

    what: Stage | Mishap
    detail: str = ""
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A sign in its place: `at` in seconds since power on, `start` counts from 1."""

    at: float
    start: int
    sign: Sign


@dataclass(frozen=True, slots=True)
class Row:
    """A line of this form is this sign. The groups `slot` and `detail` say more."""

    pattern: re.Pattern[str]
    what: Stage | Mishap


def _row(pattern: str, what: Stage | Mishap) -> Row:
    return Row(re.compile(pattern), what)


KERNEL_TIME = re.compile(r"\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? ")
TEXT_LIMIT = 200
"""Characters of a detail."""

ROWS = (
    _row(r"(?P<detail>U-Boot \d{4}\.\d\d\S*)", Stage.LOADER),
    _row(r"firmward: slot (?P<slot>[ab]), (?P<detail>\d+ tr(?:y|ies) left)", Stage.SLOT),
    _row(r"firmward: slot (?P<slot>[ab]) refused: (?P<detail>.*)", Mishap.REFUSED),
    _row(r"Starting kernel(?P<detail>)", Stage.KERNEL),
    _row(r"Linux version (?P<detail>\S+)", Stage.KERNEL),
    _row(r"firmward: root verified(?P<detail>.*)", Stage.VERIFIED),
    _row(r"firmward: going on to the system(?P<detail>)", Stage.SYSTEM),
    _row(r"firmward: slot (?P<slot>[ab]) is healthy(?P<detail>)", Stage.HEALTHY),
    _row(r"Kernel panic - not syncing: (?P<detail>.*)", Mishap.PANIC),
    _row(r"firmward: (?P<detail>.*)", Mishap.TOLD),
)
"""The first that fits counts; the last is what firmward's parts on the device say before they give up."""


def read_line(line: str) -> Sign | None:
    text = KERNEL_TIME.sub("", line, count=1) if line.startswith("[") else line
    for row in ROWS:
        found = row.pattern.match(text)
        if found is not None:
            groups = found.groupdict()
            return Sign(row.what, _shown(groups["detail"]), groups.get("slot"))
    return None


def _shown(text: str) -> str:
    """Without what would move the terminal's cursor."""
    return "".join(sign for sign in text.strip()[:TEXT_LIMIT] if sign.isprintable())


@dataclass(slots=True)
class Course:
    """All starts of one machine since power on. Two witnesses tell that it was reset, and each start counts once: the
    machine itself, and the boot loader, which names itself."""

    steps: list[Step] = field(default_factory=list)
    starts: int = 1
    slot: str | None = None
    """Of the present start, as far as it is known."""
    _resets: int = 0
    _loaders: int = 0
    _reached: set[Stage | Mishap] = field(default_factory=set)

    def begin(self) -> list[Step]:
        return [self._step(0.0, Sign(Stage.POWER))]

    def line(self, at: float, line: str) -> list[Step]:
        found = read_line(line)
        if found is None:
            return []
        if found.what is not Stage.LOADER:
            return self.sign(at, found)
        self._loaders += 1
        return [*self._start(at), *self.sign(at, found)]

    def reset(self, at: float) -> list[Step]:
        """The machine was reset, by whatever ran in it."""
        self._resets += 1
        return self._start(at)

    def sign(self, at: float, sign: Sign) -> list[Step]:
        """What is known already of this start is no step."""
        if isinstance(sign.what, Stage) or sign.what is Mishap.REFUSED:
            if sign.what in self._reached or Stage.HEALTHY in self._reached:
                return []
            self._reached.add(sign.what)
            self.slot = sign.slot or self.slot
        return [self._step(at, sign)]

    def _start(self, at: float) -> list[Step]:
        count = max(self._resets + 1, self._loaders)
        if count <= self.starts:
            return []
        ended = self._step(at, Sign(Mishap.RESTARTED))
        self.starts, self.slot, self._reached = count, None, set()
        return [ended]

    def _step(self, at: float, sign: Sign) -> Step:
        step = Step(at, self.starts, sign)
        self.steps.append(step)
        return step

    @property
    def is_healthy(self) -> bool:
        return Stage.HEALTHY in self._reached
