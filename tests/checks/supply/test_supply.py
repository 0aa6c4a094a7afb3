"""Known vulnerabilities and programs that nobody claims, as findings."""

from dataclasses import replace
from datetime import date

import pytest

from firmward.audit.engine import Verdict, judge
from firmward.audit.example import CLOCK
from firmward.checks.supply.component_unidentified import FOLDERS_LIMIT, component_unidentified
from firmward.checks.supply.known_vulnerability import OFF, SAMPLE, known_vulnerability
from firmward.facts.identified import Elf, Identified, Kind, Program
from firmward.facts.package_files import PackageFiles
from firmward.facts.vulnerabilities import Vulnerabilities
from firmward.model.facts import Facts, Source, Unknown
from firmward.model.finding import Outcome, Severity
from firmward.model.vulnerability import KnownVulnerabilities, Vex, VexState, Vulnerability

MILD = replace(SAMPLE, id="CVE-2025-1001", severity=Severity.LOW, exploited=None, fixed=(), do="", score=None)


def told(*found: Vulnerability, unread: tuple[str, ...] = ()) -> Verdict:
    record = Vulnerabilities(KnownVulnerabilities(found, date(2026, 11, 1), unread))
    return judge(known_vulnerability, Facts("image", Source.IMAGE, {Vulnerabilities: record}), None, CLOCK)


def test_a_component_is_one_finding_with_its_first_to_mend() -> None:
    (one,) = told(MILD, SAMPLE).findings
    assert one.key == "httpd-2.4"
    assert one.severity is Severity.HIGH
    assert one.message.startswith("httpd 2.4 has 2 known vulnerabilities, 1 of them known to be exploited")
    assert "The first to mend is CVE-2025-1000" in one.message
    assert one.remedy is not None
    assert one.remedy.summary == "Update httpd to 2.4.1"


def test_each_version_is_a_finding_of_its_own() -> None:
    found = told(SAMPLE, replace(SAMPLE, version="2.2", component="other")).findings
    assert [one.key for one in found] == ["httpd-2.2", "httpd-2.4"]


@pytest.mark.parametrize("state", [VexState.NOT_AFFECTED, VexState.FALSE_POSITIVE, VexState.RESOLVED])
def test_what_was_decided_does_not_count(state: VexState) -> None:
    assert told(replace(SAMPLE, vex=Vex(state))).outcome is Outcome.PASS


@pytest.mark.parametrize("vex", [None, Vex(VexState.EXPLOITABLE), Vex(VexState.IN_TRIAGE),
                                 Vex(VexState.NOT_AFFECTED, needs_review="was decided for 2.3")])  # fmt: skip
def test_what_is_open_or_to_be_reviewed_counts(vex: Vex | None) -> None:
    assert told(replace(SAMPLE, vex=vex)).outcome is Outcome.FAIL


def test_what_could_not_be_told_is_no_pass() -> None:
    assert told(OFF, unread=("the version of x is not known",)).outcome is Outcome.UNKNOWN
    assert told(SAMPLE, unread=("the version of x is not known",)).outcome is Outcome.FAIL


def test_without_a_fix_a_release_is_to_be_looked_for() -> None:
    (one,) = told(MILD).findings
    assert one.remedy is not None
    assert one.remedy.summary == "Look for a release of httpd that mends CVE-2025-1001"


def program(path: str, kind: Kind = Kind.SHARED) -> Program:
    return Program(path, Elf(64, False, "aarch64", kind))


def unidentified(*programs: Program, files: PackageFiles | None | Unknown = None) -> Verdict:
    facts = Facts("image", Source.IMAGE, {Identified: Identified(programs), PackageFiles: files})
    return judge(component_unidentified, facts, None, CLOCK)


def test_programs_of_one_folder_are_one_finding() -> None:
    found = unidentified(*(program(f"opt/app/{name}") for name in "abcdef"), program("usr/bin/x")).findings
    assert [(one.key, one.message.partition(":")[0]) for one in found] == [
        ("opt/app", "a, b, c, d and 2 more in opt/app"),
        ("usr/bin", "x in usr/bin"),
    ]


def test_modules_belong_to_their_kernel_and_files_of_packages_to_these() -> None:
    owned = PackageFiles({"usr/bin/x": "x"})
    assert unidentified(program("lib/modules/6.1/a.ko", Kind.OBJECT)).outcome is Outcome.PASS
    assert unidentified(program("usr/bin/x"), files=owned).outcome is Outcome.PASS
    assert unidentified(program("usr/bin/y"), files=owned).outcome is Outcome.FAIL


def test_lists_that_could_not_be_read_are_no_pass() -> None:
    assert unidentified(files=PackageFiles({}, ("info/x.list is damaged",))).outcome is Outcome.UNKNOWN
    assert unidentified(files=Unknown("damaged")).outcome is Outcome.UNKNOWN


def test_folders_are_bounded() -> None:
    found = unidentified(*(program(f"opt/{number:03}/x") for number in range(FOLDERS_LIMIT + 5)))
    assert len(found.findings) == FOLDERS_LIMIT
    assert found.reason is not None
