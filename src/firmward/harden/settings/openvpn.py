"""OpenVPN(8): `name value`, a comment behind `#` or `;`."""

from firmward.harden.assignment import Grammar, commented_words

PATHS = (
    "etc/openvpn/*",
    "etc/openvpn/*/*",
    "**/*.ovpn",
)
GRAMMAR = Grammar(commented_words(sign="#;"), "{name} {value}")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, value, section)
