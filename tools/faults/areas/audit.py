"""What the audit says, and what its reports hide."""

from fault import Fault

FAULTS = (
    Fault(
        "audit/accept.py", "if not expired:", "if True:", "tests/audit/test_accept.py", "an expired acceptance goes on"
    ),
    Fault(
        "audit/composition.py",
        "if problem and verdict.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):",
        "if False:",
        "tests/audit/test_composition.py",
        "a pass in a part that was read only in part",
    ),
    Fault(
        "audit/composition.py",
        'name = OFFSET.sub("", id.rpartition("/")[2])',
        'name = str(id.rpartition("/")[2])',
        "tests/audit/test_composition.py",
        "a fingerprint that changes when a part moves",
    ),
    Fault(
        "audit/engine.py",
        "return Verdict(check, Outcome.UNKNOWN, value.reason)",
        "return Verdict(check, Outcome.PASS, value.reason)",
        "tests/test_every_check.py tests/audit/test_engine.py",
        "unknown facts taken for a pass",
    ),
    Fault(
        "audit/engine.py",
        'outcome, reason = Outcome.ERROR, f"internal error',
        'outcome, reason = Outcome.PASS, f"internal error',
        "tests/audit/test_engine.py",
        "a check that breaks taken for a pass",
    ),
    Fault(
        "audit/engine.py",
        "if findings and outcome is not Outcome.ERROR:",
        "if findings and outcome is Outcome.PASS:",
        "tests/audit/test_engine.py",
        "findings lost when the check could not look everywhere",
    ),
    Fault(
        "audit/redact.py",
        "for pattern, replacement in _MASKS:",
        "for pattern, replacement in _MASKS[:2]:",
        "tests/audit/test_redact.py",
        "password hashes shown",
    ),
    Fault(
        "audit/writing.py",
        "Path(name).unlink()",
        "pass",
        "tests/audit/test_writing.py tests/cli/test_audit.py",
        "a half-written report is left behind",
    ),
    Fault(
        "audit/difference_findings.py",
        "    if not seen:\n        return FindingChanged.UNSEEN\n",
        "",
        "tests/audit/test_difference.py",
        "a finding that nobody could look for taken for mended",
    ),
    Fault(
        "audit/difference_record.py",
        "ranks += [change.severity.rank for change in self.lost]",
        "pass",
        "tests/audit/test_difference.py",
        "a check that lost its verdict taken for no worse",
    ),
    Fault(
        "audit/baseline.py",
        'if finding.outcome == "fail"\n    }',
        "}",
        "tests/audit/test_baseline.py",
        "an accepted risk in a baseline stays quiet when its acceptance ends",
    ),
    Fault(
        "audit/tree_difference.py",
        "opened = is_open(now) and not",
        "opened = is_open(now) and",
        "tests/audit/test_tree_difference.py",
        "what everybody may write now is not noted",
    ),
    Fault(
        "audit/drift.py",
        "if side.knowledge is Knowledge.UNKNOWN:",
        "if False:",
        "tests/audit/test_drift.py",
        "services that nobody could look for taken for gone",
    ),
    Fault(
        "cli/diff.py",
        "if not found.is_complete:",
        "if False:",
        "tests/cli/test_diff.py",
        "a side that was read in part ends with 0",
    ),
)
