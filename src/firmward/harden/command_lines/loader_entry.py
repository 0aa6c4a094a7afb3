"""Entries of the boot loader specification (systemd-boot): the `options` of one, which add up."""

import re

from firmward.formats import boot_arguments
from firmward.harden.words import Edit

PATHS = ("loader/entries/*.conf",)
IS_WHOLE = True
OPTIONS = re.compile(r"^(?P<before>[ \t]*options[ \t]+)(?P<line>[^\r\n]*)", re.MULTILINE | re.IGNORECASE)
read = boot_arguments.entry


def edited(text: str, edit: Edit) -> str:
    found = list(OPTIONS.finditer(text))
    for one, piece in reversed(list(zip(found, edit([one["line"] for one in found]), strict=True))):
        text = text[: one.start("line")] + piece + text[one.end("line") :]
    return text
