"""A decision lasts as long as what it was made for, is never lost, and its file is the same every time."""

import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inventory_sample import BUSYBOX, LINUX, OPENSSL

from firmward.model.component import Component
from firmward.model.errors import InputError
from firmward.model.finding import Severity
from firmward.model.vulnerability import Justification, Vex, VexState, Vulnerability
from firmward.vulns.triage import (
    Decision,
    about,
    applied,
    decide,
    fingerprint,
    is_open,
    parse_triage,
    render_triage,
)

DAY = date(2026, 11, 20)
FOUND = Decision(
    "CVE-2024-1",
    "pkg:generic/busybox",
    "1.36.1",
    "not_affected",
    "code_not_reachable",
    'ash is not "used"',
    "M. Okafor",
    date(2026, 1, 2),
)


def found(component: Component = BUSYBOX, id_: str = "CVE-2024-1", **rest: object) -> Vulnerability:
    one = Vulnerability(id_, component.ref, component.name, component.version, Severity.HIGH, "nvd")
    return replace(one, **rest)  # type: ignore[arg-type]


def decided(one: Vulnerability, *decisions: Decision, today: date = DAY) -> Vex:
    (judged,) = applied((one,), decisions, today).vulnerabilities
    assert judged.vex is not None
    return judged.vex


def test_a_decision_is_found_again_in_the_next_build() -> None:
    vex = decided(found(), FOUND)
    assert vex == Vex(
        VexState.NOT_AFFECTED, Justification.CODE_NOT_REACHABLE, FOUND.detail, "M. Okafor", date(2026, 1, 2)
    )


def test_in_another_part_it_is_the_same() -> None:
    moved = replace(BUSYBOX, part="image/rootfs_b")
    assert not decided(found(moved), FOUND).needs_review


def test_a_version_bump_wants_a_review_and_loses_nothing() -> None:
    vex = decided(found(version="1.37.0"), FOUND)
    assert vex.needs_review == "it was decided for version 1.36.1, and this is 1.37.0"
    assert (vex.state, vex.detail, vex.by) == (VexState.NOT_AFFECTED, FOUND.detail, "M. Okafor")


def test_other_source_files_want_a_review() -> None:
    one = found(files=("a.c", "b.c"))
    on_files = replace(FOUND, files=fingerprint(("b.c", "a.c")))
    assert not decided(one, on_files).needs_review
    assert "other source files" in decided(found(files=("a.c",)), on_files).needs_review
    assert "other source files" in decided(found(files=()), on_files).needs_review


@pytest.mark.parametrize(("days", "counts"), [(-1, False), (0, True), (1, True)])
def test_on_its_last_day_it_still_counts(days: int, counts: bool) -> None:
    vex = decided(found(), replace(FOUND, expires=DAY + timedelta(days)))
    assert (vex.needs_review == "") is counts


def test_of_two_versions_each_has_its_own() -> None:
    other = replace(FOUND, version="1.30", state="exploitable", justification=None)
    assert decided(found(version="1.30"), FOUND, other).state is VexState.EXPLOITABLE
    assert decided(found(version="1.36.1"), other, FOUND).state is VexState.NOT_AFFECTED


def test_another_component_is_not_decided() -> None:
    (judged,) = applied((found(OPENSSL),), (FOUND,), DAY).vulnerabilities
    assert judged.vex is None


def test_what_is_not_there_any_more_is_stale() -> None:
    gone = replace(FOUND, id="CVE-2020-1")
    assert applied((found(),), (FOUND, gone), DAY).stale == ("CVE-2020-1 in pkg:generic/busybox",)


def test_another_name_of_the_same_is_as_good() -> None:
    one = found(id_="GHSA-x", aliases=("CVE-2024-1",))
    result = applied((one,), (FOUND,), DAY)
    assert result.stale == ()
    assert result.vulnerabilities[0].vex is not None


def test_a_person_goes_before_the_program_and_a_doubt_does_not() -> None:
    built_out = Vex(VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, by="firmward")
    affected = replace(FOUND, state="exploitable", justification=None)
    assert decided(found(vex=built_out), affected).state is VexState.EXPLOITABLE
    assert decided(found(vex=built_out), replace(affected, version="1")) == built_out


@pytest.mark.parametrize(
    ("vex", "open_"),
    [
        (None, True),
        (Vex(VexState.IN_TRIAGE), True),
        (Vex(VexState.NOT_AFFECTED, needs_review="x"), True),
        (Vex(VexState.NOT_AFFECTED), False),
        (Vex(VexState.EXPLOITABLE), False),
    ],
)
def test_what_is_open(vex: Vex | None, open_: bool) -> None:
    assert is_open(found(vex=vex)) is open_


def test_a_new_decision_takes_the_place_of_the_old_one() -> None:
    new = replace(FOUND, version="1.37", detail="again")
    assert decide((FOUND,), new) == (new,)
    assert decide((FOUND,), new, {"1.36.1"}) == (FOUND, new)
    assert decide((FOUND,), replace(FOUND, detail="again"), {"1.36.1"}) == (replace(FOUND, detail="again"),)


def test_a_component_without_a_url_goes_by_its_name() -> None:
    assert about(found(Component("camerad", "1"))) == ("CVE-2024-1", "camerad")
    assert about(found(LINUX)) == ("CVE-2024-1", "pkg:generic/linux")


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
decisions = st.builds(
    Decision, words.filter(bool), words.filter(bool), words, st.sampled_from(VexState).map(lambda one: one.value),
    st.none(), words, words, st.none() | st.dates(max_value=DAY), st.none() | st.dates(min_value=DAY), words,
)  # fmt: skip


@given(st.lists(decisions, max_size=5))
def test_what_is_written_is_read_and_written_again_the_same(made: list[Decision]) -> None:
    text = render_triage(made)
    assert set(parse_triage(text)) == set(made)
    assert render_triage(reversed(parse_triage(text))) == text


def test_the_file_reads_well() -> None:
    assert render_triage([FOUND]).splitlines()[1:] == [
        "schema = 1",
        "",
        "[[decision]]",
        'id = "CVE-2024-1"',
        'component = "pkg:generic/busybox"',
        'version = "1.36.1"',
        'state = "not_affected"',
        'justification = "code_not_reachable"',
        'detail = "ash is not \\"used\\""',
        'owner = "M. Okafor"',
        "decided = 2026-01-02",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = 2\n", "schema 2 is of another firmward"),
        ("[[decision]]\nid = 'x'\n", "decision[1].component: is required"),
        ("[[decision]]\nid = ''\ncomponent = 'a'\n", "names no vulnerability"),
        ("[[decision]]\nid = 'x'\ncomponent = 'a'\nstate = 'fine'\n", "decision[1].state: 'fine' is not known"),
        ("[[decision]]\nid = 'x'\ncomponent = 'a'\nreason = 'b'\n", "unknown key"),
        ("[[decision]]\nid = 'x'\ncomponent = 'a'\njustification = 'code_not_present'\n", "goes with not_affected"),
        (
            "[[decision]]\nid = 'x'\ncomponent = 'a'\ndecided = 2026-01-02\nexpires = 2026-01-01\n",
            "is before the day of the decision",
        ),
        ("[[decision]]\nid = 'x'\ncomponent = 'a'\ndecided = 'today'\n", "expected a date"),
        ("a = " + "[" * 5000, "triage.toml: "),
        ("\x00", "triage.toml: "),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as told:
        parse_triage(text)
    assert message in str(told.value)


def test_keys_without_end_are_refused_at_once() -> None:
    begun = time.process_time()
    with pytest.raises(InputError):
        parse_triage("".join(f"a.b{number} = 1\n" for number in range(50_000)))
    assert time.process_time() - begun < 2
