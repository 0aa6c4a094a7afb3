"""What a program runs that only hands on: the script of an interpreter, the server behind tcpsvd.

Rules: BusyBox's tcpsvd and udpsvd take address, port and the program; an interpreter the first word that is no option
as its script, Python's `-m` a module, and `-c` and `-e` a text instead.
"""

import re

from firmward.facts import command_line
from firmward.facts.process import Process

SUPER_SERVERS = frozenset(("tcpsvd", "udpsvd"))
INTERPRETERS = re.compile(r"(?:python|lua|perl|ruby|php|node)[0-9.]*")


def of(process: Process) -> str | None:
    """The name of what it runs; None for a program that does its work itself."""
    words = command_line.own_words(process.argv)
    if process.program in SUPER_SERVERS:
        handed = command_line.read(words, "cCbulxi").words[2:3]
        return handed[0].rpartition("/")[2] if handed else None
    if INTERPRETERS.fullmatch(process.program) is None:
        return None
    for before, word in zip(("", *words), words, strict=False):
        if word in ("-c", "-e") or before == "-m":
            return word if before == "-m" else None
        if not word.startswith("-"):
            return word.rpartition("/")[2]
    return None
