"""What is planted is found, and nothing of medium or above where nothing is."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from truth.row import Truth

from firmward.audit.catalogue import catalogue
from firmward.model.finding import Outcome
from truth import accuracy

ROOT = Path(__file__).parents[2]


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_tool", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


tool, remedies = loaded("accuracy"), loaded("hardening")

SYSTEMS = [pytest.param(system, id=system.name) for system in accuracy.systems()]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_planted_mistake_is_found(system: Truth) -> None:
    known = {check.id for check in catalogue()}
    assert not [mistake.check for mistake in system.mistakes if mistake.check not in known]
    assert not [(mistake.check, mistake.where) for mistake in accuracy.missed(system)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_clean_twin_has_no_finding_of_medium_or_above(system: Truth) -> None:
    assert not accuracy.false_alarms(system)


@pytest.mark.parametrize("system", SYSTEMS)
def test_nothing_but_the_mistakes_is_found(system: Truth) -> None:
    assert not accuracy.surplus(system)


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_check_breaks(system: Truth) -> None:
    judged = (*accuracy.of_clean(system.name), *accuracy.of_planted(system.name))
    assert not [verdict.reason for verdict in judged if verdict.outcome is Outcome.ERROR]


def test_mistakes_do_not_touch_each_other() -> None:
    for system in accuracy.systems():
        files = [path for mistake in system.mistakes for path in (*mistake.files, *mistake.without)]
        assert len(files) == len(set(files)), system.name


def test_there_are_fifty_systems_over_all_distributions_and_init_systems() -> None:
    assert len(accuracy.systems()) >= 50
    assert len({system.name for system in accuracy.systems()}) == len(accuracy.systems())
    distributions = {system.distribution for system in accuracy.systems()}
    assert distributions == {"yocto", "openwrt", "buildroot", "debian", "alpine", "balena", "vendor"}
    assert {system.init for system in accuracy.systems()} >= {"systemd", "sysv", "busybox", "procd", "openrc", "script"}


SCORES = [pytest.param(check, id=check) for check in sorted(accuracy.scored())]


@pytest.mark.parametrize("check", SCORES)
def test_every_check_has_a_system_where_it_fails_and_one_where_it_does_not(check: str) -> None:
    score = accuracy.scores()[check]
    assert score.planted >= 1
    assert score.clean >= 1


def test_the_page_is_current() -> None:
    """It is beside the others since what it counts is judged once in a process."""
    assert (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8") == tool.page(), "run make docs"


def test_the_page_of_remedies_is_current() -> None:
    assert (ROOT / "docs" / "hardening.md").read_text(encoding="utf-8") == remedies.page(), "run make docs"
