"""Which files of a folder run-parts runs, by the program that is there."""

import pytest

from firmward.facts.run_parts import run_parts
from firmward.model.memory import Content, MemoryTree, Node, executable, link

SCRIPT = executable("#!/bin/sh\n")
NAMES = ("a", "b.sh", "c~", "d.rpmsave", ".e", "x+y", "D_1")


@pytest.mark.parametrize(
    ("program", "run"),
    [
        ({"bin/busybox": executable(b"\x7fELF"), "bin/run-parts": link("busybox")}, {"D_1", "a", "b.sh", "d.rpmsave"}),
        ({"usr/bin/run-parts": executable(b"\x7fELF")}, {"D_1", "a"}),
        ({"usr/bin/run-parts": SCRIPT}, {"D_1", "a", "b.sh", "x+y"}),
        ({}, {"D_1", "a", "b.sh", "d.rpmsave"}),
    ],
    ids=("BusyBox", "debianutils", "cronie", "none"),
)
def test_names_are_run_as_the_program_reads_them(program: dict[str, Content], run: set[str]) -> None:
    tree = MemoryTree({**program, **{f"etc/cron.daily/{name}": SCRIPT for name in NAMES}})
    assert set(run_parts(tree, ("etc/cron.daily",))) == {f"etc/cron.daily/{name}" for name in run}


def test_what_is_not_executable_is_passed_over() -> None:
    tree = MemoryTree(
        {
            "etc/periodic/daily/off": Node("#!/bin/sh\n", mode=0o644),
            "etc/periodic/daily/linked": link("/opt/job"),
            "etc/periodic/daily/nowhere": link("/data/job"),
            "opt/job": SCRIPT,
        }
    )
    assert tuple(run_parts(tree, ("etc/periodic/*",))) == ("etc/periodic/daily/linked",)
