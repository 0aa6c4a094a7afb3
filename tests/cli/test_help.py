"""What a newcomer reads of a command: every option with what it takes, examples, and what the exit code says."""

import re

import pytest
from command import Firmward

VERBS = (
    ("audit",),
    ("diff",),
    ("harden",),
    ("init",),
    ("lab", "boot"),
    ("lab", "shell"),
    ("policy", "check"),
    ("policy", "schema"),
)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize("columns", ["80", "120"])
def test_help_is_whole_in_a_narrow_and_a_wide_terminal(
    firmward: Firmward, verb: tuple[str, ...], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    told = firmward(*verb, "--help").out
    assert max(map(len, told.split("\n"))) <= int(columns)
    assert "Examples" in told
    assert "Exit codes" in told
    assert not re.search(r"<\w", told.partition("Options")[2]), "an option shows a type of Python's"


def test_an_example_fits_on_one_line_of_a_narrow_terminal() -> None:
    from firmward.cli import audit, diff, harden, init, lab, lab_boot, lab_shell, policy

    pages = (audit, diff, harden, init, lab, lab_boot, lab_shell, policy)
    for epilog in (*(page.EPILOG for page in pages), policy.CHECK_EPILOG, policy.SCHEMA_EPILOG):
        examples = [line for line in epilog.split("\n") if line.startswith("    firmward")]
        assert examples
        assert max(map(len, examples)) <= 4 + 76
