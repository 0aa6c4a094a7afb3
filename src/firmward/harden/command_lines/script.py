"""Scripts of U-Boot's in words, `setenv bootargs` in boot.cmd. What boots is boot.scr, which mkimage makes of it."""

import re

from firmward.formats import boot_arguments
from firmward.harden.words import Edit

PATHS = ("boot.cmd", "boot.scr.txt")
IS_WHOLE = True
COMPILED = "boot.scr"
SET = re.compile(
    r"(?P<before>\bsetenv[ \t]+(?:-f[ \t]+)?(?:bootargs|cmdline)[ \t]+)"
    r"(?:(?P<quote>[\"'])(?P<quoted>[^\"'\n]*)(?P=quote)|(?P<plain>[^\"';&\s][^\"';&\n]*))"
)
read = boot_arguments.script


def edited(text: str, edit: Edit) -> str:
    def changed(found: re.Match[str]) -> str:
        group = "plain" if found["quoted"] is None else "quoted"
        line = found[group]
        blanks = line[len(line.rstrip()) :]
        (piece,) = edit([line.rstrip()])
        start, end = found.start(group) - found.start(), found.end(group) - found.start()
        return found[0][:start] + piece + blanks + found[0][end:]

    return SET.sub(changed, text)
