"""miniupnpd.conf: `name=value`, a comment behind `#`."""

from firmward.harden.assignment import Grammar, equals

PATHS = ("**/miniupnpd.conf",)
GRAMMAR = Grammar(equals(), "{name}={value}")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, value, section)
