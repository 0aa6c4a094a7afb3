"""checks, explain, doctor: what a newcomer tries first."""

import json

import pytest
from command import Firmward

from firmward.audit.catalogue import catalogue
from firmward.model.check import Check


def test_checks_lists_them_all(firmward: Firmward) -> None:
    called = firmward("checks")
    assert called.code == 0
    assert all(check.id in called.out for check in catalogue())


def test_checks_of_one_area_for_programs(firmward: Firmward) -> None:
    rows = json.loads(firmward("checks", "access", "--json").out)
    assert rows
    assert {row["area"] for row in rows} == {"access"}


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_every_check_is_explained(firmward: Firmward, check: Check) -> None:
    called = firmward("explain", check.id)
    assert called.code == 0
    assert check.title in " ".join(called.out.split())


def test_doctor_says_what_goes_unknown(firmward: Firmward) -> None:
    called = firmward("doctor")
    assert called.code in (0, 1)
    assert "cannot be opened" in called.out


def test_help_shows_examples(firmward: Firmward) -> None:
    called = firmward("audit", "--help")
    assert called.code == 0
    assert "firmward audit camera.img" in called.out


def test_the_version_is_the_packages(firmward: Firmward) -> None:
    assert firmward("--version").out.startswith("firmward 0.")
