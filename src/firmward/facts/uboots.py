"""The U-Boots of the image, from their binaries: prompt, commands, environment, what they verify and what they boot.

The binary says what was built in; `bootcmd` and `bootdelay` of a control tree inside it win over its environment. An
environment on the medium may say otherwise: that is a fact of its own. A configuration tells of the binary that is
built with it. Where a binary of its release is in the image that speaks for itself, and the configuration counts only
when it was given by hand: packages of boot loaders carry those of all their boards as documentation.
"""

import re
from dataclasses import dataclass

from firmward.facts import uboot_configs
from firmward.facts.found_uboot import FoundUboot
from firmward.facts.parts_of_kind import read_each
from firmward.formats import uboot_binary, uboot_config, uboot_reach
from firmward.formats.malformed import Malformed
from firmward.formats.uboot_binary import NO_DELAY, Stage, UBoot
from firmward.formats.uboot_reach import Reach
from firmward.formats.uboot_traits import Stop, Trait
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

KIND, CONFIGURATION = "u-boot", "u-boot-config"
GIVEN = "given/"
NOWHERE = "nowhere"
BINARY_LIMIT = uboot_binary.SIZE_LIMIT

_RELEASE = re.compile(r"\d{4}\.\d{2}(?:-rc\d+)?")

__all__ = ["NO_DELAY", "FoundUboot", "Stage", "Stop", "Uboots", "collect"]


@dataclass(frozen=True, slots=True)
class Uboots:
    """All that were `found`; `unread` says in words which could not be."""

    found: tuple[FoundUboot, ...]
    unread: tuple[str, ...] = ()

    @property
    def proper(self) -> tuple[FoundUboot, ...]:
        """Those that are more than a first stage."""
        return tuple(one for one in self.found if Stage.PROPER in one.stages)


def collect(parts: Parts) -> Uboots | None:
    binaries, unread = read_each(parts, (KIND,), _read)
    configurations, not_read = read_each(parts, (CONFIGURATION,), _read_configuration)
    proper = tuple(one for one in binaries if Stage.PROPER in one.stages)
    releases = {_release(one) for one in proper} - {None}
    counting = (one for one in configurations if _is_given(one) or _release(one) not in releases)
    held = (uboot_configs.held_against(one, proper) for one in counting)
    found, unread = (*binaries, *held), (*unread, *not_read)
    return Uboots(found, unread) if found or unread else None


def _is_given(config: FoundUboot) -> bool:
    return (config.at.part or "").startswith(GIVEN)


def _release(uboot: FoundUboot) -> str | None:
    """Of the sources, without what a distribution or maker added."""
    found = _RELEASE.match(uboot.version)
    return None if found is None else found[0]


def _read_configuration(at: Location, _: str, content: Content) -> FoundUboot:
    if content.size > uboot_config.SIZE_LIMIT:
        raise Malformed(f"{content.size} bytes are too many for a configuration")
    return uboot_configs.of_configuration(uboot_config.parse(content.read(0, content.size)), at)


def _read(at: Location, _: str, content: Content) -> FoundUboot:
    if content.size > BINARY_LIMIT:
        raise Malformed(f"{content.size} bytes are too many for a boot loader")
    return _told(uboot_binary.parse(content.read(0, content.size)), at)


def _told(binary: UBoot, at: Location) -> FoundUboot:
    first = next((one for one in binary.versions if one.stage is Stage.PROPER), binary.versions[0])
    table, places = binary.commands, binary.environment_places
    reached = _reached(binary)
    allowed, autoboot = binary.writeable_list, binary.autoboot
    return FoundUboot(
        at,
        first.number,
        binary.stages,
        table if table is None or isinstance(table, Unknown) else frozenset(table.main.names),
        binary.delay if isinstance(binary.delay, Unknown) else binary.delay.seconds,
        autoboot if autoboot is None or isinstance(autoboot, Unknown) else autoboot.stops,
        _seen(binary.fit_signature),
        _seen(binary.legacy_image),
        places if isinstance(places, Unknown) else tuple(one.text for one in places if one.text != NOWHERE),
        allowed if isinstance(allowed, Unknown) else allowed is not None,
        reached.sources if isinstance(reached, Reach) else reached,
        {} if binary.environment is None else dict(binary.environment.variables),
        bool(binary.trees),
        reached.boots if isinstance(reached, Reach) else reached,
    )


def _seen(trait: Trait) -> bool | Unknown:
    return trait if isinstance(trait, Unknown) else trait is not None


def _reached(binary: UBoot) -> Reach | None | Unknown:
    """What the boot command comes to."""
    variables = {} if binary.environment is None else dict(binary.environment.variables)
    commands = {tree.config["bootcmd"] for tree in binary.trees if tree.config and "bootcmd" in tree.config}
    if len(commands) > 1:
        return Unknown("the device trees give different boot commands")
    command = next(iter(commands), variables.get("bootcmd"))
    if not isinstance(command, str):
        return None
    try:
        found = uboot_reach.reach(command, variables)
    except Malformed as reason:
        return Unknown(f"its boot command: {reason}")
    return found if found.is_whole else Unknown("its boot command is too long to be followed")
