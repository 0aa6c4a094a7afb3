"""Support, its end, and reviews: what is declared is weighed against the day."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import MemoryTree
from firmward.model.policy import parse_policy

TODAY = date(2026, 11, 20)
FAIL, PASS, UNKNOWN, NOT_ASKED = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


def verdict(check: str, policy: str | None, release: str | None = None, today: date = TODAY) -> Verdict:
    files = {} if release is None else {"etc/os-release": release}
    facts = Collection(MemoryTree(files)).facts("sample", families([find_check(check)]))
    declared = None if policy is None else parse_policy(policy)
    return judge(find_check(check), facts, declared, Clock(today))


PERIODS = [
    ("", None, FAIL),
    ("", "ID=x\nSUPPORT_END=2031-01-01\n", PASS),
    ("", "ID=x\nSUPPORT_END=2031-13-01\n", FAIL),
    ("", "ID=x\n#SUPPORT_END=2031-01-01\n", FAIL),
    ("[support]\nyears_from_activation = 0\n", None, FAIL),
    ("[support]\nyears_from_activation = 3\n", None, PASS),
    (None, None, UNKNOWN),
    (None, "ID=x\n", UNKNOWN),
    (None, "ID=x\nSUPPORT_END='2031-01-01'\n", PASS),
]


@pytest.mark.parametrize(("policy", "release", "outcome"), PERIODS)
def test_a_support_period_is_declared_by_the_policy_or_the_image(
    policy: str | None, release: str | None, outcome: Outcome
) -> None:
    assert verdict("support-period-missing", policy, release).outcome is outcome


ENDS = [
    ("[support]\nuntil = 2026-11-20\n", None, PASS),
    ("[support]\nuntil = 2026-11-19\n", None, FAIL),
    (None, "SUPPORT_END=2026-11-20\n", FAIL),
    (None, "SUPPORT_END=2026-11-21\n", PASS),
    ("[support]\nuntil = 2031-01-01\n", "SUPPORT_END=2024-01-01\n", FAIL),
    ("[support]\nyears_from_activation = 5\n", None, NOT_ASKED),
    (None, None, UNKNOWN),
]


@pytest.mark.parametrize(("policy", "release", "outcome"), ENDS)
def test_the_policy_names_the_last_day_with_support_and_os_release_the_first_without(
    policy: str | None, release: str | None, outcome: Outcome
) -> None:
    assert verdict("support-ended", policy, release).outcome is outcome


def test_what_happens_at_the_end_is_asked_where_there_is_one() -> None:
    assert verdict("expiry-undefined", "").outcome is UNKNOWN
    assert verdict("expiry-undefined", "[support]\n").outcome is FAIL
    assert verdict("expiry-undefined", '[support]\nafter = "off"\n').outcome is PASS


DEVICE = '[device]\nproduct = "x"\nversion = "3"\n'
GIVEN = "".join(
    f'[[release]]\nversion = "{version}"\ndate = {day}\n'
    for version, day in (("3", "2026-09-01"), ("1", "2024-01-01"), ("2", "2025-06-01"))
)


def review(kind: str, day: str, *more: str) -> str:
    return "\n".join(("[[review]]", f'kind = "{kind}"', f"date = {day}", 'owner = "o"', *more, ""))


def both(day: str, *more: str) -> str:
    return review("code-review", day, *more) + review("penetration-test", day, *more)


BOTH = ["code-review", "penetration-test"]
REVIEWS = [
    ("made since the release before", DEVICE + GIVEN + both("2025-06-01"), []),
    ("older than it", DEVICE + GIVEN + both("2025-05-31"), BOTH),
    ("older, of the version before", DEVICE + GIVEN + both("2025-05-31", 'release = "2"'), []),
    ("one kind alone", DEVICE + GIVEN + review("code-review", "2026-01-01"), ["penetration-test"]),
    ("not yet made", DEVICE + GIVEN + both("2027-01-01"), BOTH),
    ("the next one is past", DEVICE + GIVEN + both("2026-01-01", "next = 2026-10-01"), BOTH),
    ("the next one is to come", DEVICE + GIVEN + both("2026-01-01", "next = 2026-11-20"), []),
    ("a first release", DEVICE + '[[release]]\nversion = "3"\ndate = 2026-09-01\n' + both("2020-01-01"), []),
    ("a version that is yet to come", DEVICE.replace("3", "4") + GIVEN + both("2026-08-31"), BOTH),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "keys"), [row[1:] for row in REVIEWS], ids=[row[0] for row in REVIEWS])
def test_a_review_counts_when_it_is_no_older_than_the_release_before(policy: str, keys: list[str]) -> None:
    assert [finding.key for finding in verdict("review-missing", policy).findings] == keys


def test_without_releases_a_review_of_this_version_counts_and_any_other_is_undecided() -> None:
    assert verdict("review-missing", DEVICE + both("2020-01-01", 'release = "3"')).outcome is PASS
    assert verdict("review-missing", DEVICE + both("2026-11-01", 'release = "2"')).outcome is UNKNOWN
    assert verdict("review-missing", "").outcome is UNKNOWN
