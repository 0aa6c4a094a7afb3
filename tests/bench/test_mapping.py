"""The table of which auditor's test asks what: every row is of use, and none names a check that is not there."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from firmward.audit.catalogue import catalogue

FILE = Path(__file__).parents[2] / "bench" / "mapping.py"
SPEC = importlib.util.spec_from_file_location("mapping", FILE)
assert SPEC is not None
assert SPEC.loader is not None
mapping = importlib.util.module_from_spec(SPEC)
sys.modules["mapping"] = mapping  # where its dataclass looks its own annotations up
SPEC.loader.exec_module(mapping)

NAMES = [f"{row.tool} {row.test} {row.checks[0]}" for row in mapping.ROWS]


@pytest.mark.parametrize("row", mapping.ROWS, ids=NAMES)
def test_a_row_maps_a_tools_test_to_checks_that_are_there(row: Any) -> None:
    known = {check.id for check in catalogue()}
    assert row.tool in mapping.TOOLS
    assert row.checks
    assert set(row.checks) <= known


@pytest.mark.parametrize("row", mapping.ROWS, ids=NAMES)
def test_a_row_says_why_and_by_what_it_counts(row: Any) -> None:
    assert row.why
    re.compile(row.says.replace("{where}", re.escape("usr.sbin.nginx")))


def test_no_row_stands_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_what_is_found_by_a_process_names_it() -> None:
    assert {row.asks for row in mapping.ROWS} <= {"", "sshd", "nginx", "snmpd", "xinetd", "inetd"}
