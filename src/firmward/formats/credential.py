"""Credentials written down: what is found is a kind, a name and a place, never the value.

They are known by their form (credential_token.py), stand in an address (credential_address.py), are given to a telling
name or a command (credential_assigned.py), or in a list of passwords (credential_list.py).
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

LINE_LIMIT = 1000
"""Bytes of a line that is looked at for names; longer ones are data or code made small."""

HITS_LIMIT = 2000
"""Places looked at in one file for one kind."""

SAMPLE = re.compile(rb"(?i)example|x{6}|sample|0{8}|1234567890|abcdefghij|placeholder|your[_-]")
NO_PASSWORD = re.compile(
    r"(?i)^(?:pass(?:word|wd|phrase|w)?\d?|pwd?|user(?:name)?|secret|token|x-oauth-basic|port|\.{2,}|x+|\*+|-+)$|"
    r"redacted|placeholder|your|my_?pass|example"
)
COMMENT = re.compile(r"\s{0,64}(?:#|//|;|--|\*|<!--|%|dnl\b|REM\b|\"\s)")
"""A quote is Vim's, where no name or value of JSON follows it."""


class Kind(StrEnum):
    TOKEN = "token"  # noqa: S105 - a kind of finding
    ADDRESS = "address"
    PASSWORD = "password"  # noqa: S105
    WIFI = "wifi"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Credential:
    """`kind` and `name` say what it is, `offset` where it begins, `length` how long it is."""

    kind: Kind
    name: str
    offset: int
    length: int


def is_commented(data: bytes, position: int) -> bool:
    """Whether the line up to a position is a comment; a line whose beginning is far away is taken for none."""
    start = data.rfind(b"\n", max(0, position - LINE_LIMIT), position) + 1
    is_seen = start > 0 or position <= LINE_LIMIT  # where its line begins
    return is_seen and COMMENT.match(data[start:position].decode("latin-1")) is not None


def looks_random(value: str) -> bool:
    return (
        len(value) >= 10
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and entropy(value.encode()) >= 3.0
    )


def entropy(value: bytes) -> float:
    """Shannon's, in bits for each byte."""
    counts = Counter(value)
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values()) if value else 0.0
