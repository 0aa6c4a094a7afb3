"""The proof: what was attacked, what came of it, what the audit had said before, and what was not tried."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from firmward.audit.redact import redacted
from firmward.lab.attacks import Attack, Result
from firmward.lab.campaign import Attempt, Baseline, NotTried
from firmward.lab.device import Kind
from firmward.lab.links import LINKS
from firmward.model.chain import Link, State

SCHEMA = "firmward.proof/1"


@dataclass(frozen=True, slots=True)
class Setting:
    """What was attacked, and how. `build` is the SHA-256 of the build's own record, which names each of its files by
    its digest; `machine` is the command that plays the board; `day` as ISO 8601 has it; `rounds` how often each attack
    was tried, and `jobs` how many at once. With `has_before` the twin starts the system as it was before it was
    hardened; `older` is the version of an older build, None where none was given; with `has_updates` there were the
    maker's update repositories."""

    tool: str
    product: str
    version: str
    board: str
    build: str
    machine: str
    day: str
    rounds: int
    jobs: int
    has_before: bool = False
    older: str | None = None
    has_updates: bool = False


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit says of one device: its `chain` of trust, and the ids of `checks` with a finding."""

    chain: tuple[Link, ...] = ()
    checks: frozenset[str] = frozenset()

    def link(self, name: str) -> Link | None:
        return next((one for one in self.chain if one.link == name), None)

    def state(self, name: str) -> State:
        found = self.link(name)
        return State.UNKNOWN if found is None else found.state


@dataclass(frozen=True, slots=True)
class Struck:
    """A link of the chain: as the audit draws it on both devices, the attacks on it, and those that were not tried."""

    name: str
    plain: Link | None
    hardened: Link | None
    attempts: tuple[Attempt, ...]
    not_tried: tuple[NotTried, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """`attempts` and `not_tried` in the order of `attacks`. `audited` by the kind of device, both. `seconds` for all
    of it. With `is_interrupted` the user ended it before all was tried."""

    setting: Setting
    seconds: float
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

    def baseline(self, kind: Kind) -> Baseline | None:
        """None where it was interrupted before."""
        return next((one for one in self.baselines if one.kind is kind), None)

    def broken(self) -> tuple[Attempt, ...]:
        """Those that succeeded on the protected device."""
        return tuple(one for one in self.attempts if one.broke)

    def contradicted(self) -> tuple[Attempt, ...]:
        """Those that broke what the audit calls verified: a defect of firmward's own, of the highest rank."""
        return tuple(one for one in self.broken() if self._is_verified(Kind.PROTECTED, one))

    def misdrawn(self) -> tuple[Attempt, ...]:
        """Those that succeeded on the twin, where the audit calls the link verified that they strike."""
        return tuple(one for one in self.attempts if _won(one) and self._is_verified(Kind.PLAIN, one))

    def _is_verified(self, kind: Kind, attempt: Attempt) -> bool:
        return self.audited[kind].state(self.attacks[attempt.attack].link) is State.VERIFIED

    def gaps(self) -> tuple[Attempt, ...]:
        """Those that succeeded on the twin, of which the audit of the twin had not warned."""
        return tuple(one for one in self.attempts if _won(one) and not self.warned(one))

    def warned(self, attempt: Attempt) -> bool:
        """Whether the audit of the twin had told that it lies open to this."""
        return not set(self.attacks[attempt.attack].foretold).isdisjoint(self.audited[Kind.PLAIN].checks)

    def struck(self) -> tuple[Struck, ...]:
        """The links that are drawn or attacked, as they start each other."""
        links = tuple(self._struck(name) for name in LINKS)
        return tuple(one for one in links if one.plain or one.hardened or one.attempts or one.not_tried)

    def _struck(self, name: str) -> Struck:
        on_it = {attack.id for attack in self.attacks.values() if attack.link == name}
        return Struck(
            name,
            self.audited[Kind.PLAIN].link(name),
            self.audited[Kind.PROTECTED].link(name),
            tuple(one for one in self.attempts if one.attack in on_it),
            tuple(one for one in self.not_tried if one.attack in on_it),
        )


def _won(attempt: Attempt) -> bool:
    return any(run.result is Result.SUCCEEDED for run in attempt.plain)


def shown(proof: Proof) -> Proof:
    """The same without a secret in what was seen, and with nothing in it that lies to the eye."""
    return replace(
        proof,
        attempts=redacted(proof.attempts),
        not_tried=redacted(proof.not_tried),
        baselines=redacted(proof.baselines),
    )
