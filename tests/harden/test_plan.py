"""Which cures are applied, which are left, and why."""

import pytest

from firmward.harden.plan import Cure, plan
from firmward.model.finding import Severity
from firmward.model.remedy import Change, Remedy, Remove, Safety, Stage

CHANGE: tuple[Change, ...] = (Remove("usr/sbin/telnetd"),)


def cure(
    safety: Safety = Safety.SAFE,
    *,
    check: str = "telnet-enabled",
    key: str = "telnetd",
    severity: Severity = Severity.HIGH,
    changes: tuple[Change, ...] = CHANGE,
    stage: Stage = Stage.IMAGE,
    breaks: str = "",
) -> Cure:
    return Cure(check, key, severity, "telnetd starts", "", Remedy("Take it out", safety, stage, changes, breaks))


def test_safe_cures_are_applied() -> None:
    assert plan([cure()]).chosen == (cure(),)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (cure(Safety.UNSAFE, breaks="Old clients stay out."), "--unsafe applies it: Old clients stay out."),
        (cure(Safety.UNSAFE), "--unsafe applies it: something may rely on what it changes"),
        (cure(Safety.MANUAL), "only a person can do it"),
        (cure(Safety.SAFE, changes=()), "only a person can do it"),
        (cure(Safety.UNSAFE, changes=()), "only a person can do it"),
        (cure(Safety.MANUAL, stage=Stage.FACTORY), "it is done in manufacture"),
    ],
)
def test_the_others_are_left_with_the_reason(given: Cure, reason: str) -> None:
    found = plan([given])
    assert found.chosen == ()
    assert [one.reason for one in found.left] == [reason]


def test_unsafe_ones_are_applied_when_asked_for_and_manual_ones_never() -> None:
    found = plan([cure(Safety.UNSAFE), cure(Safety.MANUAL, key="by hand")], unsafe=True)
    assert [one.key for one in found.chosen] == ["telnetd"]
    assert [one.cure.key for one in found.left] == ["by hand"]


@pytest.mark.parametrize(
    ("only", "keys"),
    [
        ((), ["a", "b", "c"]),
        (("sysctl",), ["a", "b"]),
        (("sysctl[b]",), ["b"]),
        (("sysctl[a]", "telnet-enabled"), ["a", "c"]),
        (("sysctl[none]",), []),
    ],
)
def test_only_names_checks_or_single_findings(only: tuple[str, ...], keys: list[str]) -> None:
    given = [cure(check="sysctl", key="a"), cure(check="sysctl", key="b"), cure(check="telnet-enabled", key="c")]
    found = plan(given, only=only)
    assert [one.key for one in found.chosen] == keys
    assert found.left == ()


def test_the_worst_comes_first_and_each_once() -> None:
    low, critical = cure(key="z", severity=Severity.LOW), cure(key="y", severity=Severity.CRITICAL)
    other = cure(key="a", severity=Severity.LOW)
    assert plan([low, critical, other, low]).chosen == (critical, other, low)


def test_a_finding_without_a_key_is_named_by_its_check() -> None:
    assert (cure(key="").name, cure(key="x").name) == ("telnet-enabled", "telnet-enabled[x]")
