"""lighttpd's language: `name = value`, in blocks for some requests. What several blocks say is changed in each.

A section is the name of a list: then the option is one of its keys (`ssl.openssl.ssl-conf-cmd`, `"MinProtocol"`). A
value is a text, written in quotes, or a number.
"""

import re
from collections.abc import Iterator

from firmward.formats.lighttpd import TOKEN
from firmward.harden.draft import Refused

PATHS = ("etc/lighttpd/*", "etc/lighttpd/*/*", "**/lighttpd*.conf", "**/lighttpd/*.conf", "**/lighttpd/*/*.conf")
SIGNS = ("=", "+=", ":=")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if '"' in value or "\\" in value:
        raise Refused(f"lighttpd cannot be told {value}")
    shown = value if value.isascii() and value.isdecimal() else f'"{value}"'
    places = list(_values(text, section or option))
    if not places:
        new = f'{section} += ( "{option}" => {shown} )' if section else f"{option} = {shown}"
        return f"{text.rstrip()}\n{new}\n".lstrip()
    for start, end in reversed(places):
        written = text[start:end]
        same = f'"{value}"' if written.startswith('"') else shown
        new = _with_key(written, option, shown) if section else same
        text = f"{text[:start]}{new}{text[end:]}"
    return text


def _with_key(written: str, key: str, value: str) -> str:
    """A list with one of its keys set."""
    pattern = rf'("{re.escape(key)}"\s*=>\s*)(?:"(?:[^"\\]|\\.)*"|[^\s,()]+)'
    changed, times = re.subn(pattern, lambda found: f"{found[1]}{value}", written, flags=re.IGNORECASE)
    if times:
        return changed
    if not written.startswith("("):
        raise Refused("a list is made of others here, and no key of it can be set")
    rest = written[1:].lstrip()
    return f'( "{key}" => {value}{"" if rest.startswith(")") else ", "}{"" if rest.startswith(")") else rest}' + (
        f" {rest}" if rest.startswith(")") else ""
    )


def _values(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Where the values of an option stand."""
    tokens = [one for one in TOKEN.finditer(text) if one.lastgroup not in ("space", "comment", "newline")]
    if any(one.lastgroup == "open" for one in tokens):
        raise Refused("a quote is not closed here")
    for place in range(len(tokens) - 2):
        if tokens[place].group() == name and tokens[place + 1].group() in SIGNS:
            last = _end(tokens, place + 2)
            yield tokens[place + 2].start(), tokens[last].end()


def _end(tokens: list[re.Match[str]], place: int) -> int:
    """The last token of the value that begins here: operands that `+` joins, lists as a whole."""
    while True:
        depth = 0
        while place < len(tokens) - 1:
            sign = tokens[place].group() if tokens[place].lastgroup == "sign" else ""
            depth += (sign == "(") - (sign == ")")
            if depth <= 0:
                break
            place += 1
        if place + 2 >= len(tokens) or tokens[place + 1].group() != "+":
            return place
        place += 2
