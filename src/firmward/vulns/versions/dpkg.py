"""Versions of Debian's packages, and of opkg's (Debian policy, 5.6.12): `[epoch:]upstream[-revision]`.

Each part is read as text and number in turn. Text sorts letters before all else, and `~` before the end itself, so that
1.0~rc1 comes before 1.0. A missing number counts as zero, a missing revision as `0`.
"""

import re
from functools import lru_cache

Part = tuple[tuple[tuple[int, ...], int], ...]
Key = tuple[int, Part, Part]

_VERSION = re.compile(r"(?:(\d{1,9}):)?([0-9A-Za-z.+:~-]{1,200})", re.ASCII)
_PIECES = re.compile(r"(\D*)(\d*)", re.ASCII)
_END = 0
_NOTHING = ((_END,), 0)
DIGITS = 60
"""Digits of one number: more are no version."""


@lru_cache(maxsize=4096)
def key(version: str) -> Key | None:
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        return None
    upstream, dash, revision = found[2].rpartition("-")
    parts = _part(upstream if dash else revision), _part(revision if dash else "")
    return None if parts[0] is None or parts[1] is None else (int(found[1] or 0), parts[0], parts[1])


def upstream(version: str) -> str:
    """The version that was packed, without epoch and revision, and without what was taken out (`+dfsg`)."""
    text = version.partition(":")[2] if re.match(r"\d+:", version) else version
    text = text.rpartition("-")[0] or text
    return re.sub(r"[+~](?:dfsg|ds|repack|really)[^-]*$", "", text)


def _part(text: str) -> Part | None:
    pieces = [_piece(*found) for found in _PIECES.findall(text)]
    if None in pieces:
        return None
    known = [piece for piece in pieces if piece is not None]
    while len(known) > 1 and known[-1] == _NOTHING:
        known.pop()
    return (*known, _NOTHING)


def _piece(word: str, digits: str) -> tuple[tuple[int, ...], int] | None:
    if len(digits) > DIGITS:
        return None
    return (*(_order(character) for character in word), _END), int(digits or 0)


def _order(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
