"""U-Boot's configuration: a complete `.config`, or a defconfig, which leaves out what is so by default.

A `.config` says in its title that it was made, and of which version it is; there what is not named is off. What a
defconfig does not name is unknown until the Kconfig tree that it was made for is given.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from firmward.formats import kconfig, kconfig_values, option_lines
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unknown

SIZE_LIMIT = 4 << 20
"""Bytes; a complete configuration has 70 KiB."""

OF_DEFCONFIG = Unknown("the defconfig does not say, and its Kconfig tree is not given")

_TITLE = re.compile(r"^# (?:U-Boot(?: (?P<version>\S+))?|.*?U-Boot (?P<other>20\S+).*?) Configuration", re.MULTILINE)
_MADE = re.compile(r"^# Automatically generated (?:file|make config)[;:]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class UbootConfig:
    """`settings` are values by name without `CONFIG_`: `y`, `m`, `n`, numbers, and texts without their quotes.

    `version` is that of the title. A resolved one has the value of each option that the tree could tell, and in
    `unknown` why others could not be told.
    """

    settings: Mapping[str, str]
    is_complete: bool
    version: str | None = None
    unknown: Mapping[str, Unknown] = field(default_factory=dict)

    def get(self, name: str) -> str | Unknown | None:
        """The value of an option, with or without `CONFIG_`; None when it is not set."""
        bare = name.removeprefix("CONFIG_")
        value = self.settings.get(bare)
        if value is not None:
            return None if value == "n" else value
        if bare in self.unknown:
            return self.unknown[bare]
        return None if self.is_complete else OF_DEFCONFIG

    def is_on(self, name: str) -> bool | Unknown:
        """Whether an option is `y` or `m`."""
        value = self.get(name)
        return value if isinstance(value, Unknown) else value in ("y", "m")

    def matching(self, pattern: str) -> Mapping[str, str]:
        """What is set among the options whose names a regular expression matches as a whole."""
        wanted = re.compile(pattern)
        return {name: value for name, value in self.settings.items() if value != "n" and wanted.fullmatch(name)}


def parse(data: bytes) -> UbootConfig:
    """Raises Malformed for what is too large, or names no option."""
    if len(data) > SIZE_LIMIT:
        raise Malformed(f"a configuration of {len(data)} bytes")
    text = data.decode("utf-8", "surrogateescape")
    settings = option_lines.settings(text)
    if not settings:
        raise Malformed("no line names an option")
    title = _TITLE.search(text)
    version = (title["version"] or title["other"]) if title else None
    return UbootConfig(MappingProxyType(settings), bool(title or _MADE.search(text)), version)


def resolved(config: UbootConfig, tree: kconfig.Tree) -> UbootConfig:
    """A defconfig with all that its tree sets by default; a complete configuration is given back as it is."""
    if config.is_complete:
        return config
    values = kconfig_values.resolve(tree, config.settings)
    settings = {name: value for name, value in values.values.items() if isinstance(value, str)}
    unknown = {name: value for name, value in values.values.items() if isinstance(value, Unknown)}
    return UbootConfig(MappingProxyType(settings), values.is_whole, config.version, MappingProxyType(unknown))
