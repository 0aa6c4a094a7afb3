"""mosquitto.conf(5): `name value`. What stands behind `listener PORT [ADDRESS]` is that listener's, to the next one.

A section is a listener's first word, its port. An option of a listener that stands in several of them stays in each.
"""

import re

from firmward.harden.assignment import Grammar, words

PATHS = (
    "etc/mosquitto/*",
    "etc/mosquitto/*/*",
    "**/mosquitto.conf",
    "**/mosquitto/*.conf",
    "**/mosquitto/conf.d/*.conf",
)
GRAMMAR = Grammar(
    words(), "{name} {value}", re.compile(r"listener[ \t]+(?P<section>\d+)\b.*"), "listener {section}", repeats=True
)


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, value, section)
