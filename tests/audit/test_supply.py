"""What a system is made of, joined from its roots, and the words for it."""

from dataclasses import replace
from datetime import date

import pytest
from inventory_sample import BUSYBOX, LINUX, OPENSSL, VULNERABILITIES, with_software
from report_sample import camera

from firmward.audit import supply_words
from firmward.audit.supply import Found, joined
from firmward.facts.components import Components
from firmward.facts.vulnerabilities import Vulnerabilities
from firmward.model.clock import Clock
from firmward.model.facts import Unknown
from firmward.model.report import Advised, Feed
from firmward.model.vulnerability import KnownVulnerabilities, urgency

TODAY = Clock(date(2026, 11, 20))
KNOWN = Vulnerabilities(KnownVulnerabilities(VULNERABILITIES, date(2026, 11, 18), ("x: no version",), (("cve", "d"),)))


def test_two_roots_see_one_kernel() -> None:
    first = Found(Components((BUSYBOX, LINUX)), KNOWN)
    second = Found(Components((replace(BUSYBOX, part="b"), LINUX)), KNOWN)
    found = joined((first, second), TODAY)
    assert {one.ref for one in found.components} == {BUSYBOX.ref, replace(BUSYBOX, part="b").ref, LINUX.ref}
    assert len(found.components) == 3
    assert len(found.vulnerabilities) == len(VULNERABILITIES)


def test_what_is_to_be_done_first_stands_first_and_what_is_settled_last() -> None:
    found = joined((Found(Components((OPENSSL,)), KNOWN),), TODAY).vulnerabilities
    assert found[0].exploited is not None
    assert [one.affects for one in found] == sorted((one.affects for one in found), reverse=True)
    assert list(found) == sorted(found, key=urgency)


def test_the_oldest_data_count_and_doubts_are_told() -> None:
    later = Vulnerabilities(replace(KNOWN.known, as_of=date(2026, 11, 1)))
    advised = joined((Found(None, KNOWN), Found(Components((), ("unread",)), later)), TODAY).advised
    assert advised == Advised("2026-11-20", "2026-11-01", (Feed("cve", "d"),), ("unread", "x: no version"))


def test_without_data_it_is_said_why() -> None:
    advised = joined((Found(None, Unknown("no data")),), TODAY).advised
    assert advised == Advised("2026-11-20", None, (), ("no data",))
    assert joined((), TODAY).advised is None


AGES = [
    ("2026-11-20", "By data of 2026-11-20 (cve), of today"),
    ("2026-11-19", "By data of 2026-11-19 (cve), 1 day old"),
    ("2026-10-01", "By data of 2026-10-01 (cve), 50 days old; firmward vulns update renews them"),
]


@pytest.mark.parametrize(("day", "words"), AGES)
def test_the_age_of_the_data_is_told(day: str, words: str) -> None:
    assert supply_words.age(Advised("2026-11-20", day, (Feed("cve", day),))) == words


def test_the_headline_counts_what_affects() -> None:
    report = with_software(camera())
    assert supply_words.headline(report) == "4 components; 4 vulnerabilities in 3 of them, 1 known to be exploited"
    assert supply_words.settled(report).startswith("Listed and not counted: ")
    clean = replace(report, vulnerabilities=())
    assert supply_words.headline(clean) == "4 components, and no known vulnerability that applies to them"
    blind = replace(clean, advised=Advised("2026-11-20", None))
    assert "was not looked up" in supply_words.headline(blind)
