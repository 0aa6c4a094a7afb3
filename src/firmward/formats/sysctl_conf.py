"""Files of kernel parameters: sysctl.conf and sysctl.d.

Rules, from sysctl.d(5) and sysctl.conf(5): `key = value` lines; `#` and `;` begin comments; a leading `-` says that a
failure does not matter, and without a value it takes a key out of the patterns; `*`, `?` and `[]` make a key a pattern.
Between the words of a key stand dots or slashes: which of both comes first is the one that parts, the other one belongs
to a word (`net.ipv4.conf.eth0/1.rp_filter`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

SIGNS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Setting:
    """One line. `key` is written with dots; `value` is None where the line only takes the key out of the patterns."""

    key: str
    value: str | None
    line: int

    @property
    def is_pattern(self) -> bool:
        return not SIGNS.isdisjoint(self.key)


def parse(text: str) -> Iterator[Setting]:
    for number, row in enumerate(text.splitlines(), start=1):
        line = row.strip()
        if not line or line[0] in "#;":
            continue
        key, sign, value = line.partition("=")
        if sign:
            yield Setting(name(key.strip().removeprefix("-").strip()), value.strip(), number)
        elif line.startswith("-"):
            yield Setting(name(line[1:].strip()), None, number)


_SWAPPED = str.maketrans("./", "/.")


def name(key: str) -> str:
    """A parameter's name with dots, however it is written."""
    first = next((sign for sign in key if sign in "./"), ".")
    return key.translate(_SWAPPED) if first == "/" else key
