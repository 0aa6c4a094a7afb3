"""A configuration tells what its binary would; what it leaves out is off only where it must be named."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from beside import around
from uboot_made import SAID, SHAPES, made

from firmward.facts import uboots
from firmward.facts.found_uboot import FoundUboot
from firmward.facts.uboot_configs import COMMANDS, WITH_PROMPT, held_against, of_configuration
from firmward.formats import uboot_binary, uboot_config
from firmward.formats.uboot_binary import Stage
from firmward.formats.uboot_traits import Stop
from firmward.image.source import Bytes
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.parts import OpenPart
from firmward.model.report import Part
from real import packages, roots

AT, BINARY = Location(part="given/uboot-config"), Location(part="given/uboot")
TITLE = "#\n# Automatically generated file; DO NOT EDIT.\n# U-Boot {} Configuration\n#\n"
PRODUCT = (
    "CONFIG_CMDLINE=y\nCONFIG_AUTOBOOT=y\nCONFIG_BOOTDELAY=-2\nCONFIG_FIT_SIGNATURE=y\nCONFIG_ENV_IS_NOWHERE=y\n"
    'CONFIG_USE_BOOTCOMMAND=y\nCONFIG_BOOTCOMMAND="mmc rescan; load mmc 0:1 0x80000000 fitImage; bootm 0x80000000"\n'
)


def told(text: str, version: str = "2023.01") -> FoundUboot:
    return of_configuration(uboot_config.parse((TITLE.format(version) + text).encode()), AT)


@pytest.mark.parametrize(
    ("place", "version", "counts"),
    [
        ("image/usr/share/doc/config", "2023.01", False),
        ("image/config", "2024.07", True),
        ("image/config", "2023.01-rc2", True),
        ("given/uboot-config", "2023.01", True),
    ],
)
def test_a_binary_speaks_for_itself_and_not_its_configuration_beside_it(place: str, version: str, counts: bool) -> None:
    binary = made(SHAPES["arm"], environment={}, said=SAID, commands=())
    config = (TITLE.format(version) + PRODUCT).encode()
    rows = ((BINARY, "u-boot", binary), (Location(part=place), "u-boot-config", config))
    found = uboots.collect(around(*(OpenPart(Part(at.part or "", kind, None), Bytes(data)) for at, kind, data in rows)))
    assert found is not None
    assert [one.at.part for one in found.found] == ["given/uboot", *([place] if counts else [])]


def test_a_product_s_configuration_is_told_whole() -> None:
    found = told(PRODUCT)
    assert (found.version, found.delay, found.stops) == ("2023.01", -2, {Stop.ANY_KEY})
    assert (found.verifies_fits, found.takes_legacy_images) == (True, False)
    assert (found.environment_places, found.has_allow_list) == ((), False)
    assert found.commands == {*WITH_PROMPT}
    assert found.sources == ("mmc",)
    assert found.variables["bootdelay"] == "-2"


@pytest.mark.parametrize(
    ("more", "stops"),
    [
        ("", {Stop.ANY_KEY}),
        ("CONFIG_AUTOBOOT_KEYED=y\n", {Stop.KEYED}),
        ("CONFIG_AUTOBOOT_KEYED=y\nCONFIG_AUTOBOOT_ENCRYPTION=y\n", {Stop.SHA256}),
        ("CONFIG_AUTOBOOT_KEYED=y\nCONFIG_AUTOBOOT_ENCRYPTION=y\nCONFIG_CRYPT_PW=y\n", {Stop.CRYPT}),
    ],
)
def test_what_stops_the_autoboot(more: str, stops: set[Stop]) -> None:
    assert told(PRODUCT + more).stops == stops


def test_without_autoboot_it_is_not_known_what_comes() -> None:
    assert isinstance(told(PRODUCT + "# CONFIG_AUTOBOOT is not set\n").stops, Unknown)


def test_without_a_command_line_there_is_no_prompt() -> None:
    assert told(PRODUCT + "# CONFIG_CMDLINE is not set\n").has_prompt is False


def test_saveenv_needs_a_place_to_save_to() -> None:
    assert "saveenv" not in (told(PRODUCT + "CONFIG_CMD_SAVEENV=y\n").commands or ())
    found = told(PRODUCT + "CONFIG_CMD_SAVEENV=y\nCONFIG_ENV_IS_IN_MMC=y\nCONFIG_ENV_IS_IN_FAT=y\n")
    assert "saveenv" in (found.commands or ())
    assert set(found.environment_places) == {"MMC", "FAT"}


def test_one_configuration_builds_the_stages_before_too() -> None:
    assert told(PRODUCT + "CONFIG_SPL=y\n").stages == {Stage.PROPER, Stage.SPL}


@pytest.mark.parametrize("version", ["2014.10", "2019.07", "2020.10-rc3"])
def test_of_an_old_version_what_is_not_named_is_not_known(version: str) -> None:
    found = told("CONFIG_ARM=y\n# CONFIG_FIT_SIGNATURE is not set\n", version)
    for value in (found.delay, found.stops, found.takes_legacy_images, found.environment_places, found.has_prompt):
        assert isinstance(value, Unknown), value
    assert found.verifies_fits is False, "it is named"


def test_a_defconfig_leaves_open_what_it_does_not_name() -> None:
    found = of_configuration(uboot_config.parse(b"CONFIG_BOOTDELAY=-2\nCONFIG_CMDLINE=y\nCONFIG_FIT_SIGNATURE=y\n"), AT)
    assert (found.delay, found.verifies_fits) == (-2, True)
    assert isinstance(found.takes_legacy_images, Unknown)
    assert isinstance(found.commands, Unknown)


@pytest.mark.parametrize(
    "command",
    ["run distro_bootcmd", "bootflow scan -lb", "mmc rescan; run ${target}_boot", "usb start; source 0x80000000"],
)
def test_a_boot_command_that_goes_on_elsewhere_is_not_followed(command: str) -> None:
    assert isinstance(told(f'CONFIG_USE_BOOTCOMMAND=y\nCONFIG_BOOTCOMMAND="{command}"\n').sources, Unknown)


def test_what_the_binary_says_differently_is_not_taken_from_the_configuration() -> None:
    config = told(PRODUCT)
    binary = FoundUboot(BINARY, "2023.01", frozenset((Stage.PROPER,)), frozenset(("md",)), 2, config.stops, True)
    held = held_against(config, (binary,))
    assert isinstance(held.delay, Unknown)
    assert "given/uboot" in held.delay.reason
    assert held.verifies_fits is True
    assert held.commands == config.commands, "both have a prompt"
    assert held_against(config, ()) == config
    same = FoundUboot(BINARY, "2023.01", frozenset((Stage.PROPER,)), frozenset(("md",)), -2, config.stops, True)
    assert held_against(config, (binary, same)).delay == -2, "it is the other one's"
    unseen = FoundUboot(BINARY, "2023.01", frozenset((Stage.PROPER,)), Unknown("unseen"), Unknown("unseen"))
    assert held_against(config, (unseen,)).delay == -2


IMAGES = re.compile(r"u-boot.*\.(bin|img|imx|itb|rom)|u-boot-sunxi-with-spl.*")
STAGES = ("u-boot-spl", "u-boot-tpl")
PACKAGES = (("imx", "armhf"), ("rpi", "arm64"), ("stm32", "armhf"), ("sunxi", "arm64"), ("qemu", "all"))
TRAITS = (
    "delay",
    "stops",
    "verifies_fits",
    "takes_legacy_images",
    "environment_places",
    "has_allow_list",
    "has_prompt",
)


def builds() -> Iterator[tuple[FoundUboot, FoundUboot]]:
    """What Debian's configurations tell, beside what the binaries built with them tell of themselves."""
    for name, architecture in PACKAGES:
        package = f"u-boot-{name}"
        try:
            folder = packages.unpacked(package, architecture)
        except roots.NoPackagesError as reason:
            pytest.skip(f"packages are out of reach: {reason}")
        for config in sorted((folder / "usr/share/doc" / package / "configs").iterdir()):
            parsed = uboot_config.parse(gzip.decompress(config.read_bytes()))
            board = folder / "usr/lib/u-boot" / config.name.removeprefix("config.").removesuffix(".gz")
            yield from ((of_configuration(parsed, AT), binary) for binary in binaries(board))


def binaries(board: Path) -> Iterator[FoundUboot]:
    for file in sorted(board.iterdir()):
        if IMAGES.fullmatch(file.name) and not file.name.startswith(STAGES):
            yield uboots._told(uboot_binary.parse(file.read_bytes()), Location(part=f"{board.name}/{file.name}"))


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_debian_s_configurations_tell_what_their_binaries_tell() -> None:
    mapped = {*WITH_PROMPT, "saveenv", *(command for row in COMMANDS.values() for command in row)}
    count = 0
    for config, binary in builds():
        count += 1
        held = held_against(config, (binary,))
        for trait in TRAITS:
            mine, theirs = getattr(config, trait), getattr(binary, trait)
            if not isinstance(mine, Unknown) and not isinstance(theirs, Unknown):
                told = (frozenset(one) if isinstance(one, tuple) else one for one in (mine, theirs))
                assert len({*told}) == 1, (binary.at.part, trait, mine, theirs)
                assert getattr(held, trait) == mine
        assert isinstance(config.commands, frozenset)
        if isinstance(binary.commands, frozenset):
            assert config.commands == binary.commands & mapped, binary.at.part
    assert count >= 40
