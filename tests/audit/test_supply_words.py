"""Components and vulnerabilities of all roots together, and the words for them."""

from dataclasses import replace
from datetime import date

import pytest
from inventory_sample import BUSYBOX, LINUX, OPENSSL
from report_sample import camera

from firmward.audit import supply_words
from firmward.audit.html import render_html
from firmward.audit.supply import Found, joined
from firmward.facts.components import Components
from firmward.facts.vulnerabilities import Vulnerabilities
from firmward.model.clock import Clock
from firmward.model.component import Component
from firmward.model.finding import Severity
from firmward.model.report import Report
from firmward.model.vulnerability import Justification, KnownVulnerabilities, Score, Vex, VexState, Vulnerability

DAY = date(2026, 11, 20)
CLOCK = Clock(DAY)
NOT_BUILT = Vex(VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, "the module smc is not there", "firmward", DAY)
OLD = Vex(VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, "no ash", "M. Okafor", DAY, "it was decided for 1.0")


def one(id_: str, component: Component = LINUX, **rest: object) -> Vulnerability:
    made = Vulnerability(id_, component.ref, component.name, component.version, Severity.HIGH, "kernel")
    return replace(made, **rest)  # type: ignore[arg-type]


def root(*found: Vulnerability) -> Found:
    components = (LINUX, BUSYBOX, OPENSSL)
    return Found(Components(components), Vulnerabilities(KnownVulnerabilities(found, DAY)))


def report(*found: Vulnerability) -> Report:
    supply = joined([root(*found)], CLOCK)
    return replace(
        camera(), components=supply.components, vulnerabilities=supply.vulnerabilities, advised=supply.advised
    )


@pytest.mark.parametrize("turned", [False, True])
def test_of_one_kernel_that_two_roots_see_the_graver_answer_counts(turned: bool) -> None:
    """The initramfs has not the module, and the root behind it has."""
    roots = [root(one("CVE-1", vex=NOT_BUILT)), root(one("CVE-1"))]
    (known,) = joined(reversed(roots) if turned else roots, CLOCK).vulnerabilities
    assert known.affects


def test_what_both_roots_have_not_does_not_count() -> None:
    (known,) = joined([root(one("CVE-1", vex=NOT_BUILT))] * 2, CLOCK).vulnerabilities
    assert not known.affects


def test_the_headline_counts_what_applies() -> None:
    told = report(one("CVE-1"), one("CVE-2", OPENSSL), one("CVE-3", vex=NOT_BUILT))
    assert supply_words.headline(told) == "3 components; 2 vulnerabilities in 2 of them"
    assert supply_words.settled(told) == "Listed and not counted: 1 not affected (the code is not there)"
    assert supply_words.reviews(told) == ""


def test_a_decision_that_wants_a_review_is_told_once_and_counts_for_nothing() -> None:
    initramfs = replace(one("CVE-1", BUSYBOX, vex=OLD), component="image/initramfs#pkg:generic/busybox@1")
    told = report(one("CVE-1", BUSYBOX, vex=OLD), initramfs)
    assert supply_words.reviews(told) == "1 decision needs a review, and does not count"
    assert supply_words.settled(told) == ""
    assert supply_words.decision(initramfs) == "To be reviewed: it was decided for 1.0"
    assert supply_words.part(initramfs) == "image/initramfs"


def test_numbers_are_written_as_people_do() -> None:
    scored = one("CVE-1", score=Score("CVSS:3.1/AV:N", 9.8), epss=0.0431)
    assert supply_words.numbers(scored) == "CVSS 9.8, EPSS 4.3\u00a0%"
    assert supply_words.numbers(one("CVE-1")) == ""


def test_a_long_title_is_cut_at_a_word() -> None:
    assert supply_words.title(one("CVE-1", title="word " * 40)).endswith("word …")
    assert len(supply_words.title(one("CVE-1", title="word " * 40))) <= supply_words.TITLE_SHOWN


def test_the_page_lists_what_does_not_count_with_who_decided_it() -> None:
    page = render_html(report(one("CVE-1", why="It listens."), one("CVE-2", vex=NOT_BUILT)))
    assert "1 vulnerability that does not count, and why" in page
    assert "Not affected (the code is not there): the module smc is not there (firmward, 2026-11-20)" in page
