"""Words of the command line and kernel parameters beside a public checker, whose verdicts are kept as facts."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from real import kernel_words

TOOLS = Path(__file__).parents[2] / "tools"
SPEC = importlib.util.spec_from_file_location("kernel_words_section", TOOLS / "kernel_words.py")
assert SPEC is not None
assert SPEC.loader is not None
section = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = section
SPEC.loader.exec_module(section)

PROGRAM = "FIRMWARD_KERNEL_HARDENING_CHECKER"


def test_what_differs_has_a_reason_and_stands_in_the_docs() -> None:
    told = (TOOLS / "kernel_comparison.md").read_text(encoding="utf-8")
    assert section.section() in told


def test_nothing_fails_here_that_the_program_passes() -> None:
    _, others = kernel_words.differences()
    assert not [(one.case.processor, one.case.name, one.name) for one in others if one.theirs]


def test_each_row_of_the_program_is_asked_or_said_why_not() -> None:
    assert set(kernel_words.unasked()) == {
        "net.ipv4.conf.default.accept_source_route",
        "net.ipv6.conf.default.accept_source_route",
        "net.ipv6.conf.all.accept_ra",
        "net.ipv6.conf.default.accept_ra",
    }


def test_each_reason_explains_something() -> None:
    _, others = kernel_words.differences()
    assert {section.reason(one) for one in others} == {reason.text for reason in section.REASONS}


@pytest.mark.proof
def test_the_program_says_what_is_kept_of_it() -> None:
    program = os.environ.get(PROGRAM)
    if not program:
        pytest.skip(f"{PROGRAM} does not say where the program is")
    assert kernel_words.asked(program.split()) == kernel_words.recorded()
