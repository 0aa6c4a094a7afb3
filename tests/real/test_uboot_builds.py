"""Debian's U-Boots of all boards: what is read from the bytes is what their `.config` says was built."""

import gzip
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmward.formats import uboot_binary
from firmward.formats.uboot_binary import BootDelay, UBoot
from firmward.formats.uboot_traits import Stop
from firmward.model.facts import Unknown
from real import packages, roots

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

PACKAGES = {
    "armel": ("rpi",),
    "armhf": ("exynos", "imx", "omap", "rockchip", "rpi", "stm32", "sunxi", "tegra"),
    "arm64": ("amlogic", "mvebu", "qcom", "rockchip", "rpi", "sunxi", "tegra"),
    "all": ("qemu",),
}
IMAGES = re.compile(r"u-boot.*\.(bin|img|imx|itb|rom)|u-boot-sunxi-with-spl.*")
"""What holds U-Boot proper."""
STAGES = ("SPL", "MLO", "idbloader.img", "u-boot-spl", "u-boot-tpl", "sunxi-spl")

COMMANDS = {
    "CMD_BOOTM": "bootm", "CMD_BOOTI": "booti", "CMD_BOOTZ": "bootz", "CMD_GO": "go", "CMD_BOOTEFI": "bootefi",
    "CMD_MEMORY": "md", "CMD_ECHO": "echo", "CMD_FUSE": "fuse", "CMD_TFTPBOOT": "tftpboot", "CMD_DHCP": "dhcp",
    "CMD_NFS": "nfs", "CMD_LOADB": "loadb", "CMD_SAVEENV": "saveenv", "CMD_DFU": "dfu", "CMD_FASTBOOT": "fastboot",
    "CMD_USB_MASS_STORAGE": "ums", "CMD_USB": "usb", "CMD_SF": "sf", "CMD_NAND": "nand", "CMD_MMC": "mmc",
    "CMD_RUN": "run", "CMD_SOURCE": "source", "CMD_SYSBOOT": "sysboot", "CMD_PXE": "pxe", "CMD_UBI": "ubi",
}  # fmt: skip
"""Options with the command that each brings."""
PLACES = {
    "ENV_IS_IN_EEPROM": "EEPROM", "ENV_IS_IN_EXT4": "EXT4", "ENV_IS_IN_FAT": "FAT", "ENV_IS_IN_FLASH": "Flash",
    "ENV_IS_IN_MMC": "MMC", "ENV_IS_IN_NAND": "NAND", "ENV_IS_IN_SPI_FLASH": "SPIFlash", "ENV_IS_IN_UBI": "UBI",
    "ENV_IS_NOWHERE": "nowhere",
}  # fmt: skip


class Build:
    """A file of a board, with the options that were set."""

    def __init__(self, file: Path, config: Path) -> None:
        self.name = f"{file.parent.name}/{file.name}"
        self.data = file.read_bytes()
        text = gzip.decompress(config.read_bytes()).decode()
        self.options = dict(re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.MULTILINE))

    def on(self, option: str) -> bool:
        return self.options.get(option) == "y"


def builds() -> Iterator[Build]:
    for architecture, names in PACKAGES.items():
        for name in names:
            package = f"u-boot-{name}"
            try:
                folder = packages.unpacked(package, architecture)
            except roots.NoPackagesError as reason:
                pytest.skip(f"packages are out of reach: {reason}")
            for config in sorted((folder / "usr/share/doc" / package / "configs").iterdir()):
                board = config.name.removeprefix("config.").removesuffix(".gz")
                for file in sorted((folder / "usr/lib/u-boot" / board).iterdir()):
                    if IMAGES.fullmatch(file.name) and not file.name.startswith(STAGES):
                        yield Build(file, config)


def test_every_build_is_read_as_it_was_configured() -> None:
    wrong: list[str] = []
    unknown: list[str] = []
    count = size = 0
    begin = time.process_time()
    spent = 0.0
    for build in builds():
        before = time.process_time()
        found = uboot_binary.parse(build.data)
        spent += time.process_time() - before
        count, size = count + 1, size + len(build.data)
        wrong += [f"{build.name}: {what}" for what in differences(build, found)]
        unknown += [f"{build.name}: {what}" for what in not_known(found)]
    summary = f"{count} files, {size} bytes, {spent:.1f} s of {time.process_time() - begin:.1f} s CPU"
    assert not wrong, "\n".join([summary, *wrong, "unknown:", *unknown])
    assert count >= 100, summary
    assert spent / size < 1e-6, summary


def differences(build: Build, found: UBoot) -> Iterator[str]:
    """Where the file says another thing than its `.config`; what is unknown is no difference."""
    yield from _commands(build, found)
    yield from _autoboot(build, found)
    traits = {
        "FIT": found.fit,
        "FIT_SIGNATURE": found.fit_signature,
        "LEGACY_IMAGE_FORMAT": found.legacy_image,
        "ENV_WRITEABLE_LIST": found.writeable_list,
    }
    for option, trait in traits.items():
        if not isinstance(trait, Unknown) and (trait is not None) != build.on(option):
            yield f"{option} is {build.on(option)}"
    if not isinstance(found.environment_places, Unknown):
        places = {name for option, name in PLACES.items() if build.on(option)}
        if {seen.text for seen in found.environment_places} != places:
            yield f"places {[seen.text for seen in found.environment_places]}, built {places}"


def _commands(build: Build, found: UBoot) -> Iterator[str]:
    for command in sorted(set(COMMANDS.values())):
        built = any(build.on(option) for option, other in COMMANDS.items() if other == command)
        built = _saves(build) if command == "saveenv" else built
        if found.has_command(command) is not built:
            yield f"{command}: {found.has_command(command)}, built {built}"


def _saves(build: Build) -> bool:
    """`saveenv` is left out where there is nowhere to save to (cmd/nvedit.c)."""
    return build.on("CMD_SAVEENV") and any(build.on(option) for option in PLACES if option != "ENV_IS_NOWHERE")


def _autoboot(build: Build, found: UBoot) -> Iterator[str]:
    if isinstance(found.delay, BootDelay) and str(found.delay.seconds) != build.options.get("BOOTDELAY"):
        yield f"delay {found.delay}"
    if isinstance(found.autoboot, Unknown):
        return
    stops = set() if found.autoboot is None else set(found.autoboot.stops)
    keyed = build.on("AUTOBOOT_KEYED")
    if stops != ({Stop.KEYED} if keyed else {Stop.ANY_KEY} if build.on("AUTOBOOT") else set()):
        yield f"autoboot {stops}"


def not_known(found: UBoot) -> Iterator[str]:
    for name in ("commands", "delay", "autoboot", "fit", "fit_signature", "legacy_image", "environment_places"):
        value = getattr(found, name)
        if isinstance(value, Unknown):
            yield f"{name}: {value.reason}"


def test_every_first_stage_is_told_and_has_no_prompt() -> None:
    count = 0
    for architecture, names in PACKAGES.items():
        for name in names:
            try:
                folder = packages.unpacked(f"u-boot-{name}", architecture) / "usr/lib/u-boot"
            except roots.NoPackagesError as reason:
                pytest.skip(f"packages are out of reach: {reason}")
            for file in sorted(folder.glob("*/*")):
                if file.name.startswith(STAGES) and uboot_binary.may_be(data := file.read_bytes()):
                    found = uboot_binary.parse(data)
                    assert uboot_binary.Stage.PROPER not in found.stages, file
                    assert found.commands is None or isinstance(found.commands, Unknown), file
                    count += 1
    assert count >= 40
