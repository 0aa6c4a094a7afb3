"""Key files: `[group]`, then `key=value`, as GLib's GKeyFile, systemd, dnf and many others write them.

Pure: text to entries in order. A `#` or `;` at a line's beginning is a comment; a key may come again, and what that
means is the program's matter. Lines without `=` say nothing here.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    group: str
    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The entries in order, and the groups with the line that opens them."""

    entries: tuple[Entry, ...]
    groups: tuple[tuple[str, int], ...]

    def get(self, group: str, key: str) -> Entry | None:
        """The last entry of this name, as GKeyFile and configparser take it."""
        return next((one for one in reversed(self.entries) if one.group == group and one.key == key), None)

    def value(self, group: str, key: str, default: str = "") -> str:
        found = self.get(group, key)
        return default if found is None else found.value

    def names(self) -> tuple[str, ...]:
        """The groups' names, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.groups))


def parse(text: str) -> KeyFile:
    groups: list[tuple[str, int]] = []
    return KeyFile(tuple(_entries(text, groups)), tuple(groups))


def _entries(text: str, groups: list[tuple[str, int]]) -> Iterator[Entry]:
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if line.startswith("[") and "]" in line:
            groups.append((line[1 : line.index("]")].strip(), number))
        elif line and line[0] not in "#;" and "=" in line:
            key, _, value = line.partition("=")
            yield Entry(groups[-1][0] if groups else "", key.strip(), value.strip(), number)
