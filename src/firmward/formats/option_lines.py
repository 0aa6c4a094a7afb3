"""The lines about options in a `.config`, a defconfig or a fragment of one, as Kconfig's programs write and read them.

A line is `CONFIG_NAME=value` or `# CONFIG_NAME is not set`; the last one about an option counts. Any other line says
nothing of an option.
"""

import re

LINE_LIMIT = 64 << 10
"""Characters of a line that is read."""

_LINE = re.compile(r"(?:CONFIG_(?P<name>\w+)=(?P<value>.*)|# CONFIG_(?P<unset>\w+) is not set\s*)")
_ESCAPE = re.compile(r"\\(.)")


def settings(text: str) -> dict[str, str]:
    """Values by name without `CONFIG_`: `y`, `m`, `n`, numbers, and texts without their quotes. They come in the order
    in which the last line about each stands: the last member set of a choice counts."""
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
