"""What changed from one report to the next."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_sample import HOSTILE, PARTS, ROOT, SAMPLES, camera

from firmward.audit.difference import difference
from firmward.audit.difference_json import difference_document, difference_schema, render_difference_json
from firmward.audit.difference_markdown import render_difference_markdown
from firmward.audit.difference_record import Difference, FindingChanged
from firmward.audit.difference_words import headline
from firmward.audit.json_report import load_report, render_json
from firmward.audit.part_pairs import pairs
from firmward.model.errors import InputError
from firmward.model.finding import Outcome, Severity
from firmward.model.report import Acceptance, Part, Report, ReportedFinding, Role
from firmward.model.side import Side

CAMERA = camera()
EACH = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
TELNET = next(one for one in CAMERA.findings if one.check == "telnet-enabled" and one.at and one.at.part == ROOT)


def between(old: Report, new: Report) -> Difference:
    return difference(Side(old), Side(new))


def changed(old: Report, new: Report) -> list[tuple[str, FindingChanged]]:
    return [(change.finding.check, change.changed) for change in between(old, new).findings]


def without(report: Report, *gone: ReportedFinding) -> Report:
    return replace(report, findings=tuple(finding for finding in report.findings if finding not in gone))


def instead(report: Report, finding: ReportedFinding) -> Report:
    others = without(report, TELNET)
    return replace(others, findings=(*others.findings, finding))


def judged(report: Report, check: str, outcome: Outcome, reason: str | None = None) -> Report:
    checks = tuple(
        replace(
            one,
            outcome=outcome,
            reason=reason,
            parts=tuple(
                replace(part, outcome=outcome, reason=reason) if part.part == ROOT else part for part in one.parts
            ),
        )
        if one.check == check
        else one
        for one in report.checks
    )
    return replace(report, checks=checks)


@EACH
def test_a_build_does_not_differ_from_itself(sample: Callable[[], Report]) -> None:
    found = between(sample(), sample())
    assert found.is_empty
    assert not found.worse(Severity.INFO)


def clean() -> Report:
    """The camera without telnet, its check passing."""
    return judged(without(CAMERA, TELNET), "telnet-enabled", Outcome.PASS)


def test_a_finding_is_new_and_fixed() -> None:
    assert changed(clean(), CAMERA) == [("telnet-enabled", FindingChanged.NEW)]
    assert changed(CAMERA, clean()) == [("telnet-enabled", FindingChanged.FIXED)]
    assert between(clean(), CAMERA).worse(Severity.CRITICAL)
    assert not between(CAMERA, clean()).worse(Severity.INFO)


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.ERROR])
def test_a_finding_whose_check_has_no_verdict_is_never_fixed(outcome: Outcome) -> None:
    blind = judged(without(CAMERA, TELNET), "telnet-enabled", outcome, "etc cannot be read")
    found = between(CAMERA, blind)
    assert [change.changed for change in found.findings] == [FindingChanged.UNSEEN]
    assert [change.check for change in found.lost] == ["telnet-enabled"]
    assert found.worse(Severity.CRITICAL)
    assert changed(blind, CAMERA) == [("telnet-enabled", FindingChanged.SEEN)]


def test_a_check_that_could_not_look_everywhere_fixes_nothing() -> None:
    partly = judged(without(CAMERA, TELNET), "telnet-enabled", Outcome.FAIL, "a unit cannot be read")
    assert changed(CAMERA, partly) == [("telnet-enabled", FindingChanged.UNSEEN)]


def test_what_is_gone_beside_a_blind_spot_that_stays_is_fixed() -> None:
    """Else nobody could mend the last finding of a check that never sees everything."""
    spot = "the port of app is not known"
    before = judged(CAMERA, "telnet-enabled", Outcome.FAIL, spot)
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        after = judged(without(CAMERA, TELNET), "telnet-enabled", outcome, spot)
        assert changed(before, after) == [("telnet-enabled", FindingChanged.FIXED)]
        assert not between(before, after).worse(Severity.INFO)


def test_a_finding_that_is_told_of_another_file_is_the_same() -> None:
    at = TELNET.at
    assert at is not None
    moved = replace(TELNET, fingerprint="f" * 16, at=replace(at, path="etc/rc.local"))
    assert changed(CAMERA, instead(CAMERA, moved)) == []


def test_a_check_that_was_not_asked_fixes_nothing() -> None:
    others = without(CAMERA, TELNET)
    fewer = replace(others, checks=tuple(check for check in others.checks if check.check != "telnet-enabled"))
    assert changed(CAMERA, fewer) == [("telnet-enabled", FindingChanged.UNSEEN)]
    assert between(CAMERA, fewer).lost == ()


def test_severity_rises_and_falls() -> None:
    milder = instead(CAMERA, replace(TELNET, severity=Severity.LOW))
    assert changed(milder, CAMERA) == [("telnet-enabled", FindingChanged.RAISED)]
    assert changed(CAMERA, milder) == [("telnet-enabled", FindingChanged.LOWERED)]


def test_an_acceptance_that_ends_opens_the_finding_again() -> None:
    risk = Acceptance("lab", "owner", "2027-01-01", expired=False)
    accepted = instead(CAMERA, replace(TELNET, outcome="accepted", accepted=risk))
    assert changed(accepted, CAMERA) == [("telnet-enabled", FindingChanged.REOPENED)]
    assert changed(CAMERA, accepted) == [("telnet-enabled", FindingChanged.ACCEPTED)]
    assert between(accepted, CAMERA).worse(Severity.HIGH)
    assert not between(CAMERA, accepted).worse(Severity.INFO)


def test_a_line_that_moves_is_no_change() -> None:
    at = TELNET.at
    assert at is not None
    assert changed(CAMERA, instead(CAMERA, replace(TELNET, at=replace(at, line=99)))) == []


def test_a_finding_is_known_in_a_part_of_another_name() -> None:
    """Fingerprints know the part's name; the only root is the only root by any name."""
    at = TELNET.at
    assert at is not None
    alone = replace(
        CAMERA,
        parts=(Part("image", "squashfs", role=Role.ROOT),),
        findings=(replace(TELNET, fingerprint="0" * 16, at=replace(at, part="image")),),
    )
    in_disk = replace(
        CAMERA,
        parts=(Part("image", "gpt"), Part("image/system", "ext4", "image", role=Role.ROOT)),
        findings=(replace(TELNET, at=replace(at, part="image/system")),),
    )
    assert changed(alone, in_disk) == []


@pytest.mark.parametrize(
    ("was", "now", "lost"),
    [
        (Outcome.PASS, Outcome.UNKNOWN, True),
        (Outcome.NOT_APPLICABLE, Outcome.ERROR, True),
        (Outcome.UNKNOWN, Outcome.PASS, False),
        (Outcome.UNKNOWN, Outcome.ERROR, False),
        (Outcome.PASS, Outcome.NOT_APPLICABLE, False),
    ],
)
def test_a_verdict_that_is_lost_is_worse(was: Outcome, now: Outcome, lost: bool) -> None:
    found = between(judged(clean(), "telnet-enabled", was), judged(clean(), "telnet-enabled", now))
    assert bool(found.lost) is lost
    assert found.worse(Severity.CRITICAL) is lost


def test_parts_are_known_without_their_offsets() -> None:
    old = [Part("image", "gpt"), Part("image/squashfs@0x100", "squashfs", "image", role=Role.ROOT)]
    new = [Part("image", "gpt"), Part("image/squashfs@0x900", "squashfs", "image", role=Role.ROOT)]
    assert pairs(old, new) == {"image": "image", "image/squashfs@0x100": "image/squashfs@0x900"}


def test_a_part_that_cannot_be_read_any_more_is_told() -> None:
    parts = tuple(replace(part, problem="damaged") if part.id == ROOT else part for part in PARTS)
    assert [change.differs for change in between(CAMERA, replace(CAMERA, parts=parts)).parts] == [("problem",)]


@EACH
def test_every_form_takes_every_pair(sample: Callable[[], Report]) -> None:
    for old, new in ((CAMERA, sample()), (sample(), CAMERA)):
        found = between(old, new)
        Draft202012Validator(difference_schema()).validate(json.loads(render_difference_json(found)))
        assert headline(found)
        for text in (render_difference_markdown(found), render_difference_json(found)):
            assert not {"\x1b", "\u202e", "\udcff"} & set(text)


def test_the_schema_is_one_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(difference_schema())
    assert set(difference_document(between(CAMERA, CAMERA))) == set(difference_schema()["properties"])  # type: ignore[call-overload]


def test_a_hostile_name_is_shown_as_escapes() -> None:
    at = TELNET.at
    assert at is not None
    found = between(clean(), instead(CAMERA, replace(TELNET, at=replace(at, path=HOSTILE), message=f"{HOSTILE} runs")))
    text = render_difference_markdown(found)
    assert "\\x1b" in text.replace("\\\\", "\\")


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """The camera with findings, outcomes and severities changed at will."""
    findings = tuple(
        replace(finding, severity=draw(st.sampled_from(Severity)))
        for finding in draw(
            st.lists(st.sampled_from(CAMERA.findings), unique_by=lambda one: one.fingerprint, max_size=8)
        )
    )
    report = replace(CAMERA, findings=findings)
    for check in draw(st.lists(st.sampled_from(CAMERA.checks), max_size=4)):
        report = judged(report, check.check, draw(st.sampled_from(Outcome)))
    return report


MIRROR = {
    FindingChanged.NEW: {FindingChanged.FIXED, FindingChanged.UNSEEN},
    FindingChanged.SEEN: {FindingChanged.FIXED, FindingChanged.UNSEEN},
    FindingChanged.NEW_ACCEPTED: {FindingChanged.DROPPED, FindingChanged.UNSEEN},
    FindingChanged.RAISED: {FindingChanged.LOWERED},
    FindingChanged.REOPENED: {FindingChanged.ACCEPTED},
}
MIRROR |= {
    back: {there for there, all_ in MIRROR.items() if back in all_} for all_ in [*MIRROR.values()] for back in all_
}


@settings(deadline=None, max_examples=60)
@given(reports(), reports())
def test_two_reports_mirror_each_other(one: Report, other: Report) -> None:
    there, back = between(one, other), between(other, one)
    forth = {change.finding.fingerprint: change.changed for change in there.findings}
    again = {change.finding.fingerprint: change.changed for change in back.findings}
    assert forth.keys() == again.keys()
    assert all(again[fingerprint] in MIRROR[kind] for fingerprint, kind in forth.items())
    assert {(change.check, change.part, change.was, change.now) for change in there.checks} == {
        (change.check, change.part, change.now, change.was) for change in back.checks
    }
    assert between(one, one).is_empty


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
DOCUMENT = json.loads(render_json(CAMERA))


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A report with one value anywhere in it replaced."""
    document = json.loads(json.dumps(DOCUMENT))
    here = document
    while True:
        key = draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        inner = here[key]
        if not inner or not isinstance(inner, (dict, list)) or draw(st.integers(0, 3)) == 0:
            here[key] = draw(JSON)
            return json.dumps(document)
        here = inner


@settings(deadline=None, max_examples=150)
@given(broken())
def test_any_report_is_compared_or_refused(text: str) -> None:
    try:
        report = load_report(text)
    except InputError:
        return
    for old, new in ((report, CAMERA), (CAMERA, report), (report, report)):
        found = between(old, new)
        render_difference_json(found)
        render_difference_markdown(found)
        headline(found)
    assert between(report, report).is_empty
