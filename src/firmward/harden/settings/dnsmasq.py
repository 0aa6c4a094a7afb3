"""dnsmasq(8): `name=value`, or the name alone for what is on when it is there; `no` takes such a one away."""

import re

from firmward.harden.assignment import Grammar

PATHS = ("etc/dnsmasq.conf", "etc/dnsmasq.d/*", "**/dnsmasq.conf")
LINE = (
    r"(?P<head>[ \t]*(?P<name>[\w-]+)[ \t]*(?:=[ \t]*)?)"
    r"(?P<value>(?:[^\s#](?:[^#]*[^\s#])?)?)(?P<tail>[ \t]*(?:#.*)?)"
)
GRAMMAR = Grammar(re.compile(LINE), "{name}={value}")
ON, OFF = "", "no"


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if value not in (ON, OFF):
        return GRAMMAR.set(text, option, value)
    name = re.compile(rf"[ \t]*{re.escape(option)}[ \t]*(?:=.*|#.*)?\r?")
    lines = text.removesuffix("\n").split("\n") if text else []
    if value == OFF:
        lines = [line for line in lines if not name.fullmatch(line)]
    elif not any(name.fullmatch(line) for line in lines):
        lines.append(option)
    return "".join(f"{line}\n" for line in lines)
