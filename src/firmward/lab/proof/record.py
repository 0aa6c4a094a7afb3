"""The proof: what was attacked, what came of it, what the audit had said before, and what was not tried."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from firmward.lab.attacks import Attack
from firmward.lab.campaign import Attempt, Baseline, NotTried
from firmward.lab.device import Kind
from firmward.model.chain import Link, State

SCHEMA = "firmward.proof/1"


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit says of one device: its `chain` of trust, and the ids of `checks` with a finding."""

    chain: tuple[Link, ...]
    checks: frozenset[str]

    def state(self, link: str) -> State:
        return next((one.state for one in self.chain if one.link == link), State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Proof:
    """`audited` by the kind of device. `day` is when it was made, as ISO 8601 has it. `seconds` for all of it. With
    `is_interrupted` the user ended it before all was tried."""

    product: str
    version: str
    board: str
    day: str
    seconds: float
    rounds: int
    attacks: Mapping[str, Attack]
    attempts: tuple[Attempt, ...]
    not_tried: tuple[NotTried, ...]
    baselines: tuple[Baseline, ...]
    audited: Mapping[Kind, Audited]
    is_interrupted: bool = False

    @property
    def holds(self) -> bool:
        """Whether every attack that was tried succeeds on the twin and on nothing else, and there was one."""
        return bool(self.attempts) and all(one.proves for one in self.attempts)

    def broken(self) -> tuple[Attempt, ...]:
        """Those that succeeded on the protected device."""
        return tuple(one for one in self.attempts if one.broke)

    def contradicted(self) -> tuple[Attempt, ...]:
        """Those that broke what the audit calls verified: a defect of firmward's own, of the highest rank."""
        said = self.audited[Kind.PROTECTED]
        return tuple(one for one in self.broken() if said.state(self.attacks[one.attack].link) is State.VERIFIED)

    def gaps(self) -> tuple[Attempt, ...]:
        """Those that succeeded on the twin, of which the audit of the twin had not warned."""
        said = self.audited[Kind.PLAIN].checks
        return tuple(
            one
            for one in self.attempts
            if any(run.result == "succeeded" for run in one.plain) and not self.warned(one, said)
        )

    def warned(self, attempt: Attempt, checks: Iterable[str]) -> bool:
        return not set(self.attacks[attempt.attack].foretold).isdisjoint(checks)
