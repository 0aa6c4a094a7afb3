"""The fragment for U-Boot: the audit of what is built with it has no finding that was promised to go."""

import re
from pathlib import Path
from shutil import which

import pytest
from bettered import bettered, keys, verdicts
from merged import kept, lost, merged, run
from real.roots import NoPackagesError
from real.sources import unpacked_source

from firmward.facts.uboot_configs import of_configuration
from firmward.facts.uboots import Uboots
from firmward.formats import uboot_config
from firmward.model.finding import Severity
from firmward.model.location import Location

OF_UBOOT = (
    "uboot-shell-reachable", "uboot-risky-command", "uboot-environment-writable", "uboot-legacy-image-accepted",
    "boot-mode-unverified", "debug-uart-enabled",
)  # fmt: skip


def uboot(text: str) -> Uboots:
    return Uboots((of_configuration(uboot_config.parse(text.encode()), Location(part="given/u-boot.config")),))


MADE = "#\n# U-Boot 2023.01 Configuration\n#\n" + "".join(f"CONFIG_X{number}=y\n" for number in range(200))
OPEN = (
    "CONFIG_CMDLINE=y\nCONFIG_AUTOBOOT=y\nCONFIG_BOOTDELAY=2\nCONFIG_FIT=y\nCONFIG_FIT_SIGNATURE=y\n"
    "CONFIG_LEGACY_IMAGE_FORMAT=y\nCONFIG_ENV_IS_IN_MMC=y\nCONFIG_CMD_MEMORY=y\nCONFIG_CMD_SAVEENV=y\n"
)


def test_a_uboot_that_is_built_anew_has_no_finding_that_was_promised() -> None:
    found = bettered(OF_UBOOT, uboot(MADE + OPEN))
    assert found.refused == ()
    assert {check for check, _ in found.promised} == {*OF_UBOOT} - {"boot-mode-unverified"}
    after = uboot(merged(MADE + OPEN, found.files["u-boot.config"]))
    left = keys(verdicts(OF_UBOOT, (after,), None))
    assert left == {("uboot-risky-command", "environment")}, "setenv comes with the prompt, and nothing says what boots"


BOOTS = 'CONFIG_USE_BOOTCOMMAND=y\nCONFIG_BOOTCOMMAND="{}"\n'


@pytest.mark.parametrize("prompt", [OPEN, OPEN.replace("CONFIG_CMD_SAVEENV=y\n", "")], ids=["saveenv", "setenv"])
@pytest.mark.parametrize("command", ["bootm 1", "setenv a b; bootm 1", "bootm 1;", "bootm 1; reset", "run x || reset"])
def test_setenv_ends_with_the_prompt_that_it_comes_with(prompt: str, command: str) -> None:
    before = MADE + prompt + BOOTS.format(command)
    found = bettered(OF_UBOOT, uboot(before))
    assert ("uboot-risky-command", "environment") in found.promised
    after = merged(before, found.files["u-boot.config"])
    assert keys(verdicts(OF_UBOOT, (uboot(after),), None)) == set()
    assert re.search(r'^CONFIG_BOOTCOMMAND=".*[^;]reset"$', after, re.MULTILINE)
    assert after.count("reset") == 1
    assert bettered(OF_UBOOT, uboot(before), unsafe=False).files == {}


@pytest.mark.parametrize(
    "line", ["CONFIG_BOOTDELAY=0\n", BOOTS.format("reset_all"), BOOTS.format("if reset; then; fi")]
)
def test_setenv_is_told_while_a_key_or_a_boot_that_fails_gives_a_prompt(line: str) -> None:
    closed = MADE + "CONFIG_CMDLINE=y\nCONFIG_AUTOBOOT=y\nCONFIG_BOOTDELAY=-2\n" + BOOTS.format("bootm 1; reset")
    only = ("uboot-risky-command",)
    assert keys(verdicts(only, (uboot(closed),), None)) == set()
    (told,) = verdicts(only, (uboot(merged(closed, line)),), None)
    assert [(one.key, one.severity) for one in told.findings] == [("environment", Severity.LOW)]


def test_a_boot_command_that_kconfig_cannot_hold_is_left_to_a_person() -> None:
    command = BOOTS.format('setenv a \\"b\\"; bootm 1')
    found = bettered(OF_UBOOT, uboot(MADE + OPEN.replace("CONFIG_CMD_SAVEENV=y\n", "") + command))
    assert found.refused == ()
    assert ("uboot-risky-command", "environment") not in found.promised
    assert "CONFIG_BOOTCOMMAND" not in found.files["u-boot.config"]


def test_what_the_boot_command_calls_stays() -> None:
    used = 'CONFIG_CMD_MMC=y\nCONFIG_USE_BOOTCOMMAND=y\nCONFIG_BOOTCOMMAND="mmc read 1 2 3; bootm 1"\n'
    found = bettered(OF_UBOOT, uboot(MADE + OPEN + used))
    assert ("uboot-risky-command", "flash-write") in keys(found.verdicts)
    assert ("uboot-risky-command", "flash-write") not in found.promised
    assert "CONFIG_CMD_MMC" not in found.files["u-boot.config"]


@pytest.mark.parametrize(
    ("mechanism", "expected"), [("rauc", "CONFIG_ENV_WRITEABLE_LIST=y"), ("firmward", "CONFIG_ENV_IS_NOWHERE=y")]
)
def test_an_updater_that_counts_in_the_environment_keeps_it(mechanism: str, expected: str) -> None:
    policy = f'[update]\nmechanism = "{mechanism}"\n'
    fragment = bettered(OF_UBOOT, uboot(MADE + OPEN), policy=policy).files["u-boot.config"]
    assert expected in fragment.splitlines()
    assert ("# CONFIG_ENV_IS_IN_MMC is not set" in fragment) == (mechanism == "firmward")


def test_a_policy_that_closes_the_console_makes_the_prompt_go_safely() -> None:
    found = bettered(OF_UBOOT, uboot(MADE + OPEN), policy='[boot]\nconsole = "output-only"\n', unsafe=False)
    assert {check for check, _ in found.promised} == {"uboot-shell-reachable", "debug-uart-enabled"}
    assert bettered(OF_UBOOT, uboot(MADE + OPEN), unsafe=False).files == {}


BOARDS = {"qemu_arm64": "aarch64-linux-gnu-", "mx6ull_14x14_evk": "", "imx8mm_evk": "aarch64-linux-gnu-"}


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("board", BOARDS)
def test_uboots_own_kconfig_keeps_all_that_is_asked(board: str, tmp_path: Path) -> None:
    if any(which(program) is None for program in ("gcc", "make", "bison", "flex", f"{BOARDS[board]}gcc")):
        pytest.skip("no compiler, bison or flex")
    try:
        source = unpacked_source("u-boot")
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    command = ["make", "-s", f"O={tmp_path}", f"CROSS_COMPILE={BOARDS[board]}"]
    run([*command, f"{board}_defconfig"], source)
    found = bettered(OF_UBOOT, uboot((tmp_path / ".config").read_text()))
    after = kept(source, command, tmp_path, found.files["u-boot.config"])
    assert lost(found.files["u-boot.config"], after) == set()
    left = verdicts(OF_UBOOT, (uboot(after),), None)
    remaining = keys(left) & found.promised
    named = "CONFIG_BOOTCOMMAND=" in found.files["u-boot.config"]
    assert remaining <= (set() if named else {("uboot-risky-command", "environment")})
