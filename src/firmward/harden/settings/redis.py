"""redis.conf: `name value`."""

from firmward.harden.assignment import Grammar, words

PATHS = ("etc/redis/*", "etc/redis.d/*", "**/redis.conf", "**/redis*.conf")
GRAMMAR = Grammar(words(), "{name} {value}", folds=True)


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, value)
