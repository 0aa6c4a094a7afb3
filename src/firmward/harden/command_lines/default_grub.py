"""etc/default/grub, of which grub-mkconfig makes grub.cfg: a word that is changed in one alone comes back.

GRUB_CMDLINE_LINUX is for every entry, GRUB_CMDLINE_LINUX_DEFAULT for the usual ones besides.
"""

import re
from collections.abc import Iterator

from firmward.formats.boot_arguments import Line
from firmward.harden.words import Edit, joined

PATHS = ("/etc/default/grub", "/etc/default/grub.d/*.cfg")
IS_WHOLE = True
ASSIGNED = re.compile(
    r"^(?P<before>[ \t]*GRUB_CMDLINE_LINUX(?:_DEFAULT)?=)(?P<quote>[\"']?)(?P<line>[^\"'\n]*)(?P=quote)[ \t]*$",
    re.MULTILINE,
)


def edited(text: str, edit: Edit) -> str:
    found = sorted(ASSIGNED.finditer(text), key=lambda one: len(one["before"].strip()))
    pieces = edit([one["line"] for one in found])
    for one, piece in sorted(zip(found, pieces, strict=True), key=lambda pair: -pair[0].start()):
        if piece != one["line"]:
            text = f'{text[: one.start()]}{one["before"]}"{piece}"{text[one.end() :]}'
    return text


def read(text: str) -> Iterator[Line]:
    found = list(ASSIGNED.finditer(text))
    if found:
        yield Line(joined(one["line"] for one in found), text.count("\n", 0, found[0].start()) + 1)
