"""The decisions beside a policy are read before anything is judged."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from inventory_sample import BUSYBOX

from firmward.cli.triage_file import decided
from firmward.facts.advisories import Advisories, Surroundings
from firmward.model.component import Component
from firmward.model.errors import InputError
from firmward.model.finding import Severity
from firmward.model.vulnerability import KnownVulnerabilities, Vulnerability
from firmward.vulns.triage import Decision, render_triage

DAY = date(2026, 11, 20)
GRAVE = Vulnerability("CVE-2024-1", BUSYBOX.ref, BUSYBOX.name, BUSYBOX.version, Severity.CRITICAL, "nvd")
OUT = Decision("CVE-2024-1", "pkg:generic/busybox", BUSYBOX.version, "not_affected", "code_not_present", "no ash")


class Told(Advisories):
    places = (Path("vulns.sqlite"),)

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities:
        return KnownVulnerabilities((GRAVE,), DAY)


def test_what_lies_beside_the_policy_counts(tmp_path: Path) -> None:
    (tmp_path / "triage.toml").write_text(render_triage([OUT]), encoding="utf-8")
    asked = decided(Told(), tmp_path / "device.toml", DAY)
    assert asked is not None
    assert asked.places == Told.places, "a cage must let it read the database"
    known = asked.known((), Surroundings())
    assert isinstance(known, KnownVulnerabilities)
    assert known.affecting == ()


def test_without_a_policy_or_advisories_nothing_changes(tmp_path: Path) -> None:
    told = Told()
    assert decided(told, None, DAY) is told
    assert decided(None, tmp_path / "device.toml", DAY) is None


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "triage.toml").write_text("decision = 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"triage\.toml"):
        decided(Told(), tmp_path / "device.toml", DAY)
