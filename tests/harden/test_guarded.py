"""A cure that would end what the policy declares is found among many, refused with the reason, and costs no other."""

import pytest

from firmward.harden.draft import Draft
from firmward.harden.guarded import ROUNDS, apply_guarded
from firmward.harden.plan import Cure
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.finding import Severity
from firmward.model.memory import MemoryTree
from firmward.model.remedy import Remedy, Remove, Safety, Stage

COUNT = 40
TREE = MemoryTree({f"file{number}": "" for number in range(COUNT)})


def cure(number: int) -> Cure:
    remedy = Remedy("", Safety.SAFE, Stage.IMAGE, (Remove(f"file{number}"),))
    return Cure("check", f"{number}", Severity.HIGH, "", "", remedy)


def site() -> Site:
    return Site(Draft(TREE), Facts("system", Source.IMAGE, {}))


def needing(*groups: set[int]) -> tuple[list[str], list[tuple[str, str]], int]:
    """What is applied, what is refused and why, where a function is there as long as one file of its group is."""
    asked = 0

    def functions(here: Site) -> frozenset[str]:
        nonlocal asked
        asked += 1
        return frozenset(
            f"function {min(group)}" for group in groups if any(here.draft.exists(f"file{one}") for one in group)
        )

    _, applied = apply_guarded([cure(number) for number in range(COUNT)], site(), functions)
    return [one.key for one in applied.done], [(one.cure.key, one.reason) for one in applied.refused], asked


def test_what_ends_nothing_is_applied() -> None:
    done, refused, asked = needing()
    assert (len(done), refused, asked) == (COUNT, [], 2)


@pytest.mark.parametrize("number", [0, 1, 17, 38, 39])
def test_the_one_that_ends_something_is_refused_alone(number: int) -> None:
    done, refused, asked = needing({number})
    assert refused == [(f"{number}", f"it would end what the policy declares: function {number}")]
    assert done == [f"{one}" for one in range(COUNT) if one != number]
    assert asked < 16


def test_of_two_that_end_it_together_the_later_is_refused() -> None:
    assert [key for key, _ in needing({5, 30})[1]] == ["30"]


def test_several_are_found_one_by_one() -> None:
    assert sorted(key for key, _ in needing({3}, {7}, {20, 21})[1]) == ["21", "3", "7"]


def test_it_comes_to_an_end() -> None:
    done, refused, _ = needing(*({number} for number in range(COUNT)))
    assert len(refused) == ROUNDS
    assert len(done) == COUNT - ROUNDS


def test_what_no_cure_has_ended_is_no_cures_fault() -> None:
    """The time for looking ran out, say: what is told then is what was applied."""
    answers = iter([frozenset({"function"})])
    cures = [cure(1), cure(2)]
    _, applied = apply_guarded(cures, site(), lambda _: next(answers, frozenset()))
    assert applied.refused == ()
    _, applied = apply_guarded([], site(), lambda _: frozenset())
    assert applied.done == ()
