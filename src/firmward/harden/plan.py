"""Which cures are applied: those that are safe, or all that can be, or some; the others are left, with the reason."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from firmward.model.finding import Severity
from firmward.model.remedy import Remedy, Safety, Stage


@dataclass(frozen=True, slots=True)
class Cure:
    """A remedy with the finding that brought it: check and key, how bad it is, what it says, and in which part."""

    check: str
    key: str
    severity: Severity
    message: str
    part: str
    remedy: Remedy

    @property
    def name(self) -> str:
        return f"{self.check}[{self.key}]" if self.key else self.check


@dataclass(frozen=True, slots=True)
class Left:
    """A cure that is not applied, and why."""

    cure: Cure
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    chosen: tuple[Cure, ...]
    left: tuple[Left, ...]


def plan(cures: Iterable[Cure], *, unsafe: bool = False, only: Collection[str] = ()) -> Plan:
    """`only` names checks, or findings as `check[key]`; the others are in neither list."""
    asked = [cure for cure in cures if not only or cure.check in only or cure.name in only]
    asked.sort(key=lambda cure: (cure.severity.rank, cure.check, cure.key))
    chosen, left = [], []
    for cure in dict.fromkeys(asked):
        reason = _reason(cure.remedy, unsafe=unsafe)
        if reason is None:
            chosen.append(cure)
        else:
            left.append(Left(cure, reason))
    return Plan(tuple(chosen), tuple(left))


def _reason(remedy: Remedy, *, unsafe: bool) -> str | None:
    """Why it is left; None where it is applied."""
    if remedy.safety is Safety.MANUAL or not remedy.changes:
        return "only a person can do it" if remedy.stage is not Stage.FACTORY else "it is done in manufacture"
    if remedy.safety is Safety.UNSAFE and not unsafe:
        return f"--unsafe applies it: {remedy.breaks or 'something may rely on what it changes'}"
    return None
