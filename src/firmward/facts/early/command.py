"""How a plain command changes a way, and the options of programs."""

from collections.abc import Callable

from firmward.facts.early.records import Given
from firmward.facts.early.state import Ends, Leave, Proof, State, told_apart
from firmward.facts.early.ways import Ways
from firmward.facts.scripts.flow import Call, Status
from firmward.facts.scripts.launchers import options

Command = Callable[[Ways, State, Call], Ends]


def on(state: State, status: Status = True) -> Ends:
    """It goes on."""
    return [(Leave.GO, state.ended(status))]


def proved(state: State, call: Call, proof: Proof, failed: str | None = None) -> Ends:
    """Two ways: something was verified, or the command failed, and what it would have opened is not there."""
    succeeded, others = told_apart(state.ended(None, Given(call.text(0).rpartition("/")[2])))
    for one in succeeded:
        one.proofs |= {proof}
    for one in others:
        one.failed |= {failed} if failed else frozenset()
    return [(Leave.GO, one) for one in (*succeeded, *others)]


def split(call: Call, valued: str) -> tuple[dict[str, str], list[str]]:
    """Options wherever they stand, and the other words; values of `-o` are joined."""
    found: dict[str, str] = {}
    operands: list[str] = []
    rest = list(call.texts[1:])
    while rest:
        some, rest = options(rest, valued)
        for name, value in some.items():
            found[name] = f"{found[name]},{value}" if name == "-o" and name in found else value
        if rest:
            operands.append(rest.pop(0))
    return found, operands
