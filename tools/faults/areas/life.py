"""Support and its end, reviews, hidden modes, and what helps to write a policy."""

from fault import Fault

FAULTS = (
    Fault(
        "checks/life/support_ended.py",
        "clock.today >= end",
        "clock.today > end",
        "tests/checks/life",
        "the first day without support counted as the last one with it",
    ),
    Fault(
        "checks/life/review_missing.py",
        "and one.day <= clock.today]",
        "]",
        "tests/checks/life",
        "a review that is yet to come counts",
    ),
    Fault(
        "checks/life/advanced_mode_uncontrolled.py",
        "elif not unlock.wipes:",
        "elif False:",
        "tests/checks/life",
        "a button that erases nothing passes",
    ),
    Fault(
        "facts/unlock_scripts.py",
        "guard = self._stays(command) or guard",
        "pass",
        "tests/facts/test_unlocks.py",
        "what stands behind an early exit counted as open to all",
    ),
    Fault(
        "facts/unlock_scripts.py",
        "if opened not in SSH or",
        "if",
        "tests/facts/test_unlocks.py",
        "telnet behind a setting taken for a product's own switch",
    ),
    Fault(
        "facts/unlock_cues.py",
        "return is_off",
        "return False",
        "tests/facts/test_unlocks.py",
        "a switch that must be off taken for one that must be on",
    ),
    Fault(
        "audit/declaration.py",
        "power(one.name) is not None",
        "False",
        "tests/audit/test_declaration.py",
        "a setuid program that gives root away is declared",
    ),
    Fault(
        "audit/declaration.py",
        "return json.dumps(value, ensure_ascii=True)",
        "return f'\"{value}\"'",
        "tests/audit/test_declaration.py",
        "a name from the image writes lines of its own into the policy",
    ),
    Fault(
        "audit/doubts.py",
        "if risk.is_expired(today):",
        "if False:",
        "tests/audit/test_doubts.py",
        "an accepted risk that is over is not warned of",
    ),
    Fault(
        "model/schema.py",
        '"additionalProperties": False',
        '"additionalProperties": True',
        "tests/model/test_schema.py",
        "editors take keys that the parser refuses",
    ),
)
