"""What a program runs that only hands on: the script of an interpreter, the server behind tcpsvd.

Rules: BusyBox's tcpsvd and udpsvd take address, port and the program; an interpreter the first word that is no option
as its script, Python's `-m` a module, and `-c` and `-e` a text instead.
"""

import re

from firmward.facts import command_line
from firmward.facts.process import Process

SUPER_SERVERS = frozenset(("tcpsvd", "udpsvd"))
VALUED = "cCbulxit"
"""Options of tcpsvd, udpsvd and their kin that take a value."""
INTERPRETERS = re.compile(r"(?:python|lua|perl|ruby|php|node)[0-9.]*")


def of(process: Process) -> str | None:
    """The name of what it runs; None for a program that does its work itself."""
    words = command_line.own_words(process.argv)
    if process.program in SUPER_SERVERS:
        handed = handed_on(words)[2:3]
        return handed[0].rpartition("/")[2] if handed else None
    if INTERPRETERS.fullmatch(process.program) is None:
        return None
    for before, word in zip(("", *words), words, strict=False):
        if word in ("-c", "-e") or before == "-m":
            return word if before == "-m" else None
        if not word.startswith("-"):
            return word.rpartition("/")[2]
    return None


def handed_on(words: tuple[str, ...]) -> tuple[str, ...]:
    """Address, port, the program and its own words, behind the super-server's options (`-c 8 -vE`, `-vEc8`)."""
    place = 0
    while place < len(words) and len(words[place]) > 1 and words[place].startswith("-"):
        word = words[place]
        place += 1
        if word == "--":
            break
        valued = next((number for number, letter in enumerate(word[1:], 2) if letter in VALUED), None)
        place += valued == len(word)  # the value is the next word
    return words[place:]
