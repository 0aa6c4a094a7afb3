"""Serial lines and debug ports of whole images: trees that dtc compiled, and a distribution's."""

from datetime import date
from pathlib import Path

import pytest
from program import find_program, run_program
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.cli.judging import Question, Reading, audit_target
from firmward.image.budget import Limits
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.policy import parse_policy
from firmward.model.report import Report

pytestmark = pytest.mark.skipif(find_program("dtc") is None, reason="device-tree-compiler is missing")

BOARD = """
    model = "Camera 2"; compatible = "maker,%s";
    chosen { stdout-path = "/serial@1:115200"; };
    serial@1 { compatible = "arm,pl011"; status = "%s"; };
    etm { compatible = "arm,coresight-etm3x"; status = "%s"; };
"""


def report(target: Path, policy: str | None = None) -> Report:
    declared = None if policy is None else parse_policy(policy)
    question = Question(("boot",), declared, Clock(date(2026, 11, 20)))
    return audit_target(target, question, Reading(Limits()), lambda message: None)


def lay(folder: Path, name: str, serial: str = "okay", etm: str = "okay") -> None:
    source = b"/dts-v1/; / {" + (BOARD % (name, serial, etm)).encode() + b"};"
    (folder / f"{name}.dtb").write_bytes(run_program(["dtc", "-q", "-I", "dts", "-O", "dtb"], feed=source).stdout)


def outcome(found: Report, check: str) -> Outcome:
    return next(one.outcome for one in found.checks if one.check == check)


def keys(found: Report, check: str) -> list[str]:
    return [one.key for one in found.findings if one.check == check]


def test_the_only_tree_is_judged(tmp_path: Path) -> None:
    lay(tmp_path, "camera")
    found = report(tmp_path)
    assert keys(found, "debug-uart-enabled") == ["/serial@1"]
    assert keys(found, "debug-port-enabled") == ["coresight"]


def test_a_tree_that_was_closed_passes(tmp_path: Path) -> None:
    lay(tmp_path, "camera", serial="disabled", etm="disabled")
    found = report(tmp_path)
    assert outcome(found, "debug-uart-enabled") is Outcome.PASS
    assert outcome(found, "debug-port-enabled") is Outcome.PASS


def test_of_many_trees_is_said_what_all_have_in_common_and_once(tmp_path: Path) -> None:
    for number in range(20):
        lay(tmp_path, f"board-{number}", etm="okay" if number else "disabled")
    found = report(tmp_path)
    assert keys(found, "debug-uart-enabled") == ["stdout"]
    assert keys(found, "debug-port-enabled") == []
    assert outcome(found, "debug-port-enabled") is Outcome.UNKNOWN


@pytest.mark.parametrize(("board", "expected"), [("board-0", Outcome.PASS), ("board-1", Outcome.FAIL)])
def test_the_declaration_may_name_the_board(board: str, expected: Outcome, tmp_path: Path) -> None:
    for number in range(3):
        lay(tmp_path, f"board-{number}", etm="okay" if number else "disabled")
    found = report(tmp_path, f'[device]\nproduct = "camera"\nboard = "{board}"\n')
    assert outcome(found, "debug-port-enabled") is expected


def test_output_may_be_declared(tmp_path: Path) -> None:
    lay(tmp_path, "camera")
    assert outcome(report(tmp_path, '[boot]\nconsole = "output-only"\n'), "debug-uart-enabled") is Outcome.PASS
    assert outcome(report(tmp_path, '[boot]\nconsole = "off"\n'), "debug-uart-enabled") is Outcome.FAIL


def test_a_kernel_without_drivers_makes_it_low(tmp_path: Path) -> None:
    lay(tmp_path, "camera")
    lines = "".join(f"CONFIG_OPTION_{number}=y\n" for number in range(300))
    head = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm 6.1.0 Kernel Configuration\n#\n"
    config = tmp_path / "config-6.1"
    config.write_text(f"{head}{lines}# CONFIG_CORESIGHT is not set\n")
    (low,) = [one for one in report(tmp_path).findings if one.check == "debug-port-enabled"]
    config.write_text(f"{head}{lines}CONFIG_CORESIGHT=y\n")
    (medium,) = [one for one in report(tmp_path).findings if one.check == "debug-port-enabled"]
    assert (low.severity.value, medium.severity.value) == ("low", "medium")
    assert "CONFIG_CORESIGHT" in medium.message


@pytest.mark.proof
def test_a_distributions_trees_make_no_thousand_findings() -> None:
    try:
        found = report(kernel("arm64", "arm64"))
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    assert outcome(found, "debug-uart-enabled") is Outcome.UNKNOWN
    assert outcome(found, "debug-port-enabled") is Outcome.UNKNOWN
    assert keys(found, "debug-uart-enabled") == keys(found, "debug-port-enabled") == []
