"""Verdicts of several parts become one report: worst outcome, stable fingerprints, nothing unread counts as good."""

from dataclasses import replace

import pytest
from report_sample import (
    CHECKS,
    CLOCK,
    FOUND,
    INITRAMFS,
    PARTS,
    ROOT,
    SUBJECT,
    camera,
    composed,
    made_up,
    unreadable,
    verdicts,
)

from firmward.audit.composition import compose
from firmward.audit.engine import Verdict
from firmward.model.finding import Finding, Outcome, Severity
from firmward.model.location import Location
from firmward.model.report import Budget, CheckResult, Part, Report, Role

CHECK = made_up("telnet-enabled", "access", Severity.HIGH, "Telnet is started")
A = Part("image/rootfs_a", "squashfs", "image", role=Role.ROOT)
B = Part("image/rootfs_b", "squashfs", "image", role=Role.ROOT)


def judged(outcomes: dict[str, Verdict], *parts: Part) -> Report:
    return compose(SUBJECT, parts, {part: [verdict] for part, verdict in outcomes.items()}, None, CLOCK, Budget())


def result(report: Report, check: str = "telnet-enabled") -> CheckResult:
    return next(result for result in report.checks if result.check == check)


@pytest.mark.parametrize(
    ("one", "other", "worst"),
    [
        (Outcome.PASS, Outcome.FAIL, Outcome.FAIL),
        (Outcome.ERROR, Outcome.FAIL, Outcome.FAIL),
        (Outcome.ERROR, Outcome.UNKNOWN, Outcome.ERROR),
        (Outcome.PASS, Outcome.UNKNOWN, Outcome.UNKNOWN),
        (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.PASS),
        (Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE),
    ],
)
def test_the_worst_part_counts(one: Outcome, other: Outcome, worst: Outcome) -> None:
    report = judged({A.id: Verdict(CHECK, one), B.id: Verdict(CHECK, other)}, A, B)
    assert result(report).outcome is worst
    assert [part.part for part in result(report).parts] == [A.id, B.id]


def test_a_reason_names_its_part_when_parts_differ() -> None:
    report = judged({A.id: Verdict(CHECK, Outcome.PASS), B.id: Verdict(CHECK, Outcome.UNKNOWN, "locked")}, A, B)
    assert result(report).reason == "image/rootfs_b: locked"
    same = judged({part.id: Verdict(CHECK, Outcome.UNKNOWN, "no policy") for part in (A, B)}, A, B)
    assert result(same).reason == "no policy"


def test_a_root_that_could_not_be_opened_leaves_no_pass() -> None:
    report = judged({A.id: Verdict(CHECK, Outcome.PASS)}, A, replace(B, problem="damaged superblock"))
    assert result(report).outcome is Outcome.UNKNOWN
    assert result(report).reason == "image/rootfs_b: could not be read: damaged superblock"
    assert (report.judged, report.unknown) == (0, 1)


def test_a_root_read_in_part_leaves_no_pass_and_keeps_its_findings() -> None:
    torn = replace(A, problem="12 blocks cannot be read")
    assert result(judged({A.id: Verdict(CHECK, Outcome.PASS)}, torn)).outcome is Outcome.UNKNOWN
    assert result(judged({A.id: Verdict(CHECK, Outcome.NOT_APPLICABLE)}, torn)).outcome is Outcome.UNKNOWN
    found = Verdict(CHECK, Outcome.FAIL, None, (Finding("telnetd", "it runs"),))
    assert result(judged({A.id: found}, torn)).outcome is Outcome.FAIL


def test_a_blob_that_could_not_be_opened_changes_nothing() -> None:
    report = judged(
        {A.id: Verdict(CHECK, Outcome.PASS)}, A, Part("image/blob", "unknown", "image", problem="encrypted")
    )
    assert result(report).outcome is Outcome.PASS


def test_without_a_root_every_check_is_unknown() -> None:
    report = unreadable()
    assert {check.outcome for check in report.checks} == {Outcome.UNKNOWN}
    assert len(report.checks) == len(CHECKS)
    assert report.judged == 0
    assert "no root file system could be read (camera.bin: no known format" in (report.checks[0].reason or "")


@pytest.mark.parametrize(("at", "parts"), [(None, [A.id]), (Location("etc/x"), ["image/early", A.id])])
def test_what_is_missing_is_told_of_the_root_and_not_of_its_initramfs_too(
    at: Location | None, parts: list[str]
) -> None:
    early = Part("image/early", "cpio", "image", role=Role.INITRAMFS)
    missing = Verdict(CHECK, Outcome.FAIL, None, (Finding("review", "there is none", at),))
    report = judged({early.id: missing, A.id: missing}, early, A)
    assert sorted(finding.at.part or "" for finding in report.findings if finding.at) == sorted(parts)
    assert [part.part for part in result(report).parts] == ["image/early", A.id]


def test_a_broken_check_is_a_finding_and_no_verdict() -> None:
    report = judged({A.id: Verdict(CHECK, Outcome.ERROR, "internal error, KeyError: 'x'", (Finding("a", "m"),))}, A)
    assert [finding.outcome for finding in report.findings] == ["fail", "error"]
    assert report.judged == 0


def test_findings_are_sorted_worst_first() -> None:
    report = camera()
    ranks = [finding.severity.rank for finding in report.findings]
    assert ranks == sorted(ranks)
    assert len(report.findings) == 29


def test_a_findings_own_severity_overrides_the_checks() -> None:
    found = Verdict(CHECK, Outcome.FAIL, None, (Finding("telnetd", "m", severity=Severity.CRITICAL),))
    assert judged({A.id: found}, A).findings[0].severity is Severity.CRITICAL


def fingerprints(report: Report) -> list[str]:
    return sorted(finding.fingerprint for finding in report.findings)


def test_fingerprints_are_distinct() -> None:
    assert len(set(fingerprints(camera()))) == len(camera().findings)


def test_fingerprints_survive_offsets_lines_and_the_images_name() -> None:
    def build(name: str, offset: int, line: int, message: str) -> Report:
        root = f"{name}/squashfs-0x{offset:x}"
        parts = (Part(name, "raw"), Part(f"{name}/uimage-0x40", "uimage", name), Part(root, "squashfs", name))
        found = (Finding("telnetd", message, Location("etc/rc.local", line)),)
        return judged({root: Verdict(CHECK, Outcome.FAIL, None, found)}, *parts)

    first = build("camera-1.0.bin", 0x1A0000, 9, "telnetd is started")
    second = build("camera-1.1.bin", 0x1B4000, 12, "telnetd is started (line 12)")
    assert fingerprints(first) == fingerprints(second)


def test_fingerprints_survive_other_findings() -> None:
    fewer = {place: found for place, found in FOUND.items() if place[1] != "backdoor-listener"}
    report = composed({ROOT: verdicts(ROOT, fewer), INITRAMFS: verdicts(INITRAMFS, fewer)}, None, PARTS)
    assert set(fingerprints(report)) < set(fingerprints(camera()))


def test_fingerprints_tell_parts_apart() -> None:
    found = Verdict(CHECK, Outcome.FAIL, None, (Finding("telnetd", "m", Location("etc/rc.local", 1)),))
    assert len(set(fingerprints(judged({A.id: found, B.id: found}, A, B)))) == 2
    first, second = replace(A, id="image/squashfs-0x100"), replace(A, id="image/squashfs-0x200")
    assert len(set(fingerprints(judged({first.id: found, second.id: found}, first, second)))) == 2


def test_words_of_the_check_travel_with_the_report() -> None:
    check = result(camera())
    assert check.doc.splitlines()[0].startswith("Telnet is started")
    assert "\n    " not in check.doc
    assert check.practice == ("P18", "P20")
    assert check.cwe == 319
    assert camera().product == "Porch camera PC-2 3.1.0"
