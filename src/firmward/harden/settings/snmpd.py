"""snmpd.conf(5): `name value`; addresses of `agentAddress` add up in one line, and it is said once."""

from firmward.harden.assignment import Grammar, commented_words

PATHS = (
    "etc/snmp/*.conf",
    "etc/snmp/*/*.conf",
    "**/snmpd.conf",
)
GRAMMAR = Grammar(commented_words(), "{name} {value}", folds=True)


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, value, section)
