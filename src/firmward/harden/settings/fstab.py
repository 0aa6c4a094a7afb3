"""fstab(5): the options of a file system. The section is the folder that it is mounted at, the option one word.

The last of two words that contradict each other counts, so a word that is set makes its opposite go. A value is the
word's own (`size=4m`), `yes` a word without one, `no` the word's absence.
"""

import re

from firmward.harden.draft import Refused
from firmward.harden.mount_words import changed

PATHS = ("etc/fstab",)
ROW = re.compile(
    r"(?P<before>[ \t]*[^\s#]\S*[ \t]+(?P<place>\S+)[ \t]+\S+)(?:(?P<gap>[ \t]+)(?P<options>\S+)(?P<rest>.*))?"
)
ESCAPE = re.compile(r"\\([0-7]{3})")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    lines = text.split("\n")
    rows = [(number, row) for number, line in enumerate(lines) if (row := ROW.fullmatch(line)) is not None]
    meant = [(number, row) for number, row in rows if _place(row["place"]) == _place(section or "")]
    if not meant:
        raise Refused(f"etc/fstab has no line for {section}")
    for number, row in meant:
        options = changed((row["options"] or "defaults").split(","), option, value)
        lines[number] = f"{row['before']}{row['gap'] or ' '}{','.join(options)}{row['rest'] or ''}"
    return "\n".join(lines)


def _place(folder: str) -> str:
    return ESCAPE.sub(lambda found: chr(int(found[1], 8)), folder).rstrip("/") or "/"
