"""Environments in an image, of which no root is needed: from the bytes that mkenvimage writes to the report."""

from datetime import date
from pathlib import Path

import pytest
from program import find_program, run_program

from firmward.cli.judging import Question, Reading, audit_target
from firmward.image.budget import Limits
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.report import Report

SIZE = 0x4000
ERASED = b"\xff" * 65536
CHECK = "uboot-environment-on-media"


@pytest.fixture
def environment(tmp_path: Path) -> bytes:
    return made(tmp_path, "bootcmd=run distro\nbootdelay=2\nethaddr=02:00:00:00:00:01\n")


def made(folder: Path, text: str) -> bytes:
    program = find_program("mkenvimage")
    if program is None:
        pytest.skip("mkenvimage is not installed")
    (folder / "env.txt").write_text(text)
    done = run_program([program, "-s", str(SIZE), "-o", str(folder / "env"), str(folder / "env.txt")])
    assert done.returncode == 0
    return (folder / "env").read_bytes()


def report(folder: Path, image: bytes, *wanted: str) -> Report:
    (folder / "flash").write_bytes(image)
    question = Question(wanted or (CHECK,), None, Clock(date(2026, 11, 20)))
    return audit_target(folder / "flash", question, Reading(Limits()), lambda message: None)


def test_what_decides_the_boot_is_told_with_its_values(environment: bytes, tmp_path: Path) -> None:
    (finding,) = report(tmp_path, ERASED + environment + ERASED).findings
    assert finding.at is not None
    assert finding.at.part == "image/u-boot-env-0x10000"
    assert finding.evidence == "bootcmd=run distro; bootdelay=2"


def test_a_copy_kept_for_power_cuts_is_not_told_again(environment: bytes, tmp_path: Path) -> None:
    assert len(report(tmp_path, ERASED + environment + ERASED + environment + ERASED).findings) == 1
    other = made(tmp_path, "bootcmd=run other\n")
    assert len(report(tmp_path, ERASED + environment + ERASED + other + ERASED).findings) == 2


def test_addresses_and_counters_alone_are_harmless(tmp_path: Path) -> None:
    harmless = made(tmp_path, "ethaddr=02:00:00:00:00:01\nslot_left=3\nbaudrate=115200\n")
    found = report(tmp_path, ERASED + harmless + ERASED)
    assert [check.outcome for check in found.checks] == [Outcome.PASS]


def test_an_image_without_a_root_is_judged_as_far_as_it_goes(environment: bytes, tmp_path: Path) -> None:
    found = report(tmp_path, ERASED + environment + ERASED, CHECK, "telnet-enabled")
    outcomes = {check.check: check.outcome for check in found.checks}
    assert outcomes == {CHECK: Outcome.FAIL, "telnet-enabled": Outcome.UNKNOWN}


def test_the_root_of_an_image_is_not_asked_what_the_image_is(environment: bytes, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in ("etc", "bin", "sbin", "usr", "boot"):
        (root / name).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (root / "boot/uboot.env").write_bytes(environment)
    question = Question((CHECK, "account-extra-root"), None, Clock(date(2026, 11, 20)))
    found = audit_target(root, question, Reading(Limits()), lambda message: None)
    assert {check.check: [one.part for one in check.parts] for check in found.checks} == {
        CHECK: ["image"],
        "account-extra-root": ["image"],
    }
