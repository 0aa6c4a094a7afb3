"""msmtp(1): `name value`, below `defaults` or `account NAME`; an option that several accounts say is set in each."""

from firmward.harden.assignment import Grammar, say, words

PATHS = (
    "**/msmtprc",
    "**/.msmtprc",
    "**/msmtp/config",
)
GRAMMAR = Grammar(words(), "{name} {value}", repeats=True)


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return say(text, GRAMMAR.set(text, option, value) if option in text else text, option)
