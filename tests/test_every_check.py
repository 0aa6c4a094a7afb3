"""Every check, from its own file: bad fails, good passes, nothing known gives unknown, and it has words."""

import pytest

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import families, judge
from firmward.audit.example import CLOCK, judge_example
from firmward.audit.redact import redact
from firmward.model.check import Check, Example
from firmward.model.facts import Facts, Source, Unknown
from firmward.model.finding import Outcome
from firmward.model.policy import parse_policy

CHECKS = catalogue()
BAD = [pytest.param(check, example, id=f"{check.id}-{n}") for check in CHECKS for n, example in enumerate(check.bad)]
GOOD = [pytest.param(check, example, id=f"{check.id}-{n}") for check in CHECKS for n, example in enumerate(check.good)]
EACH = [pytest.param(check, id=check.id) for check in CHECKS]


@pytest.mark.parametrize(("check", "example"), BAD)
def test_the_bad_example_fails(check: Check, example: Example) -> None:
    found = judge_example(check, example)
    assert found.outcome is Outcome.FAIL, found.reason


@pytest.mark.parametrize(("check", "example"), GOOD)
def test_the_good_example_passes(check: Check, example: Example) -> None:
    found = judge_example(check, example)
    assert found.outcome is Outcome.PASS, (found.reason, found.findings)


@pytest.mark.parametrize("check", EACH)
def test_nothing_known_is_unknown(check: Check) -> None:
    facts = Facts("nothing", Source.IMAGE, {family: Unknown("not looked") for family in families([check])})
    assert judge(check, facts, parse_policy(""), CLOCK).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("check", EACH)
def test_it_has_words(check: Check) -> None:
    assert len(check.doc.split()) >= 12, "the docstring explains the danger to an engineer"
    assert check.title[0].isupper()
    assert not check.title.endswith(".")
    assert all(practice.startswith("P") for practice in check.practice)


@pytest.mark.parametrize(("check", "example"), BAD)
def test_findings_can_be_acted_on(check: Check, example: Example) -> None:
    found = judge_example(check, example).findings
    assert len({finding.key for finding in found}) == len(found), "keys are distinct within one part"
    for finding in found:
        assert finding.key
        assert "\n" not in finding.message
        assert finding.remedy is not None
        assert redact(finding.message) == finding.message, "no wording that is taken for a secret"
        assert finding.remedy.summary
