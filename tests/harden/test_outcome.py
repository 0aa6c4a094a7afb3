"""What is told of every finding, from how the root stood before and how it stands after."""

from collections.abc import Mapping

import pytest

from firmward.harden.apply import Applied
from firmward.harden.outcome import Found, Standing, cures, outcome
from firmward.harden.plan import Left, Plan, plan
from firmward.model.finding import Severity
from firmward.model.hardening import Fate
from firmward.model.remedy import Change, Remedy, Remove, Safety, SetKernelOption, Stage

REMOVE: tuple[Change, ...] = (Remove("usr/sbin/telnetd"),)
KERNEL: tuple[Change, ...] = (SetKernelOption("CONFIG_DEVMEM", "n"),)


def found(
    key: str = "a",
    safety: Safety | None = Safety.SAFE,
    *,
    changes: tuple[Change, ...] = REMOVE,
    severity: Severity = Severity.HIGH,
    stage: Stage = Stage.IMAGE,
    elsewhere: str | None = None,
) -> Found:
    remedy = None if safety is None else Remedy("", safety, stage, changes, "It breaks.")
    return Found("check", key, severity, "", "", elsewhere, remedy)


def standing(*found: Found, blind: Mapping[str, str] | None = None) -> Standing:
    return Standing(found, blind or {})


def fate(
    one: Found,
    after: Standing,
    *,
    before: Standing | None = None,
    refused: str | None = None,
    only: tuple[str, ...] = (),
) -> tuple[Fate, str]:
    planned = plan(cures((one,)), only=only)
    left = [Left(cure, refused) for cure in planned.chosen] if refused is not None else []
    applied = Applied(() if left else planned.chosen, tuple(left))
    (told,) = outcome(before or standing(one), after, planned, applied, only).findings
    return told.fate, told.reason


@pytest.mark.parametrize(
    ("one", "wanted", "words"),
    [
        (found(), Fate.KEPT, "its cure was applied"),
        (found(changes=KERNEL), Fate.BESIDE, "built with what is written beside"),
        (found(safety=Safety.UNSAFE), Fate.UNSAFE, "--unsafe applies it: It breaks."),
        (found(safety=Safety.MANUAL), Fate.MANUAL, "only a person can do it"),
        (found(changes=()), Fate.MANUAL, "only a person can do it"),
        (found(safety=Safety.MANUAL, stage=Stage.FACTORY), Fate.FACTORY, "it is done in manufacture"),
        (found(safety=None), Fate.NO_CURE, "no cure is written down for it"),
        (found(elsewhere="image/boot"), Fate.REFUSED, "it lies in image/boot"),
    ],
)
def test_what_is_still_found_is_told_with_the_reason(one: Found, wanted: Fate, words: str) -> None:
    told, reason = fate(one, standing(one))
    assert told is wanted
    assert words in reason


def test_what_could_not_be_applied_is_refused() -> None:
    assert fate(found(), standing(found()), refused="cannot be done here: x") == (
        Fate.REFUSED,
        "cannot be done here: x",
    )


def test_what_was_not_asked_for_is_left() -> None:
    assert fate(found(), standing(found()), only=("check[b]",))[0] is Fate.NOT_ASKED
    assert fate(found(), standing(found()), only=("check[a]",))[0] is Fate.KEPT


def test_what_is_found_no_more_is_cured_by_its_own_cure_or_another() -> None:
    assert fate(found(), standing()) == (Fate.CURED, "")
    assert fate(found(safety=Safety.MANUAL), standing()) == (Fate.CURED, "by the cure of another finding")


def test_a_check_without_a_verdict_cures_nothing() -> None:
    told, reason = fate(found(), standing(blind={"check": "cannot be read"}))
    assert (told, reason) == (Fate.KEPT, "its check has no verdict any more: cannot be read")


def test_a_check_that_saw_no_more_before_is_believed() -> None:
    blind = {"check": "a file of it cannot be read"}
    assert fate(found(), standing(blind=blind), before=standing(found(), blind=blind))[0] is Fate.CURED


def test_a_check_that_saw_as_little_before_though_it_found_something_is_believed() -> None:
    doubts = {"check": "a file of it cannot be read"}
    before = Standing((found(),), {}, doubts=doubts)
    assert fate(found(), standing(blind=doubts), before=before)[0] is Fate.CURED
    assert fate(found(), standing(blind={"check": "another cannot be read"}), before=before)[0] is Fate.KEPT


def test_of_two_alike_one_may_be_cured() -> None:
    one, other = found(), Found("check", "a", Severity.HIGH, "", "etc/b", None, None)
    told = outcome(standing(one, other), standing(other), Plan((), ()), Applied((), ()))
    assert [one.fate for one in told.findings] == [Fate.CURED, Fate.NO_CURE]
    assert told.new == ()


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        ([], [found()], ["it was not found before"]),
        ([found()], [found()], []),
        ([found(severity=Severity.LOW)], [found()], ["it is more severe than before"]),
        ([found()], [found(severity=Severity.LOW)], []),
        ([found()], [found(), found()], ["it was not found before"]),
    ],
)
def test_what_came_or_grew_worse_is_new(before: list[Found], after: list[Found], reasons: list[str]) -> None:
    told = outcome(Standing(tuple(before), {}), Standing(tuple(after), {}), Plan((), ()), Applied((), ()))
    assert [one.reason for one in told.new] == reasons
    assert {one.fate for one in told.new} <= {Fate.NEW}


def test_a_finding_that_moved_is_the_same() -> None:
    moved = Found("check", "a", Severity.HIGH, "", "etc/other", None, found().remedy)
    told = outcome(standing(found()), standing(moved), Plan((), ()), Applied((), ()))
    assert ([one.fate for one in told.findings], told.new) == ([Fate.UNSAFE], ())


def test_a_cure_for_another_part_is_none_of_this_roots() -> None:
    assert cures([found(elsewhere="image/boot"), found("b")])[0].key == "b"


def test_every_severity_is_counted() -> None:
    assert standing(found(), found("b", severity=Severity.LOW)).counts == (
        (Severity.CRITICAL, 0),
        (Severity.HIGH, 1),
        (Severity.MEDIUM, 0),
        (Severity.LOW, 1),
        (Severity.INFO, 0),
    )
