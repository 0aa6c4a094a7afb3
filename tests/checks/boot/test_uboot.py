"""What U-Boot lets through: from made binaries whose every trait is chosen, and from the boards that Debian ships."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from real.packages import unpacked
from real.roots import NoPackagesError
from uboot_made import COMMANDS, SAID, SHAPES, made

from firmward.cli.judging import Question, Reading, audit_target
from firmward.image.budget import Limits
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.report import Report

ANY_KEY = b"Hit any key to stop autoboot: %2d "
STORED = {"bootcmd": "mmc rescan; load mmc 0:1 ${loadaddr} fitImage; bootm ${loadaddr}", "bootdelay": "2"}
DISTRO = {
    "bootcmd": "run distro_bootcmd",
    "distro_bootcmd": "for target in ${boot_targets}; do run bootcmd_${target}; done",
    "boot_targets": "mmc0 usb0 dhcp",
    "bootcmd_mmc0": "load mmc 0:1 ${a} Image; booti ${a}",
    "bootcmd_usb0": "usb start; load usb 0:1 ${a} Image; booti ${a}",
    "bootcmd_dhcp": "dhcp ${a} Image; booti ${a}",
    "bootdelay": "-2",
}


def report(target: Path) -> Report:
    question = Question(("boot",), None, Clock(date(2026, 11, 20)))
    return audit_target(target, question, Reading(Limits()), lambda message: None)


def failing(found: Report, start: str = "") -> set[str]:
    return {check.check for check in found.checks if check.outcome is Outcome.FAIL and check.check.startswith(start)}


def binary(folder: Path, environment: Mapping[str, str], *said: bytes, commands: tuple[str, ...] = COMMANDS) -> Path:
    data = made(SHAPES["arm"], environment=dict(environment), said=(*SAID, *said), commands=commands)
    (folder / "u-boot.bin").write_bytes(data)
    return folder / "u-boot.bin"


def keys(found: Report, check: str) -> list[str]:
    return [finding.key for finding in found.findings if finding.check == check]


def test_a_key_pressed_in_time_reaches_the_prompt(tmp_path: Path) -> None:
    found = report(binary(tmp_path, STORED, ANY_KEY))
    assert keys(found, "uboot-shell-reachable") == ["any key"]
    assert "uboot-shell-reachable" not in failing(report(binary(tmp_path, {**STORED, "bootdelay": "-2"}, ANY_KEY)))


def test_without_an_autoboot_the_prompt_is_there_at_once(tmp_path: Path) -> None:
    without_delay = {"bootcmd": STORED["bootcmd"], "stdin": "serial"}
    assert keys(report(binary(tmp_path, without_delay)), "uboot-shell-reachable") == ["no autoboot"]


def test_an_autoboot_that_speaks_in_no_known_words_is_not_passed(tmp_path: Path) -> None:
    found = {check.check: check for check in report(binary(tmp_path, STORED)).checks}
    assert found["uboot-shell-reachable"].outcome is Outcome.UNKNOWN
    assert "was not recognised" in str(found["uboot-shell-reachable"].reason)


def test_commands_are_told_by_what_one_can_do_with_them(tmp_path: Path) -> None:
    found = report(binary(tmp_path, STORED, ANY_KEY))
    assert keys(found, "uboot-risky-command") == ["environment", "go", "memory"]
    few = ("base", "boot", "bootm", "echo", "help", "printenv", "reset", "run", "version")
    assert keys(report(binary(tmp_path, STORED, ANY_KEY, commands=few)), "uboot-risky-command") == []


def test_what_is_booted_from_outside_is_told_in_its_order(tmp_path: Path) -> None:
    assert "boot-mode-unverified" not in failing(report(binary(tmp_path, STORED)))
    found = [one for one in report(binary(tmp_path, DISTRO)).findings if one.check == "boot-mode-unverified"]
    assert [one.evidence for one in found] == ["mmc, usb, tftp"]


BOARDS = {
    "u-boot-qemu:all": {
        "boot-mode-unverified",
        "debug-uart-enabled",
        "uboot-environment-writable",
        "uboot-legacy-image-accepted",
        "uboot-risky-command",
        "uboot-shell-reachable",
    },
    "u-boot-rpi:arm64": {
        "boot-mode-unverified",
        "debug-uart-enabled",
        "uboot-environment-writable",
        "uboot-risky-command",
        "uboot-shell-reachable",
    },
    "u-boot-stm32:armhf": {
        "boot-mode-unverified",
        "bootloader-unsigned",
        "debug-uart-enabled",
        "uboot-environment-writable",
        "uboot-risky-command",
        "uboot-shell-reachable",
    },
}


@pytest.mark.proof
@pytest.mark.parametrize("package", BOARDS)
def test_of_debians_boards_is_said_what_is_right(package: str) -> None:
    name, _, architecture = package.partition(":")
    try:
        found = report(unpacked(name, architecture))
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    assert failing(found) - {"fit-weak-algorithm"} == BOARDS[package]


@pytest.mark.proof
def test_the_two_stock_builds_that_verify_fits_are_told_to_take_legacy_images() -> None:
    """Seen under QEMU: an unsigned uImage boots beside a required key."""
    try:
        found = report(unpacked("u-boot-qemu", "all"))
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    told = {one.at.part for one in found.findings if one.check == "uboot-legacy-image-accepted" and one.at}
    assert told == {f"image/usr/lib/u-boot/{board}/u-boot.bin" for board in ("qemu_arm", "qemu_arm64")}
