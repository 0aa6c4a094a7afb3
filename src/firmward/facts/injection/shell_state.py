"""What is known of a shell script's variables at one point, and how branches are joined."""

from firmward.facts.injection.shell_call import Source
from firmward.facts.injection.shell_tests import Validated

State = dict[str, Source]
"""Variables that were set: with the source of their value, or None where it is harmless."""


def merge(one: State | None, other: State | None) -> State | None:
    """After two branches: what is harmful after one of them is; None is a branch that ends the script."""
    if one is None or other is None:
        return other if one is None else one
    return {
        name: one.get(name) or other.get(name) for name in one.keys() | other.keys() if name in one or name in other
    }


def refined(state: State, known: Validated) -> tuple[State, State]:
    """Where a condition holds, and where it does not."""
    return {**state, **dict.fromkeys(known.when_true)}, {**state, **dict.fromkeys(known.when_false)}
