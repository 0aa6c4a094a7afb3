"""vsftpd.conf(5): `name=value`, and no blank around the sign."""

from firmward.harden.assignment import Grammar, equals

PATHS = (
    "**/vsftpd.conf",
    "etc/vsftpd/*.conf",
    "etc/vsftpd.conf",
)
GRAMMAR = Grammar(equals(), "{name}={value}")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, value, section)
