"""Accepted risks cover their findings until their last day."""

from datetime import date

import pytest
from report_sample import CHECKS, FOUND, PARTS, ROOT, SUBJECT, camera, verdicts

from firmward.audit.accept import covers
from firmward.audit.composition import compose
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.policy import AcceptedRisk, parse_policy
from firmward.model.report import Budget, Report

DAY = date(2027, 1, 31)


def risk(check: str, key: str | None, expires: date = DAY) -> AcceptedRisk:
    return AcceptedRisk(check, "needed", "product security", expires, key)


def report(policy: str, today: date = date(2026, 11, 20)) -> Report:
    return compose(
        SUBJECT, PARTS, {ROOT: verdicts(ROOT, FOUND)}, parse_policy(policy), Clock(today), Budget(), CHECKS.values()
    )


def accepted(check: str, key: str | None = None, expires: str = "2027-01-31") -> str:
    line = "" if key is None else f'key = "{key}"\n'
    return (
        f'[[accepted]]\ncheck = "{check}"\n{line}reason = "needed"\nowner = "product security"\nexpires = {expires}\n'
    )


@pytest.mark.parametrize(
    ("key", "finding", "covered"),
    [
        (None, "tcp/23", True),
        ("tcp/23", "tcp/23", True),
        ("tcp/23", "tcp/230", False),
        ("tcp/*", "tcp/23", True),
        ("*/53*", "udp/5353", True),
        ("tcp/*", "udp/5353", False),
        ("*", "", True),
        ("a[b]?", "a[b]?", True),
        ("a[b]?", "abx", False),
    ],
)
def test_a_key_covers(key: str | None, finding: str, covered: bool) -> None:
    assert covers(risk("check", key), "check", finding) is covered
    assert not covers(risk("other", key), "check", finding)


def outcomes(made: Report, check: str) -> dict[str, str]:
    return {finding.key: finding.outcome for finding in made.findings if finding.check == check}


def test_it_covers_through_its_last_day_and_fails_after() -> None:
    policy = accepted("undeclared-listener", "udp/*")
    last = report(policy, DAY)
    assert outcomes(last, "undeclared-listener")["udp/5353"] == "accepted"
    assert outcomes(last, "undeclared-listener")["tcp/23"] == "fail"
    after = report(policy, date(2027, 2, 1))
    finding = next(finding for finding in after.findings if finding.key == "udp/5353")
    assert finding.outcome == "fail"
    assert finding.accepted is not None
    assert finding.accepted.expired
    assert "accepted by product security until 2027-01-31" in finding.message


def test_the_longest_acceptance_counts() -> None:
    policy = accepted("telnet-enabled", expires="2026-01-01") + accepted("telnet-enabled", "telnetd")
    assert outcomes(report(policy), "telnet-enabled") == {"telnetd": "accepted"}


def test_acceptance_leaves_the_fingerprint_and_the_check_as_they_are() -> None:
    plain, covered = report(""), report(accepted("telnet-enabled"))
    assert [finding.fingerprint for finding in plain.findings] == [finding.fingerprint for finding in covered.findings]
    result = next(result for result in covered.checks if result.check == "telnet-enabled")
    assert result.outcome is Outcome.FAIL


def test_a_broken_check_is_not_accepted() -> None:
    assert outcomes(report(accepted("upnp-exposed")), "upnp-exposed") == {"error": "error"}


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (accepted("ftp-enabled"), "ftp-enabled (product security, until 2027-01-31) matches no finding"),
        (accepted("undeclared-listener", "tcp/9"), "undeclared-listener[tcp/9]"),
        (accepted("upnp-exposed"), "cannot be matched: its check has no verdict"),
        (accepted("no-such-check"), "names a check that was not asked"),
    ],
)
def test_one_that_covers_nothing_is_told(policy: str, said: str) -> None:
    (note,) = report(policy).notes
    assert said in note


def test_the_camera_has_each_kind() -> None:
    findings = camera().findings
    assert {finding.outcome for finding in findings} == {"fail", "accepted", "error"}
    assert any(finding.accepted and finding.accepted.expired for finding in findings)
    assert len(camera().notes) == 1
