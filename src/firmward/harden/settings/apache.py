"""Apache's configuration: a directive a line, its name without regard to capitals, in sections `<Name words>`.

What several sections say is changed in each. A section is written as its head, without brackets and quotes.
"""

import re

from firmward.harden.assignment import Grammar, words
from firmward.harden.draft import Refused

PATHS = (
    *("etc/apache2/*", "etc/apache2/*/*", "etc/httpd/*", "etc/httpd/*/*", "**/apache2/*.conf", "**/apache2.conf"),
    *("**/httpd.conf", "**/httpd/*.conf"),
)
GRAMMAR = Grammar(words(r"[A-Za-z]\w*"), "{name} {value}", folds=True, continues=True, repeats=True)
HEAD = re.compile(r"[ \t]*<(?P<close>/?)(?P<head>[^>]*)>[ \t\r]*")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if section is None:
        return GRAMMAR.set(text, option, value)
    lines = text.removesuffix("\n").split("\n")
    heads = [(number, found) for number, line in enumerate(lines) if (found := HEAD.fullmatch(line)) is not None]
    meant = [
        place for place, (_, found) in enumerate(heads) if not found["close"] and _bare(found["head"]) == _bare(section)
    ]
    if not meant:
        raise Refused(f"no section here is {section}")
    for place in reversed(meant):
        first = heads[place][0] + 1
        end = heads[place + 1][0] if place + 1 < len(heads) else len(lines)
        inner = GRAMMAR.set("".join(f"{line}\n" for line in lines[first:end]), option, value)
        lines[first:end] = inner.removesuffix("\n").split("\n")
    return "".join(f"{line}\n" for line in lines)


def _bare(head: str) -> str:
    name, _, rest = head.strip().partition(" ")
    return f"{name.lower()} {rest.strip().strip(chr(34) + chr(39))}"
