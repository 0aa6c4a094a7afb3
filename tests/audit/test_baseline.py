"""Start today with an old product: what is known stays known, what is new is told."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_sample import ROOT, SECRETS, camera

from firmward.audit.baseline import baseline_of, compared, counted, load_baseline, render_baseline, standing_words
from firmward.audit.html import render_html
from firmward.audit.json_report import load_report, render_json, report_document, schema_document
from firmward.audit.markdown import render_markdown
from firmward.audit.sarif import sarif_document
from firmward.model.errors import InputError
from firmward.model.finding import Outcome, Severity
from firmward.model.report import Report, ReportedFinding, Standing

CAMERA = camera()
TELNET = next(one for one in CAMERA.findings if one.check == "telnet-enabled" and one.at and one.at.part == ROOT)


def against(report: Report, before: Report) -> tuple[Report, Standing]:
    found = compared(report, load_baseline(render_baseline(before), "baseline.json"), "baseline.json")
    assert found.baseline is not None
    return found, found.baseline


def without(report: Report, *gone: ReportedFinding) -> Report:
    return replace(report, findings=tuple(finding for finding in report.findings if finding not in gone))


def outcome_of(report: Report, check: str, outcome: Outcome) -> Report:
    checks = tuple(
        replace(one, outcome=outcome, reason=None, parts=()) if one.check == check else one for one in report.checks
    )
    return replace(report, checks=checks)


def test_what_is_known_counts_no_more() -> None:
    found, standing = against(CAMERA, CAMERA)
    assert not list(counted(found))
    assert (standing.new, standing.worse, standing.fixed, standing.lost) == (0, 0, (), ())
    assert standing.known == sum(1 for finding in CAMERA.findings if finding.outcome == "fail")


def test_what_is_new_counts() -> None:
    found, standing = against(CAMERA, without(CAMERA, TELNET))
    assert (standing.new, list(counted(found))) == (1, [Severity.CRITICAL])


def test_what_is_more_severe_counts_and_what_is_less_does_not() -> None:
    milder = replace(CAMERA, findings=(*without(CAMERA, TELNET).findings, replace(TELNET, severity=Severity.LOW)))
    assert list(counted(against(CAMERA, milder)[0])) == [Severity.CRITICAL]
    assert list(counted(against(milder, CAMERA)[0])) == []


def test_what_is_gone_is_told() -> None:
    fixed = outcome_of(without(CAMERA, TELNET), "telnet-enabled", Outcome.PASS)
    found, standing = against(fixed, CAMERA)
    assert [one.check for one in standing.fixed] == ["telnet-enabled"]
    assert "1 fixed: refresh the baseline" in standing_words(standing)
    assert [one["message"]["text"] for one in results(found) if one["baselineState"] == "absent"]


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.ERROR])
def test_a_check_that_lost_its_verdict_counts_and_fixes_nothing(outcome: Outcome) -> None:
    blind = outcome_of(without(CAMERA, TELNET), "telnet-enabled", outcome)
    found, standing = against(blind, CAMERA)
    assert (standing.lost, standing.fixed) == (("telnet-enabled",), ())
    assert [one.check for one in standing.unseen] == ["telnet-enabled"]
    assert list(counted(found)) == [Severity.CRITICAL]


def blind(report: Report, check: str, outcome: Outcome, reason: str) -> Report:
    checks = tuple(
        replace(one, outcome=outcome, reason=reason, parts=()) if one.check == check else one for one in report.checks
    )
    return replace(report, checks=checks)


def test_what_is_gone_beside_a_blind_spot_that_stays_is_fixed() -> None:
    before = blind(CAMERA, "telnet-enabled", Outcome.FAIL, "the port of app is not known")
    after = blind(without(CAMERA, TELNET), "telnet-enabled", Outcome.UNKNOWN, "the port of app is not known")
    found, standing = against(after, before)
    assert (standing.lost, len(standing.fixed), list(counted(found))) == ((), 1, [])


def test_a_finding_that_is_told_of_another_file_is_known() -> None:
    assert TELNET.at is not None
    moved = replace(TELNET, fingerprint="f" * 16, at=replace(TELNET.at, path="etc/rc.local"))
    found, standing = against(replace(CAMERA, findings=(*without(CAMERA, TELNET).findings, moved)), CAMERA)
    assert (standing.new, standing.fixed, list(counted(found))) == (0, (), [])


def test_a_check_that_was_not_asked_is_not_told() -> None:
    fewer = replace(without(CAMERA, TELNET), checks=tuple(c for c in CAMERA.checks if c.check != "telnet-enabled"))
    standing = against(fewer, CAMERA)[1]
    assert (standing.fixed, standing.unseen, standing.lost) == ((), (), ())


def test_an_accepted_risk_is_no_part_of_a_baseline() -> None:
    """Else it would stay quiet when its acceptance ends."""
    accepted = next(finding for finding in CAMERA.findings if finding.outcome == "accepted")
    ended = replace(CAMERA, findings=tuple(replace(one, outcome="fail") for one in CAMERA.findings if one is accepted))
    assert list(counted(against(ended, CAMERA)[0])) == [accepted.severity]


def test_it_is_sorted_holds_a_finding_in_a_line_and_no_secret() -> None:
    text = render_baseline(CAMERA)
    shuffled = replace(CAMERA, findings=CAMERA.findings[::-1], checks=CAMERA.checks[::-1])
    assert text == render_baseline(shuffled)
    rows = [line for line in text.splitlines() if '"fingerprint"' in line]
    assert len(rows) == len(baseline_of(CAMERA).findings)
    assert not any(secret in text for secret in SECRETS)


def test_a_report_is_a_baseline_too() -> None:
    assert load_baseline(render_json(CAMERA), "report.json") == load_baseline(render_baseline(CAMERA), "baseline.json")


def results(report: Report) -> list[dict]:
    return sarif_document(report)["runs"][0]["results"]  # type: ignore[index]


def test_every_form_marks_what_is_new() -> None:
    found = against(CAMERA, without(CAMERA, TELNET))[0]
    assert "**new**: telnetd is started" in render_markdown(found)
    assert '<span class="tag ended">new</span> telnetd is started' in render_html(found)
    states = {one["baselineState"] for one in results(found)}
    assert states == {"new", "unchanged"}
    assert all("baselineState" not in one for one in results(CAMERA))


def test_the_report_keeps_its_schema_and_can_be_read_back() -> None:
    found = against(outcome_of(without(CAMERA, TELNET), "telnet-enabled", Outcome.PASS), CAMERA)[0]
    Draft202012Validator(schema_document()).validate(json.loads(render_json(found)))
    assert load_report(render_json(found)) == found


def test_a_report_of_before_there_were_baselines_can_be_read() -> None:
    document = report_document(CAMERA)
    del document["baseline"]
    for finding in document["findings"]:  # type: ignore[attr-defined]
        del finding["baseline"]
    assert load_report(json.dumps(document)) == CAMERA


WRONG = [
    ("", "is not JSON"),
    ("[" * 100_000, "is not JSON"),
    ("[]", "neither"),
    ('{"schema": "firmward.baseline/2"}', "neither"),
    ('{"schema": "firmward.baseline/1"}', "checks: is required"),
    ('{"schema": "firmward.baseline/1", "checks": [], "findings": [1]}', "expected an object"),
    ('{"schema": "firmward.baseline/1", "checks": [{"check": "a", "outcome": "fine"}], "findings": []}', "not one of"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_no_baseline_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_baseline(text, "baseline.json")


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_json_is_a_baseline_or_refused(value: object) -> None:
    document = {"schema": "firmward.baseline/1", "checks": value, "findings": value}
    try:
        compared(CAMERA, load_baseline(json.dumps(document), "x"), "x")
    except InputError:
        return
