"""opkg.conf: `option name value`; a named option without a value is on."""

import re

from firmward.harden.assignment import Grammar

PATHS = (
    "etc/opkg.conf",
    "etc/opkg/*.conf",
)
GRAMMAR = Grammar(
    re.compile(r"(?P<head>[ \t]*option[ \t]+(?P<name>\w+)(?:[ \t]+|$))(?P<value>\S*)(?P<tail>.*)"),
    "option {name} {value}",
)


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option.removeprefix("option "), value)
