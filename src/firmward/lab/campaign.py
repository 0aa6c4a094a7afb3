"""All attacks on both devices: what each one was seen to do, and what could not be tried.

Before any attack both devices are started once: a twin that does not serve proves nothing, and a protected device that
does not serve has nothing to protect. A machine that crashes is neither success nor defence.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.challenge import Challenge, challenge
from firmward.lab.device import Kind
from firmward.lab.means.taken_service import can_be_taken
from firmward.lab.pair import Pair
from firmward.lab.target import Evidence, Target, Witness
from firmward.model.errors import DeviceError, FirmwardError

BASELINE = 150.0
"""Seconds in which an untouched device has to become healthy."""


class Verdict(StrEnum):
    """Of one attack on one device, as the proof has it. The twin has the first and the last, the device the others."""

    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    DETECTED = "detected"
    FAILED = "failed"
    """On the twin: the attack did not succeed. On the device: the defence did not, or nothing could be told."""


@dataclass(frozen=True, slots=True)
class Run:
    """One attack on one device, once. `result` is None where nothing could be told."""

    result: Result | None
    seconds: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attack on both devices, as often as there were rounds."""

    attack: str
    plain: tuple[Run, ...]
    hardened: tuple[Run, ...]

    @property
    def plain_verdict(self) -> Verdict:
        """It has to succeed in each round, and there has to be one."""
        results = {run.result for run in self.plain}
        return Verdict.SUCCEEDED if results == {Result.SUCCEEDED} else Verdict.FAILED

    @property
    def hardened_verdict(self) -> Verdict:
        """The worst of all rounds."""
        results = {run.result for run in self.hardened}
        if results == {Result.STOPPED}:
            return Verdict.STOPPED
        is_held = bool(results) and results <= {Result.STOPPED, Result.DETECTED}
        return Verdict.DETECTED if is_held else Verdict.FAILED

    @property
    def broke(self) -> bool:
        """Whether it was seen to succeed on the protected device."""
        return any(run.result is Result.SUCCEEDED for run in self.hardened)

    @property
    def is_stable(self) -> bool:
        """Whether all rounds came to the same."""
        return all(len({run.result for run in runs}) <= 1 for runs in (self.plain, self.hardened))

    @property
    def proves(self) -> bool:
        return self.plain_verdict is Verdict.SUCCEEDED and self.hardened_verdict is not Verdict.FAILED

    @property
    def seconds(self) -> float:
        return sum(run.seconds for run in (*self.plain, *self.hardened))


@dataclass(frozen=True, slots=True)
class NotTried:
    attack: str
    why: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """How a device starts that nobody attacks: `problem` is why it does not serve."""

    kind: Kind
    seconds: float
    problem: str | None = None


def baseline(pair: Pair, kind: Kind) -> Baseline:
    """Start a device as it is."""
    begun = time.monotonic()
    try:
        # nobody attacks, and nothing is made
        with pair.target(kind, pair.folder, challenge()) as target, target.power() as powered:
            begun = time.monotonic()
            powered.await_healthy(BASELINE)
    except (DeviceError, Unseen) as problem:
        return Baseline(kind, time.monotonic() - begun, str(problem))
    return Baseline(kind, time.monotonic() - begun)


def not_started(kind: Kind, reason: str) -> Baseline:
    """What is told of a start whose process ended before its answer."""
    return Baseline(kind, 0.0, reason)


def tried(
    pair: Pair, attacks: Iterable[Attack], baselines: Sequence[Baseline]
) -> tuple[tuple[Attack, ...], tuple[NotTried, ...]]:
    """Which ones can be tried, and why the others cannot."""
    can, cannot = list[Attack](), list[NotTried]()
    for attack in attacks:
        reason = next(_hindrances(pair, attack, baselines), None)
        if reason is None:
            can.append(attack)
        else:
            cannot.append(NotTried(attack.id, reason))
    return tuple(can), tuple(cannot)


NAMES = {Kind.PROTECTED: "the device", Kind.PLAIN: "its unprotected twin"}


def _hindrances(pair: Pair, attack: Attack, baselines: Sequence[Baseline]) -> Iterator[str]:
    for one in baselines:
        if one.problem is not None:
            yield f"{NAMES[one.kind]} does not start even without an attack: {one.problem}"
    networked = bool(attack.ports) or attack.position is Position.NETWORK or Need.NETWORK in attack.needs
    if networked and not pair.has_network:
        yield f"the board has no {Need.NETWORK.value.removeprefix('a ')}"
    if Need.SCRIPT in attack.needs and not can_be_taken(pair.device.folder):
        yield f"it needs {Need.SCRIPT}"
    if Need.OLDER in attack.needs:
        if pair.older is None:
            yield f"it needs {Need.OLDER}"
        if pair.older_unfit is not None:
            yield f"the older build is of no use: {pair.older_unfit}"
    yield from _updates_missing(pair, attack)
    if Need.BEFORE in attack.needs and pair.before is None:
        yield f"it needs {Need.BEFORE}"


def _updates_missing(pair: Pair, attack: Attack) -> Iterator[str]:
    if Need.UPDATES in attack.needs:
        if pair.updates is None:
            yield f"it needs {Need.UPDATES}"
        if pair.updates_unfit is not None:
            yield f"the update repositories are of no use: {pair.updates_unfit}"
    if Need.ONLINE_KEYS in attack.needs and (pair.updates is None or pair.updates.online is None):
        yield f"it needs {Need.ONLINE_KEYS}"


def attempt(pair: Pair, attack: Attack, rounds: int = 1) -> Attempt:
    """First the twin, then the device, on media of their own."""
    plain, hardened = list[Run](), list[Run]()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix=f"{attack.id}-", dir=pair.folder) as work:
            asked = challenge()
            plain.append(_run(pair, attack, Kind.PLAIN, Path(work), asked))
            hardened.append(_run(pair, attack, Kind.PROTECTED, Path(work), asked))
    return Attempt(attack.id, tuple(plain), tuple(hardened))


def lost(attack: Attack, reason: str) -> Attempt:
    """What is told of an attempt whose process ended before its answer."""
    run = Run(None, 0.0, (Evidence(0.0, Witness.ATTACKER, reason),))
    return Attempt(attack.id, (run,), (run,))


def _run(pair: Pair, attack: Attack, kind: Kind, work: Path, asked: Challenge) -> Run:
    try:
        with pair.target(kind, work, asked) as target:
            return _seen(attack, target)
    except FirmwardError as reason:  # no room for a copy of the disk, say
        return Run(None, 0.0, (Evidence(0.0, Witness.MACHINE, str(reason)),))


def _seen(attack: Attack, target: Target) -> Run:
    try:
        result = attack.run(target)
    except Unseen as reason:
        return _ended(None, target, Witness.ATTACKER, str(reason))
    except DeviceError as reason:
        return _ended(None, target, Witness.MACHINE, str(reason))
    except Exception as fault:
        return _ended(None, target, Witness.ATTACKER, f"{type(fault).__name__}: {fault}")
    return _ended(result, target)


def _ended(result: Result | None, target: Target, witness: Witness | None = None, says: str = "") -> Run:
    if witness is not None:
        target.note(witness, says)
    return Run(result, round(target.seconds, 1), tuple(target.evidence))
