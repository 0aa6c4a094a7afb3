"""One U-Boot of the image, whether it was read from its binary or from the configuration that it was built with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from firmward.formats.uboot_binary import NO_DELAY, Stage
from firmward.formats.uboot_traits import Stop
from firmward.model.facts import Unknown
from firmward.model.location import Location

IN_DEBIAN = {"2019.01": 10, "2021.01": 11, "2023.01": 12, "2025.01": 13}
"""Which of Debian's releases has which U-Boot."""
REVISION = re.compile(r"[+~]deb(?P<release>\d{1,2})u(?P<update>\d{1,3})")


@dataclass(frozen=True, slots=True)
class DebianRevision:
    """The `release` of Debian that keeps a U-Boot, and which `update` of it this is; 0 as it was released with."""

    release: int
    update: int


@dataclass(frozen=True, slots=True)
class FoundUboot:
    """One binary or configuration, `at`, with its `stages` and their `version`. Values are Unknown with the reason
    where it does not tell.

    `commands` are those of the prompt, None where there is none; `stops` what stops the autoboot, None where nothing
    does; `delay` in seconds. `verifies_fits` says that code for signatures is built in, `takes_legacy_images` that such
    images boot. `environment_places` name where a stored environment is loaded from, none when nowhere;
    `has_allow_list` whether only listed variables are taken from there. `sources` are the media and networks that the
    boot command of its own tries, in order, None where it has none; `variables` the environment that was built in.
    `has_control_tree` when a device tree stands in the binary. `boots` are the commands that its boot command hands
    over with, in order, None where it has none.
    """

    at: Location
    version: str
    stages: frozenset[Stage]
    commands: frozenset[str] | None | Unknown = None
    delay: int | Unknown = NO_DELAY
    stops: frozenset[Stop] | None | Unknown = None
    verifies_fits: bool | Unknown = False
    takes_legacy_images: bool | Unknown = False
    environment_places: tuple[str, ...] | Unknown = ()
    has_allow_list: bool | Unknown = False
    sources: tuple[str, ...] | None | Unknown = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    has_control_tree: bool = False
    boots: tuple[str, ...] | None | Unknown = None

    @property
    def has_prompt(self) -> bool | Unknown:
        return self.commands if isinstance(self.commands, Unknown) else self.commands is not None

    @property
    def debian(self) -> DebianRevision | None:
        """None for one that is none of Debian's."""
        found = REVISION.search(self.version)
        if found is not None:
            return DebianRevision(int(found["release"]), int(found["update"]))
        release = IN_DEBIAN.get(self.version[:7])
        return DebianRevision(release, 0) if release is not None and "+dfsg" in self.version else None

    @property
    def name(self) -> str:
        """What it is called in words."""
        return f"U-Boot {self.version} in {self.at.part}"
