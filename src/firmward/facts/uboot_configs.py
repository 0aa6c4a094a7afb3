"""What a U-Boot configuration says of the binary that is built with it, in the words of what a binary tells itself.

The rules this file holds:

- An option that a complete configuration does not name is off, from U-Boot 2021.01 on. Before, what is asked for here
  stood partly in C headers (include/configs), so that nothing follows from its absence. A defconfig leaves out what is
  so by default.
- `setenv` and `run` come with the prompt itself, `saveenv` only where there is a place to save to (cmd/nvedit.c).
- The boot command that the configuration names may run variables that stand in no configuration; then it is not known
  where it loads from.
- Where a binary is given too, it is what runs. A configuration that says something else of it is another build's: what
  the two differ in is not taken from the configuration, and said.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from firmward.facts.found_uboot import FoundUboot
from firmward.formats import uboot_reach
from firmward.formats.malformed import Malformed
from firmward.formats.uboot_binary import Stage
from firmward.formats.uboot_config import UbootConfig
from firmward.formats.uboot_reach import Reach
from firmward.formats.uboot_traits import Stop
from firmward.model.facts import Unknown
from firmward.model.location import Location

Value = TypeVar("Value")

ALL_IN_KCONFIG = (2021, 1)
"""The version from which on an absent option is off."""
NOT_NAMED = "is not named, and before 2021.01 might be set in a header"
NO_VERSION = "unknown version"

COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "CMD_BOOTM": ("bootm",), "CMD_BOOTI": ("booti",), "CMD_BOOTZ": ("bootz",), "CMD_BOOTEFI": ("bootefi",),
        "CMD_GO": ("go",), "CMD_ELF": ("bootelf",), "CMD_MEMORY": ("md", "mw", "mm", "nm"), "CMD_FUSE": ("fuse",),
        "CMD_TFTPBOOT": ("tftpboot",), "CMD_BOOTP": ("bootp",), "CMD_DHCP": ("dhcp",), "CMD_NFS": ("nfs",),
        "CMD_WGET": ("wget",), "CMD_LOADB": ("loadb", "loadx", "loady"), "CMD_LOADS": ("loads",),
        "CMD_DFU": ("dfu",), "CMD_FASTBOOT": ("fastboot",), "CMD_USB_MASS_STORAGE": ("ums",), "CMD_SF": ("sf",),
        "CMD_NAND": ("nand",), "CMD_MMC": ("mmc",), "CMD_SOURCE": ("source",), "CMD_USB": ("usb",),
    }
)  # fmt: skip
"""Options with the commands that each brings; held against the command tables of Debian's binaries."""
WITH_PROMPT = ("run", "setenv")

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "ENV_IS_IN_EEPROM": "EEPROM", "ENV_IS_IN_EXT4": "EXT4", "ENV_IS_IN_FAT": "FAT", "ENV_IS_IN_FLASH": "Flash",
        "ENV_IS_IN_MMC": "MMC", "ENV_IS_IN_NAND": "NAND", "ENV_IS_IN_NVRAM": "NVRAM", "ENV_IS_IN_ONENAND": "OneNAND",
        "ENV_IS_IN_REMOTE": "Remote", "ENV_IS_IN_SPI_FLASH": "SPIFlash", "ENV_IS_IN_UBI": "UBI",
    }
)  # fmt: skip
"""Options with what a binary calls the place."""
OPEN_ENDED = ("run", "source", "env", "boot", "bootd", "bootflow", "sysboot", "pxe", "bootmenu")
"""Commands that go on with what no configuration holds."""

_VERSION = re.compile(r"(\d{4})\.(\d{1,2})")


def of_configuration(config: UbootConfig, at: Location) -> FoundUboot:
    options = _Options(config)
    reached = _reached(config)
    return FoundUboot(
        at,
        config.version or NO_VERSION,
        frozenset(_stages(config)),
        _commands(options),
        _delay(options),
        _stops(options),
        options.is_on("FIT_SIGNATURE"),
        options.is_on("LEGACY_IMAGE_FORMAT"),
        _places(options),
        options.is_on("ENV_WRITEABLE_LIST"),
        reached.sources if isinstance(reached, Reach) else reached,
        dict(_variables(config)),
        boots=reached.boots if isinstance(reached, Reach) else reached,
    )


class _Options:
    """Options of which an absent one is off only where that is known."""

    def __init__(self, config: UbootConfig) -> None:
        self.config = config
        version = _VERSION.match(config.version or "")
        modern = version is not None and (int(version[1]), int(version[2])) >= ALL_IN_KCONFIG
        self._all_named = not config.is_complete or modern

    def get(self, name: str) -> str | None | Unknown:
        found = self.config.get(name)
        if found is None and not self._all_named and name not in self.config.settings:
            return Unknown(f"CONFIG_{name} {NOT_NAMED}")
        return Unknown(f"CONFIG_{name}: {found.reason}") if isinstance(found, Unknown) else found

    def is_on(self, name: str) -> bool | Unknown:
        found = self.get(name)
        return found if isinstance(found, Unknown) else found in ("y", "m")

    def on(self, names: Iterable[str]) -> tuple[str, ...] | Unknown:
        """Those that are on; unknown when one of them is."""
        states = {name: self.is_on(name) for name in names}
        doubt = next((state for state in states.values() if isinstance(state, Unknown)), None)
        return doubt or tuple(name for name, state in states.items() if state is True)


def _stages(config: UbootConfig) -> Iterator[Stage]:
    """One configuration builds U-Boot proper and the stages before it."""
    yield Stage.PROPER
    for stage in (Stage.SPL, Stage.TPL, Stage.VPL):
        if config.is_on(stage.value.upper()) is True:
            yield stage


def _commands(options: _Options) -> frozenset[str] | None | Unknown:
    prompt = options.is_on("CMDLINE")
    if prompt is False:
        return None
    if isinstance(prompt, Unknown):
        return prompt
    on, saving, places = options.on(COMMANDS), options.is_on("CMD_SAVEENV"), _places(options)
    doubt = next((one for one in (on, saving, places) if isinstance(one, Unknown)), None)
    if doubt is not None or isinstance(on, Unknown):
        return doubt
    names = {name for option in on for name in COMMANDS[option]}
    return frozenset((*names, *WITH_PROMPT, *(("saveenv",) if saving and places else ())))


def _delay(options: _Options) -> int | Unknown:
    value = options.get("BOOTDELAY")
    if isinstance(value, Unknown):
        return value
    if value is None or not re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
        return Unknown("CONFIG_BOOTDELAY is no number")
    return int(value)


def _stops(options: _Options) -> frozenset[Stop] | None | Unknown:
    autoboot, keyed = options.is_on("AUTOBOOT"), options.is_on("AUTOBOOT_KEYED")
    if autoboot is False:
        return Unknown("CONFIG_AUTOBOOT is off: what comes after the start is the board's own code, or the prompt")
    if isinstance(autoboot, Unknown) or isinstance(keyed, Unknown):
        return autoboot if isinstance(autoboot, Unknown) else keyed if isinstance(keyed, Unknown) else None
    return _key_word(options) if keyed else frozenset((Stop.ANY_KEY,))


def _key_word(options: _Options) -> frozenset[Stop] | Unknown:
    hashed, crypt = options.is_on("AUTOBOOT_ENCRYPTION"), options.is_on("CRYPT_PW")
    if isinstance(hashed, Unknown):
        return hashed
    if not hashed:
        return frozenset((Stop.KEYED,))
    if isinstance(crypt, Unknown):
        return crypt
    return frozenset((Stop.CRYPT,) if crypt else (Stop.SHA256,))


def _places(options: _Options) -> tuple[str, ...] | Unknown:
    on = options.on(PLACES)
    return on if isinstance(on, Unknown) else tuple(PLACES[option] for option in on)


def _variables(config: UbootConfig) -> Iterator[tuple[str, str]]:
    """The variables that the configuration itself gives; there may be more."""
    for option, name in (("BOOTCOMMAND", "bootcmd"), ("BOOTARGS", "bootargs"), ("PREBOOT", "preboot")):
        value = config.settings.get(option)
        if value is not None and config.is_on(f"USE_{option}") is not False:
            yield name, value
    if "BOOTDELAY" in config.settings:
        yield "bootdelay", config.settings["BOOTDELAY"]


def _reached(config: UbootConfig) -> Reach | Unknown:
    variables = dict(_variables(config))
    command = variables.get("bootcmd")
    if command is None:
        return Unknown("the configuration names no boot command")
    try:
        found = uboot_reach.reach(command, variables)
    except Malformed as reason:
        return Unknown(f"its boot command: {reason}")
    goes_on = next((one.name for one in found.commands if one.name in OPEN_ENDED), None)
    if goes_on is not None or not found.is_whole or re.search(r"\brun\b|\$", command):
        return Unknown("its boot command goes on with variables that no configuration holds")
    return found


def held_against(config: FoundUboot, binaries: tuple[FoundUboot, ...]) -> FoundUboot:
    """The configuration, without what every binary says differently of itself."""

    def held(trait: str, mine: Value | Unknown, theirs: Callable[[FoundUboot], object]) -> Value | Unknown:
        said = [value for one in binaries if not isinstance(value := theirs(one), Unknown)]
        if isinstance(mine, Unknown) or not said or _plain(mine) in map(_plain, said):
            return mine
        place = binaries[0].at.part
        return Unknown(f"it is not the configuration of {place}, which says something else of itself ({trait})")

    prompt = held("prompt", config.has_prompt, lambda one: one.has_prompt)
    return replace(
        config,
        commands=prompt if isinstance(prompt, Unknown) else config.commands,
        delay=held("boot delay", config.delay, lambda one: one.delay),
        stops=held("autoboot", config.stops, lambda one: one.stops),
        verifies_fits=held("signatures of FITs", config.verifies_fits, lambda one: one.verifies_fits),
        takes_legacy_images=held("legacy images", config.takes_legacy_images, lambda one: one.takes_legacy_images),
        environment_places=held("environment", config.environment_places, lambda one: one.environment_places),
        has_allow_list=held("allow-list", config.has_allow_list, lambda one: one.has_allow_list),
    )


def _plain(value: object) -> object:
    """Places have no order of their own."""
    return frozenset(value) if isinstance(value, tuple) else value
