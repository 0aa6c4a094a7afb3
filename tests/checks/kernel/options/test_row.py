"""How a row is judged: three answers, and none of a kernel that cannot have the option."""

from dataclasses import replace

import pytest

from firmward.checks.kernel.kernels.condition import Condition
from firmward.checks.kernel.options.row import (
    ARM64,
    Kernel,
    Row,
    Source,
    before,
    both,
    built,
    either,
    kernel_of,
    lists,
    named,
    off,
    since,
    value,
)
from firmward.facts.kernel_config import KernelOptions
from firmward.model.facts import Unknown
from firmward.model.location import Location

ROW = Row("GUARD", "y", "a wall of the house is missing, and the wind walks in", Source.OWN)


def kernel(version: str = "6.1.55", architecture: str = "arm64", *, is_complete: bool = True, **said: str) -> Kernel:
    return kernel_of(KernelOptions(Location("config"), said, is_complete, version, "", architecture))


@pytest.mark.parametrize(
    ("wanted", "said", "answer"),
    [
        ("y", {"GUARD": "y"}, True),
        ("y", {"GUARD": "m"}, False),
        ("y", {}, False),
        ("on", {"GUARD": "m"}, True),
        ("n", {}, True),
        ("n", {"GUARD": "n"}, True),
        ("n", {"GUARD": "m"}, False),
        ("65536", {"GUARD": "65536"}, True),
        ("65536", {"GUARD": "131072"}, False),
        ("max", {"GUARD": "33", "GUARD_MAX": "33"}, True),
        ("max", {"GUARD": "18", "GUARD_MAX": "33"}, False),
        ("has:yama", {"GUARD": "landlock,yama"}, True),
        ("has:yama", {"GUARD": "yamato,landlock"}, False),
        ("has:yama", {}, False),
    ],
)
def test_values(wanted: str, said: dict[str, str], answer: bool) -> None:
    assert replace(ROW, wanted=wanted).judge(kernel(**said)) is answer


def test_more_is_as_good_only_where_the_row_says_so() -> None:
    row = replace(ROW, wanted="4096", least=True)
    assert row.judge(kernel(GUARD="65536")) is True
    assert row.judge(kernel(GUARD="1")) is False
    assert row.judge(kernel(GUARD="plenty")) is False


def test_what_a_defconfig_leaves_out_is_not_known() -> None:
    assert isinstance(ROW.judge(kernel(is_complete=False)), Unknown)
    assert ROW.judge(kernel(is_complete=False, GUARD="n")) is False
    assert ROW.judge(kernel(is_complete=False, GUARD="y")) is True


def test_another_option_is_as_good() -> None:
    row = replace(ROW, instead=(off("DOOR"), built("OLD_GUARD")))
    assert row.judge(kernel(DOOR="y")) is False
    assert row.judge(kernel(DOOR="y", OLD_GUARD="y")) is True
    assert row.judge(kernel()) is True
    assert isinstance(row.judge(kernel(is_complete=False, GUARD="n")), Unknown)


def test_what_it_needs_has_a_row_of_its_own() -> None:
    row = replace(ROW, needs=(built("WALL"),))
    assert row.judge(kernel()) is None
    assert row.judge(kernel(GUARD="y")) is None
    assert row.judge(kernel(WALL="y")) is False
    assert isinstance(row.judge(kernel(is_complete=False, GUARD="n")), Unknown)


@pytest.mark.parametrize(
    ("version", "answer"),
    [("5.4.208", None), ("5.5", False), ("5.5.1", False), ("6.15.9", False), ("6.16", None), ("6.16-rc1", None)],
)
def test_a_row_is_asked_of_the_versions_that_have_the_option(version: str, answer: bool | None) -> None:
    row = replace(ROW, since=(5, 5), until=(6, 16))
    assert row.judge(kernel(version)) is answer


def test_an_option_that_is_named_is_there_in_whatever_version() -> None:
    row = replace(ROW, since=(6, 9))
    assert row.judge(kernel("5.10.230", GUARD="n")) is False


def test_a_kernel_of_unknown_version_is_not_judged_where_that_decides() -> None:
    row = replace(ROW, since=(5, 5))
    for version in ("", "next", "6.x", "6.1_vendor"):
        assert isinstance(row.judge(kernel(version)), Unknown)
    assert row.judge(kernel("", GUARD="y")) is True
    assert ROW.judge(kernel("")) is False


def test_a_row_is_asked_of_its_processors() -> None:
    row = replace(ROW, architectures=ARM64)
    assert row.judge(kernel()) is False
    assert row.judge(kernel(architecture="arm")) is None
    assert row.judge(kernel(architecture="", ARM64="y")) is False
    assert isinstance(row.judge(kernel(architecture="")), Unknown)


@pytest.mark.parametrize(
    ("title", "said", "architecture"),
    [
        ("x86_64", {}, "x86-64"),
        ("x86", {"X86_64": "y"}, "x86-64"),
        ("x86", {}, "x86-32"),
        ("i386", {}, "x86-32"),
        ("", {"X86": "y", "X86_64": "y"}, "x86-64"),
        ("", {"PPC": "y"}, "powerpc"),
        ("riscv", {}, "riscv"),
        ("s390", {}, "s390"),
    ],
)
def test_processors_are_named_as_rows_do(title: str, said: dict[str, str], architecture: str) -> None:
    assert kernel(architecture=title, **said).architecture == architecture


YES, NO, OPEN = since(6), since(7), value("LOST", "y")


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (both(YES, YES), True),
        (both(YES, NO), False),
        (both(OPEN, NO), False),
        (both(OPEN, YES), None),
        (either(NO, YES), True),
        (either(NO, NO), False),
        (either(OPEN, YES), True),
        (either(OPEN, NO), None),
        (before(7), True),
        (before(6, 1), False),
        (named("NEW", "OLD"), True),
        (named("NEW"), False),
        (lists("LSM", "yama"), True),
        (lists("LSM", "lockdown"), False),
    ],
)
def test_conditions_have_three_answers(condition: Condition, answer: bool | None) -> None:
    found = condition(kernel(is_complete=False, OLD="n", LSM="yama,bpf").options)
    assert isinstance(found, Unknown) if answer is None else found is answer


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (built("A"), "CONFIG_A on"),
        (off("A"), "CONFIG_A off"),
        (value("A", "0x0"), "CONFIG_A = 0x0"),
        (both(built("A"), since(5, 19)), "CONFIG_A on and Linux 5.19"),
        (either(before(6), lists("LSM", "yama")), "Linux before 6 or CONFIG_LSM with yama"),
    ],
)
def test_conditions_say_themselves_in_words(condition: Condition, text: str) -> None:
    assert condition.text == text
