"""U-Boot binaries: what a boot loader is, will do and can do, from its bytes alone.

A binary is U-Boot proper, an SPL, a TPL, or several in one file, at any place in it and for any machine. Nothing of it
has a header of its own; all is recognised by what the code must carry:

- versions and compilers: `version_string` (`U-Boot 2023.01 (Jan 09 2023 - ...)`) and what the command `version` prints;
- commands, environment, device trees, traits: see uboot_commands, uboot_default_env, uboot_control and uboot_traits.

The rules this file holds: each fact has its offset as evidence and is a value, None (looked, and it is not there) or
`Unknown` with the reason; and where several U-Boots lie in one file, facts are those of the file. A compressed binary
must be expanded before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from firmward.formats import uboot_commands, uboot_control, uboot_default_env, uboot_traits
from firmward.formats.malformed import Malformed
from firmward.formats.uboot_commands import Commands
from firmward.formats.uboot_control import ControlTree
from firmward.formats.uboot_default_env import DefaultEnvironment
from firmward.formats.uboot_traits import Allowed, Autoboot, Seen, Trait
from firmward.model.facts import Unknown

SIZE_LIMIT = 64 << 20
"""Bytes of a binary; the largest combined ones have some megabytes."""
VERSIONS = 32
NO_DELAY = -2
"""Seconds of a boot delay that gives no chance to stop the autoboot."""

_VERSION = re.compile(
    rb"U-Boot (?:(SPL|TPL|VPL) )?(\d{1,4}\.\d{1,2}[!-~]{0,64})(?: \(([\w :,+.-]{8,40})\))?([ -~]{0,100})"
)
_COMPILER = re.compile(rb"(?<![ -~])(?:[\w.+-]*gcc|[\w .+-]*clang version)[\w.+-]* [ -~]{3,160}(?=[\0\n])")


class Stage(StrEnum):
    TPL = "tpl"
    VPL = "vpl"
    SPL = "spl"
    PROPER = "proper"


@dataclass(frozen=True, slots=True)
class Version:
    """`number` is as U-Boot says it, `2023.01+dfsg-2`; `built` the date in brackets."""

    stage: Stage
    number: str
    built: str | None
    offset: int


@dataclass(frozen=True, slots=True)
class BootDelay:
    """Seconds before the autoboot; a negative number has a meaning of its own. The control tree wins."""

    seconds: int
    source: str
    """"control-tree" or "environment"."""
    offset: int


@dataclass(frozen=True, slots=True)
class UBoot:
    """All that was found in one file. Offsets count in bytes from its start.

    `environment` is the one of U-Boot proper: of several that nearest to the commands, or else the largest.
    """

    versions: tuple[Version, ...]
    compilers: tuple[Seen, ...]
    commands: Commands | None | Unknown
    environment: DefaultEnvironment | None
    environments: tuple[DefaultEnvironment, ...]
    trees: tuple[ControlTree, ...]
    delay: BootDelay | Unknown
    autoboot: Autoboot | None | Unknown
    fit: Trait
    fit_signature: Trait
    legacy_image: Trait
    environment_places: tuple[Seen, ...] | Unknown
    writeable_list: Allowed | None | Unknown

    @property
    def stages(self) -> frozenset[Stage]:
        return frozenset(version.stage for version in self.versions)

    def has_command(self, name: str) -> bool | Unknown:
        """Whether the prompt knows a command."""
        if isinstance(self.commands, Unknown):
            return self.commands
        return self.commands is not None and name in self.commands.main.names


def parse(data: bytes) -> UBoot:
    """What a binary tells. Raises Malformed when nothing in it says that it is a U-Boot."""
    if len(data) > SIZE_LIMIT:
        raise Malformed(f"a U-Boot of {len(data)} bytes")
    versions = tuple(islice(_versions(data), VERSIONS))
    if not versions:
        raise Malformed("no version of U-Boot in the bytes")
    table = uboot_commands.find(data)
    trees = uboot_control.find(data)
    environments = uboot_default_env.find(data)
    environment = _proper(environments, table)
    return UBoot(
        versions=versions,
        compilers=tuple(islice(_compilers(data), VERSIONS)),
        commands=table or _no_commands(data),
        environment=environment,
        environments=environments,
        trees=trees,
        delay=_delay(environment, trees),
        autoboot=uboot_traits.autoboot(data),
        fit=uboot_traits.fit(data),
        fit_signature=uboot_traits.fit_signature(data),
        legacy_image=uboot_traits.legacy_image(data),
        environment_places=uboot_traits.environment_places(table),
        writeable_list=uboot_traits.writeable_list(data),
    )


def may_be(data: bytes) -> bool:
    """Whether something in the bytes says that it is a U-Boot."""
    return _VERSION.search(data) is not None


def _versions(data: bytes) -> Iterator[Version]:
    """Each once, where it is first said."""
    known = set()
    for match in _VERSION.finditer(data):
        stage, number, built, _ = (None if part is None else part.decode("ascii") for part in match.groups())
        version = (Stage(stage.lower()) if stage else Stage.PROPER, number or "", built)
        if version not in known:
            known.add(version)
            yield Version(*version, match.start())


def _compilers(data: bytes) -> Iterator[Seen]:
    for match in _COMPILER.finditer(data):
        yield Seen(match[0].decode("ascii"), match.start())


def _no_commands(data: bytes) -> None | Unknown:
    """Why there is no table: no prompt was built in, or the table was not recognised."""
    prompt = uboot_traits.prompt(data)
    if isinstance(prompt, Unknown):
        return prompt
    return None if prompt is None else Unknown("there is a prompt, but no table of commands was recognised")


def _proper(environments: tuple[DefaultEnvironment, ...], table: Commands | None) -> DefaultEnvironment | None:
    if table is None:
        return max(environments, key=lambda one: one.size, default=None)
    return min(environments, key=lambda one: abs(one.offset - table.main.offset), default=None)


def _delay(environment: DefaultEnvironment | None, trees: tuple[ControlTree, ...]) -> BootDelay | Unknown:
    """The delay, when all trees that give one agree, or the default environment gives one."""
    told = [(tree.boot_delay, tree.offset) for tree in trees if tree.boot_delay is not None]
    if len({seconds for seconds, _ in told}) > 1:
        return Unknown("the device trees give different boot delays")
    for seconds, offset in told:
        if seconds is not None:
            return BootDelay(seconds, "control-tree", offset)
    value = None if environment is None else environment.variables.get("bootdelay")
    if environment is None or value is None:
        return Unknown("neither a device tree nor the default environment gives a boot delay")
    if not re.fullmatch(r"-?\d{1,9}", value.strip(), re.ASCII):
        return Unknown("the boot delay of the default environment is no number")
    return BootDelay(int(value), "environment", environment.offset)
