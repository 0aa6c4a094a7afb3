"""A decision counts in what a check is told, as in every list."""

from collections.abc import Sequence
from datetime import date

from inventory_sample import BUSYBOX, OPENSSL

from firmward.facts.advisories import Advisories, Surroundings
from firmward.model.component import Component
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.vulnerability import KnownVulnerabilities, Vulnerability
from firmward.vulns.decided import DecidedAdvisories
from firmward.vulns.triage import Decision

DAY = date(2026, 11, 20)
GRAVE = Vulnerability("CVE-2024-1", BUSYBOX.ref, BUSYBOX.name, BUSYBOX.version, Severity.CRITICAL, "nvd", near=3)
OTHER = Vulnerability("CVE-2024-2", OPENSSL.ref, OPENSSL.name, OPENSSL.version, Severity.LOW, "nvd")
OUT = Decision("CVE-2024-1", "pkg:generic/busybox", BUSYBOX.version, "not_affected", "code_not_present", "no ash")


class Told(Advisories):
    def __init__(self, answer: KnownVulnerabilities | Unknown) -> None:
        self.answer = answer

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities | Unknown:
        return self.answer


def asked(answer: KnownVulnerabilities | Unknown, *decisions: Decision) -> KnownVulnerabilities | Unknown:
    return DecidedAdvisories(Told(answer), decisions, DAY).known((), Surroundings())


def test_what_a_decision_takes_out_does_not_count_and_stands_last() -> None:
    known = asked(KnownVulnerabilities((GRAVE, OTHER), DAY), OUT)
    assert isinstance(known, KnownVulnerabilities)
    assert [one.id for one in known.found] == ["CVE-2024-2", "CVE-2024-1"]
    assert [one.id for one in known.affecting] == ["CVE-2024-2"]


def test_a_decision_for_another_version_takes_nothing_out() -> None:
    old = Decision(OUT.id, OUT.component, "1.0", OUT.state, OUT.justification, OUT.detail)
    known = asked(KnownVulnerabilities((GRAVE, OTHER), DAY), old)
    assert isinstance(known, KnownVulnerabilities)
    assert [one.id for one in known.affecting] == ["CVE-2024-1", "CVE-2024-2"]


def test_what_is_not_known_stays_so() -> None:
    assert asked(Unknown("no data"), OUT) == Unknown("no data")
