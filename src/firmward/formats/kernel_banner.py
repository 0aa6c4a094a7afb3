"""The banner of a Linux kernel (init/version.c): `Linux version RELEASE (USER@HOST) (COMPILER) VERSION`.

The kernel prints it first, and it stands as one string in its data. COMPILER holds brackets of its own; up to 4.x it
began with `gcc version`, since then with the compiler's own first line and, from 5.8 on, the linker's behind a comma.
VERSION is `#1 SMP PREEMPT Thu Jan 1 00:00:00 UTC 1970`: the number of the build, flags, and a date, to which
distributions put a version of theirs. From 6.1 on the string stands there twice: one for the first pass of the link has
no number of the build (`# SMP`), and nothing prints it.
"""

import re
from dataclasses import dataclass
from itertools import islice

from firmward.formats.occurrences import Read, occurrences

LONGEST = 1024
"""Bytes of a banner; Debian's longest has 260."""
SEARCHED = 128 << 20
"""Bytes searched for one."""
TRIED = 64
"""Places where its first words stand."""

_BEGINS = re.compile(rb"Linux version \d")
_RELEASE = re.compile(r"Linux version (?P<release>\d{1,3}\.\d{1,5}(?!\d)[!-~]{0,200}) \(")


@dataclass(frozen=True, slots=True)
class Banner:
    """`release` is what `uname -r` says, `builder` USER@HOST, `version` what `uname -v` says."""

    release: str
    builder: str
    compiler: str
    version: str


def parse(text: str) -> Banner | None:
    """None when the text does not begin with a whole banner."""
    begun = _RELEASE.match(text)
    if begun is None:
        return None
    builder, behind = _bracket(text, begun.end() - 1)
    compiler, behind = _bracket(text, behind + 1)
    if not builder or not compiler:
        return None
    version = text[behind:].lstrip(" ").partition("\n")[0].rstrip()
    return Banner(begun["release"], builder, compiler, version) if version.startswith("#") else None


def find(read: Read, size: int) -> Banner | None:
    """The banner that is printed, in so many bytes of an expanded kernel; else the first that stands there."""
    first = None
    for at in islice(occurrences(_BEGINS, 16, read, min(size, SEARCHED)), TRIED):
        banner = parse(read(at, LONGEST).partition(b"\0")[0].decode("ascii", "replace"))
        if banner is not None and banner.version[1:2].isdigit():
            return banner
        first = first or banner
    return first


def _bracket(text: str, at: int) -> tuple[str, int]:
    """What stands between the bracket that opens at a place and the one that closes it, and the place behind that."""
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth <= 0:
            return text[at + 1 : place].strip(), place + 1
    return "", len(text)
