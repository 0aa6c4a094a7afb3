"""What came of an update in the lab, and what of it is not as it should be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.lab.updating.rounds import Begun, Event, Last
from firmward.lab.updating.seen import Ending, Ran, Start


@dataclass(frozen=True, slots=True)
class Offered:
    """`size` are the bytes of the payloads, `least` those of their first sources that this device could take: deltas
    are smaller. `kinds` names the payloads' kinds by the paths that they lie at."""

    version: str
    size: int
    least: int
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """What was updated, and how. `build` is the SHA-256 of its build.json, `day` as in 2026-07-16."""

    tool: str
    product: str
    version: str
    board: str
    machine: str
    build: str
    day: str
    way: str
    cuts: int
    seed: int
    expected: Ending


@dataclass(frozen=True, slots=True)
class Round:
    begun: Begun
    starts: tuple[Start, ...]

    @property
    def cuts(self) -> int:
        return sum(one.ending is Ending.CUT for one in self.starts)

    @property
    def taken(self) -> int:
        return sum(one.taken for one in self.starts)

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.starts)

    @property
    def ending(self) -> Ending | None:
        return self.starts[-1].ending if self.starts else None


@dataclass(frozen=True, slots=True)
class Report:
    setting: Setting
    offered: Offered
    rounds: tuple[Round, ...]
    last: Last | None
    interrupted: bool = False

    @property
    def cuts(self) -> int:
        return sum(one.cuts for one in self.rounds)

    @property
    def holds(self) -> bool:
        return not self.interrupted and not any(self.problems())

    def problems(self) -> Iterator[str]:
        """In words for people."""
        for one in self.rounds:
            yield from _of_round(one, self.setting.expected, interrupted=self.interrupted)
        if self.interrupted:
            return
        if self.cuts < self.setting.cuts:
            yield f"the power was cut {self.cuts} times of {self.setting.cuts}"
        yield from _of_last(self.last, self._kept)

    @property
    def _kept(self) -> str:
        """The version that has to run in the end."""
        return self.offered.version if self.setting.expected is Ending.UPDATED else self.setting.version


def rounds(events: Iterator[Event] | tuple[Event, ...]) -> tuple[tuple[Round, ...], Last | None]:
    """From what was told, in its order."""
    found: list[Round] = []
    last: Last | None = None
    for event in events:
        if isinstance(event, Begun):
            found.append(Round(event, ()))
        elif isinstance(event, Start):
            found[-1] = Round(found[-1].begun, (*found[-1].starts, event))
        else:
            last = event
    return tuple(found), last


def _of_round(one: Round, expected: Ending, *, interrupted: bool) -> Iterator[str]:
    where = f"round {one.begun.number}"
    slots = one.begun.slots
    for number, start in enumerate(one.starts, 1):
        yield from (f"{where}, start {number}: {said}" for said in _of_start(start, slots))
        slots = start.slots
    if one.ending is not expected and not (interrupted and one.ending in (None, Ending.CUT)):
        ended = "not followed" if one.ending is None else one.ending.value
        yield f"{where}: the device is {ended}; expected was: {expected.value}"


def _of_start(start: Start, before: Mapping[str, str | None]) -> Iterator[str]:
    for ran in start.ran:
        if ran.version is None and not ran.refused and (ran.healthy or _was_followed(ran, start)):
            yield f"slot {ran.slot} was started, and is no version whole"
    runs = next((ran.slot for ran in start.ran if not ran.refused), None)
    # whoever takes again what he came back from may write there; that is told below
    if runs is not None and before.get(runs) not in (None, start.slots.get(runs)) and not start.again:
        yield f"slot {runs} was written while it ran"
    if not any(start.slots.values()):
        yield "neither slot holds a whole version"
    if start.again:
        yield "what it had come back from was taken again"


def _was_followed(ran: Ran, start: Start) -> bool:
    """Whether something else came behind it in this start: a cut tells nothing of what it would have become."""
    return ran is not start.ran[-1]


def _of_last(last: Last | None, version: str) -> Iterator[str]:
    if last is None or last.ran is None:
        yield "the device was not seen to start in the end"
        return
    if last.ran.version != version:
        yield f"in the end it runs {last.ran.version or 'no whole version'}, and not {version}"
    if not last.ran.healthy:
        yield "in the end it is not healthy"
    if not last.good:
        yield f"its boot loader does not keep slot {last.ran.slot}"
    yield from (f"port {one.port} does not answer in the end: {one.says}" for one in last.answers if not one.answers)
