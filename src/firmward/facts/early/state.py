"""One way through the scripts, up to some point, and how ways are told apart and joined."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from firmward.facts.early.records import Conditions, EarlyMount, Given
from firmward.facts.scripts.environment import Environment, Value
from firmward.facts.scripts.flow import Status

ALTERNATIVES = 8
"""Sets of conditions kept of one way; of more, only what is common to all."""


class Leave(StrEnum):
    """How a row of commands ends."""

    GO = "go"
    EXIT = "exit"
    RETURN = "return"
    BREAK = "break"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Proof:
    """Something was verified: of what `kind`, and which device, file or name, as far as that is one."""

    kind: str
    name: str = ""


MAPPER = "/dev/mapper/"
VERIFYING = ("verity.roothash=", "auth_hash_name=")
"""Options with which mount(8) sets verity up, and with which UBIFS authenticates what it reads."""
SUCCESS, FAILURE = Value("0"), Value("1")
NO_CONDITION: tuple[Conditions, ...] = (frozenset(),)


@dataclass(slots=True)
class State:
    """`status` is that of the last command, and `label` what its success means where only the device can tell;
    `failed` are targets and volumes that could not be had on this way."""

    environment: Environment
    status: Status = True
    label: Given | None = None
    proofs: frozenset[Proof] = frozenset()
    mounts: tuple[EarlyMount, ...] = ()
    failed: frozenset[str] = frozenset()
    loops: frozenset[tuple[str, str]] = frozenset()
    conditions: tuple[Conditions, ...] = NO_CONDITION
    stops: bool = False
    """`set -e`"""
    levels: int = 0
    """Loops that `break N` still has to leave."""
    variant: str = ""
    """Which of several files was sourced, whose functions have the same names."""

    @property
    def key(self) -> tuple[object, ...]:
        """Ways with the same key are joined."""
        mounts = frozenset((one.target, self.is_proved(one)) for one in self.mounts)
        return self.proofs, mounts, self.failed, self.stops, self.levels, self.variant

    def is_proved(self, mounted: EarlyMount) -> bool:
        """Whether what is mounted was verified, or is by its options."""
        device = next((file for loop, file in self.loops if loop == mounted.device), mounted.device)
        if device.startswith(MAPPER) and Proof("verity", device.removeprefix(MAPPER)) in self.proofs:
            return mounted.is_certain
        if device.startswith("/dev/dm-") and any(proof.kind == "verity" for proof in self.proofs):
            return True
        if any(option.startswith(VERIFYING) for option in mounted.options):
            return True
        return Proof("signature", device) in self.proofs

    def copy(self) -> "State":
        return replace(self, environment=self.environment.copy())

    def ended(self, status: Status, label: Given | None = None) -> "State":
        """The state behind a command with this status."""
        self.status, self.label = status, label
        if status is None:
            self.environment.variables.pop("?", None)
        else:
            self.environment.variables["?"] = SUCCESS if status else FAILURE
        return self

    def given(self, what: Given) -> None:
        """This holds from here on; it replaces what was said of the same word or thing before."""
        alternatives = []
        for one in self.conditions:
            others = {each for each in one if (each.text, each.word) != (what.text, what.word)}
            alternatives.append(frozenset((*others, what)))
        self.conditions = simple(alternatives)


Ends = list[tuple[Leave, State]]


def simple(alternatives: Iterable[Conditions]) -> tuple[Conditions, ...]:
    """Alternatives without those that ask for more than another one does."""
    found = set(alternatives)
    if len(found) == 1:
        return tuple(found)
    if len(found) > 2 * ALTERNATIVES:
        return (frozenset.intersection(*found),)
    kept = _absorbed(_resolved(found))
    return kept if len(kept) <= ALTERNATIVES else (frozenset.intersection(*kept),)


def _absorbed(found: Iterable[Conditions]) -> tuple[Conditions, ...]:
    kept: list[Conditions] = []
    for one in sorted(found, key=lambda one: (len(one), sorted(map(str, one)))):
        if not any(other <= one for other in kept):
            kept.append(one)
    return tuple(kept)


def _resolved(found: set[Conditions]) -> set[Conditions]:
    """With what holds either way left out: `a and b, or a and not b` is `a`."""
    pending = list(found)
    while pending:
        one = pending.pop()
        for what in one:
            rest = one - {what}
            if rest not in found and rest | {replace(what, holds=not what.holds)} in found:
                found.add(rest)
                pending.append(rest)
    return found


def told_apart(state: State) -> tuple[list[State], list[State]]:
    """The ways on which the last command succeeded, and those on which it did not."""
    if state.status is not None:
        return ([state], []) if state.status else ([], [state])
    label = state.label
    failed = state.copy().ended(status=False)
    succeeded = state.ended(status=True)
    if label is not None:
        succeeded.given(label)
        failed.given(replace(label, holds=not label.holds))
    return [succeeded], [failed]


def all_told_apart(states: Iterable[State]) -> tuple[list[State], list[State]]:
    succeeded, failed = [], []
    for state in states:
        some, others = told_apart(state)
        succeeded += some
        failed += others
    return succeeded, failed


def merged(states: Sequence[State]) -> list[State]:
    """One way for each key: what differs otherwise is doubted from here on."""
    return _merged(states, lambda state: state.key)


def merged_alike(states: Sequence[State]) -> list[State]:
    """Like `merged`, for who asks about the status: ways that ended differently stay apart."""
    return _merged(states, lambda state: (state.key, state.status, state.label))


def _merged(states: Sequence[State], key: Callable[[State], object]) -> list[State]:
    if len(states) < 2:
        return list(states)
    groups: dict[object, list[State]] = {}
    for state in states:
        groups.setdefault(key(state), []).append(state)
    return [_joined(group) for group in groups.values()]


def merged_ends(ends: Ends) -> Ends:
    kinds: dict[Leave, list[State]] = {}
    for leave, state in ends:
        kinds.setdefault(leave, []).append(state)
    return [(leave, state) for leave, states in kinds.items() for state in merged_alike(states)]


def going(ends: Ends) -> tuple[list[State], Ends]:
    """The ways that go on here, and the rest."""
    return [state for leave, state in ends if leave is Leave.GO], [end for end in ends if end[0] is not Leave.GO]


def _joined(group: list[State]) -> State:
    first = group[0]
    if len(group) == 1:
        return first
    statuses = {state.status for state in group}
    joined = replace(first, environment=_doubted([state.environment for state in group]))
    joined.status = statuses.pop() if len(statuses) == 1 else None
    joined.label = first.label if all(state.label == first.label for state in group) else None
    joined.conditions = simple(one for state in group for one in state.conditions)
    joined.loops = frozenset(one for state in group for one in state.loops)
    return joined


def _doubted(environments: Sequence[Environment]) -> Environment:
    """What is known on all of these: a variable that differs is doubted. Of two values the one stays that tells more of
    where it comes from."""
    joined = environments[0].copy()
    variables = joined.variables
    for other in environments[1:]:
        for name, value in other.variables.items():
            here = variables.get(name)
            if here is not value:
                variables[name] = _either(here, value)
        for name in variables.keys() - other.variables.keys():
            variables[name] = variables[name].doubted()
        joined.functions.update(other.functions)
        joined.exported |= other.exported
        joined.complete = joined.complete and other.complete
        joined.folder = joined.folder if joined.folder == other.folder else ""
        joined.arguments = max(joined.arguments, other.arguments, key=len)
    return joined


def _either(here: Value | None, other: Value) -> Value:
    if here == other:
        return other
    if here is None or not here.text or ("$(" in other.text and "$(" not in here.text):
        return other.doubted()
    return here.doubted()
