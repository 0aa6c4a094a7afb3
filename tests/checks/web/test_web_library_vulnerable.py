"""What is known of a library in pages is told by one check, and of everything else by another."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import feeds_made as made

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.audit.example import CLOCK
from firmward.facts.advisories import Advisories, Surroundings
from firmward.facts.collection import Collection
from firmward.model.component import Component
from firmward.model.facts import Unknown
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import parse_policy
from firmward.model.vulnerability import KnownVulnerabilities, Vulnerability
from firmward.vulns.advisories import DatabaseAdvisories
from firmward.vulns.settings import Settings
from firmward.vulns.update import Means, update, wanted

SCRIPT = {"www/js/jquery.min.js": "/*! jQuery v3.4.1 | (c) */\n"}
PACKAGE = {"srv/node_modules/jquery/package.json": '{"name": "jquery", "version": "3.4.1"}'}
BOTH = ("web-library-vulnerable", "known-vulnerability")


class Everything(Advisories):
    """Each component has one vulnerability; those named `open` could not be compared with another."""

    def __init__(self, *open: str) -> None:
        self._open = open

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities | Unknown:
        found = tuple(
            Vulnerability("CVE-2020-1", one.ref, one.name, one.version, Severity.LOW, "osv") for one in components
        )
        doubtful = frozenset(one.ref for one in components if one.name in self._open)
        return KnownVulnerabilities(found, date(2026, 11, 1), ("not all",) if doubtful else (), open=doubtful)


def told(files: dict[str, Content], advisories: Advisories) -> tuple[Verdict, Verdict]:
    checks = [find_check(id) for id in BOTH]
    facts = Collection(MemoryTree(files), advisories=advisories).facts("it", families(checks))
    first, second = (judge(check, facts, parse_policy(""), CLOCK) for check in checks)
    return first, second


def outcomes(files: dict[str, Content], advisories: Advisories | None = None) -> tuple[Outcome, Outcome]:
    first, second = told(files, advisories or Everything())
    return first.outcome, second.outcome


def test_a_library_in_pages_is_told_once_and_where_it_is() -> None:
    web, known = told(dict(SCRIPT), Everything())
    assert (web.outcome, known.outcome) == (Outcome.FAIL, Outcome.PASS)
    (finding,) = web.findings
    assert finding.key == "jquery-3.4.1"
    assert finding.at is not None
    assert finding.at.path == "www/js/jquery.min.js"


def test_what_npm_installed_is_no_library_in_pages() -> None:
    beside = {"srv/node_modules/jquery/dist/jquery.js": SCRIPT["www/js/jquery.min.js"]}
    assert outcomes(dict(PACKAGE)) == (Outcome.NOT_APPLICABLE, Outcome.FAIL)
    assert outcomes({**PACKAGE, **beside}) == (Outcome.PASS, Outcome.FAIL)


def test_without_pages_there_is_nothing_to_ask() -> None:
    assert outcomes({"etc/passwd": "root:x:0:0::/:/bin/sh\n"})[0] is Outcome.NOT_APPLICABLE


def test_without_data_it_is_not_known() -> None:
    assert outcomes(dict(SCRIPT), Advisories()) == (Outcome.UNKNOWN, Outcome.UNKNOWN)


def test_what_could_not_be_compared_is_said_of_the_library_that_it_is_of() -> None:
    files: dict[str, Content] = {**SCRIPT, **PACKAGE, "www/vue.js": "/*!\n * Vue.js v2.6.10\n"}
    web, _ = told(files, Everything("vue"))
    assert web.reason is not None
    assert "vue" in web.reason
    system: dict[str, Content] = {**SCRIPT, "lib/apk/db/installed": "C:Q1x=\nP:musl\nV:1.2.5-r0\n\n"}
    web, known = told(system, Everything("musl"))
    assert web.reason is None
    assert known.reason == "not all"


def test_a_real_database_matches_by_npms_name(tmp_path: Path) -> None:
    record = made.osv("GHSA-0001", "npm", "jquery", {"introduced": "1.2.0"}, {"fixed": "3.5.0"})
    (tmp_path / "osv.zip").write_bytes(made.zipped({"GHSA-0001.json": made.packed(record)}))
    database = tmp_path / "vulns.sqlite"
    list(update(database, wanted([], {"osv": [tmp_path / "osv.zip"]}, Settings(), anew=False), Means(Settings())))
    web, known = told(dict(SCRIPT), DatabaseAdvisories(database, date(2026, 11, 1)))
    assert [finding.key for finding in web.findings] == ["jquery-3.4.1"]
    assert "3.5.0" in (web.findings[0].remedy.summary if web.findings[0].remedy else "")
    assert known.findings == ()
