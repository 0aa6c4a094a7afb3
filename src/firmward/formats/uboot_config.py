"""U-Boot's configuration: a complete `.config`, or a defconfig, which leaves out what is so by default.

Lines are `CONFIG_NAME=value` and `# CONFIG_NAME is not set`; the last one about an option counts. A `.config` says in
its title that it was made, and of which version it is; there what is not named is off. What a defconfig does not name
is unknown until the Kconfig tree that it was made for is given.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from firmward.formats import kconfig, kconfig_values
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unknown

SIZE_LIMIT = 4 << 20
"""Bytes; a complete configuration has 70 KiB."""
LINE_LIMIT = 64 << 10

OF_DEFCONFIG = Unknown("the defconfig does not say, and its Kconfig tree is not given")

_TITLE = re.compile(r"^# (?:U-Boot(?: (?P<version>\S+))?|.*?U-Boot (?P<other>20\S+).*?) Configuration", re.MULTILINE)
_MADE = re.compile(r"^# Automatically generated (?:file|make config)[;:]", re.MULTILINE)
_LINE = re.compile(r"(?:CONFIG_(?P<name>\w+)=(?P<value>.*)|# CONFIG_(?P<unset>\w+) is not set\s*)")
_ESCAPE = re.compile(r"\\(.)")


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
    settings = dict(_settings(text))
    if not settings:
        raise Malformed("no line names an option")
    title = _TITLE.search(text)
    version = (title["version"] or title["other"]) if title else None
    return UbootConfig(MappingProxyType(settings), bool(title or _MADE.search(text)), version)


def _settings(text: str) -> dict[str, str]:
    """In the order in which the last line about each stands: the last member set of a choice counts."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line.rstrip("\r")) if len(line) < LINE_LIMIT else None
        if match is not None:
            name = match["name"] or match["unset"]
            found.pop(name, None)
            found[name] = "n" if match["unset"] else _unquoted(match["value"])
    return found


def _unquoted(value: str) -> str:
    """A text stands in quotes, with a backslash before quotes and backslashes of its own."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _ESCAPE.sub(r"\1", value[1:-1])


def resolved(config: UbootConfig, tree: kconfig.Tree) -> UbootConfig:
    """A defconfig with all that its tree sets by default; a complete configuration is given back as it is."""
    if config.is_complete:
        return config
    values = kconfig_values.resolve(tree, config.settings)
    settings = {name: value for name, value in values.values.items() if isinstance(value, str)}
    unknown = {name: value for name, value in values.values.items() if isinstance(value, Unknown)}
    return UbootConfig(MappingProxyType(settings), values.is_whole, config.version, MappingProxyType(unknown))
