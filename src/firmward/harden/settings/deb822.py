"""sources.list(5), the form with fields: `Field: value`; every paragraph that has the field is changed."""

from firmward.harden.assignment import Grammar, equals, say

PATHS = ("etc/apt/sources.list.d/*.sources",)
GRAMMAR = Grammar(equals(sign=":"), "{name}: {value}", folds=True, repeats=True)


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    changed = GRAMMAR.set(text, option, value) if option.lower() in text.lower() else text
    return say(text, changed, option)
