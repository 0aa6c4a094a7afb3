"""Each cure is applied whole or not at all, in an order in which none disturbs another."""

import random
from dataclasses import dataclass

import pytest

from firmward.harden import changes
from firmward.harden.apply import Applied, apply, kinds
from firmward.harden.draft import Draft
from firmward.harden.plan import Cure
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.finding import Severity
from firmward.model.memory import Content, MemoryTree
from firmward.model.remedy import (
    AddLine,
    Change,
    Remedy,
    Remove,
    RemoveLine,
    ReplaceLine,
    Safety,
    SetKernelOption,
    SetKernelWord,
    SetMode,
    SetUbootOption,
    Stage,
    WriteFile,
)

LINES = "".join(f"{number}\n" for number in range(1, 10))


def cure(*made: Change, key: str = "") -> Cure:
    return Cure("check", key, Severity.HIGH, "", "", Remedy("", Safety.SAFE, Stage.IMAGE, made))


def site(files: dict[str, Content]) -> Site:
    return Site(Draft(MemoryTree(files)), Facts("system", Source.IMAGE, {}))


def reasons(applied: Applied) -> list[str]:
    return [one.reason for one in applied.refused]


def test_a_cure_of_several_changes_makes_all_of_them() -> None:
    here = site({"etc/rc": "telnetd\n", "usr/sbin/telnetd": "ELF"})
    applied = apply([cure(RemoveLine("etc/rc", 1, "telnetd"), Remove("usr/sbin/telnetd"))], here)
    assert len(applied.done) == 1
    assert here.draft.text("etc/rc") == ""
    assert not here.draft.exists("usr/sbin/telnetd")


@pytest.mark.parametrize(
    "failing",
    [
        RemoveLine("etc/rc", 1, "not there"),
        SetMode("not/there", 0o600),
        WriteFile("etc/rc/below", ""),
        AddLine("etc", "x"),
    ],
)
def test_a_cure_of_which_one_change_is_refused_leaves_nothing_behind(failing: Change) -> None:
    here = site({"etc/rc": "telnetd\n", "usr/sbin/telnetd": "ELF"})
    options = (SetKernelOption("CONFIG_DEVMEM", "n"), SetUbootOption("CONFIG_CMD_MD", "n"), SetKernelWord("quiet"))
    applied = apply([cure(Remove("usr/sbin/telnetd"), AddLine("etc/new", "x"), *options, failing)], here)
    assert applied.done == ()
    assert reasons(applied)[0].startswith("cannot be done here: ")
    assert list(here.draft.touched()) == []
    assert (here.beside.kernel, here.beside.uboot, here.beside.words) == ({}, {}, [])


def test_what_is_refused_of_one_cure_costs_no_other() -> None:
    here = site({"etc/rc": "a\nb\n"})
    given = [cure(AddLine("etc/rc", "c"), key="1"), cure(SetMode("gone", 0o600), key="2"), cure(key="3")]
    applied = apply(given, here)
    assert [one.key for one in applied.done] == ["1", "3"]
    assert [one.cure.key for one in applied.refused] == ["2"]
    assert here.draft.text("etc/rc") == "a\nb\nc\n"


@pytest.mark.parametrize("seed", range(8))
def test_lines_of_one_file_are_found_in_whatever_order_their_cures_come(seed: int) -> None:
    here = site({"etc/rc": LINES.replace("7", "3")})
    given = [cure(RemoveLine("etc/rc", 3, "3")), cure(ReplaceLine("etc/rc", 5, "5", "five"))]
    given += [cure(RemoveLine("etc/rc", 1, "1")), cure(RemoveLine("etc/rc", 9, "9"))]
    random.Random(seed).shuffle(given)
    assert len(apply(given, here).done) == 4
    assert here.draft.text("etc/rc") == "2\n4\nfive\n6\n3\n8\n"


@pytest.mark.parametrize("first", [0, 1])
def test_of_lines_alike_each_cure_finds_its_own(first: int) -> None:
    here = site({"etc/rc": "start\nrun\nrun\nrun\n"})
    given = [cure(RemoveLine("etc/rc", 1, "start")), cure(ReplaceLine("etc/rc", 3, "run", "walk"))]
    apply(given[first:] + given[:first], here)
    assert here.draft.text("etc/rc") == "run\nwalk\nrun\n"


def test_what_is_removed_goes_last() -> None:
    here = site({"etc/app/app.conf": "x\n"})
    applied = apply([cure(Remove("etc/app"), key="1"), cure(SetMode("etc/app/app.conf", 0o600), key="2")], here)
    assert [one.key for one in applied.done] == ["2", "1"]
    assert not here.draft.exists("etc/app")


def test_a_file_that_cannot_be_read_is_a_reason_and_no_fault() -> None:
    here = site({"etc/rc": "x" * (5 << 20)})
    applied = apply([cure(AddLine("etc/rc", "y"))], here)
    assert "larger than" in reasons(applied)[0]


def test_a_kind_that_nothing_here_makes_is_told() -> None:
    @dataclass(frozen=True)
    class Burn:
        fuse: int

    applied = apply([cure(Burn(1))], site({}))  # type: ignore[arg-type]
    assert reasons(applied) == ["cannot be done here: nothing here makes a change of the kind Burn"]


def test_every_file_of_changes_makes_the_kind_that_it_is_called_after() -> None:
    for kind, made in kinds().items():
        plain = made.__module__.removeprefix(f"{changes.__name__}.").replace("_", "")
        assert kind.__name__.lower() == plain
