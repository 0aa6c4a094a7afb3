"""Versions as CVE records write them, which is as each author liked: bounds in fields, in signs, or in words.

The record format (CVE JSON 5, `versions`) has a `version` with `lessThan` or `lessThanOrEqual` and `changes` behind it;
many write `< 1.2.3`, `>= 2.0, < 2.4` or `before 1.2` into `version` instead.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from firmward.vulns.fields import VERSION_LIMIT, Table, plain, tables_at, text_at
from firmward.vulns.record import Range, Scheme, Status

EVERYTHING = Range()
WORDS_LIMIT = 1024
"""Characters of a version in words, such as long lists have."""
SCHEMES = {
    "git": Scheme.GIT,
    "original_commit_for_fix": Scheme.GENERIC,
    "rpm": Scheme.RPM,
    "dpkg": Scheme.DPKG,
    "deb": Scheme.DPKG,
    "apk": Scheme.APK,
    "python": Scheme.PYPI,
    "pypi": Scheme.PYPI,
    "npm": Scheme.NPM,
    "go": Scheme.GO,
}
"""By `versionType`. `semver` is claimed of versions that are none (1.1.1za, 9.8p1), and is compared as all others."""
_NUMBER = r"v?\d[\w.+~-]*"
_COMPARED = re.compile(rf"(<=|>=|<|>|=)\s*({_NUMBER})")
_BEFORE = re.compile(
    rf"(?:versions? |all versions? )?(?:before|prior to|earlier than|below)(?: version)? ({_NUMBER})", re.I
)
_THROUGH = re.compile(rf"(?:from )?({_NUMBER}) (?:through|to|thru|up to and including|-) ({_NUMBER})", re.I)
_UP_TO = re.compile(rf"(?:versions? )?(?:up to(?: and including)?|through) ({_NUMBER})", re.I)
_AND_OLDER = re.compile(rf"({_NUMBER}) (?:and|or) (?:earlier|below|older|prior|lower)(?: versions?)?", re.I)
_ALL = re.compile(r"(?:all(?: versions?)?|any|\*|-? ?all)\.?", re.I)
_NOTHING = frozenset({"", "0", "*", "-", "n/a", "na", "none", "unspecified", "unknown", "0.0"})
_LINE = re.compile(r"((?:\d+\.)*)(\d+)\.(?:\*|x)")


def ranges_of(entry: Table) -> Iterator[tuple[Status, Scheme, Range]]:
    """What one of `versions` says: a status for a range, and more where `changes` split it. Raises Malformed."""
    scheme = SCHEMES.get(text_at(entry, "versionType").lower(), Scheme.GENERIC)
    status = status_of(text_at(entry, "status"))
    words = text_at(entry, "version", WORDS_LIMIT)
    below, through = text_at(entry, "lessThan", WORDS_LIMIT), text_at(entry, "lessThanOrEqual", WORDS_LIMIT)
    if not below and not through:
        yield from ((status, scheme, one) for one in _of_words(words) if _is_short(one))
        return
    whole = _bounded(words, below, through)
    if not _is_short(whole):
        return
    for change in tables_at(entry, "changes"):
        at = text_at(change, "at", WORDS_LIMIT)
        if 0 < len(at) <= VERSION_LIMIT and whole != EVERYTHING:
            yield status, scheme, replace(whole, end=at, through=False)
            whole, status = replace(whole, start=at, after=False), status_of(text_at(change, "status"))
    yield status, scheme, whole


def status_of(word: str) -> Status:
    try:
        return Status(word.lower())
    except ValueError:
        return Status.UNKNOWN


def _is_short(one: Range) -> bool:
    """No version is as long as that; who writes a list into it has said nothing that could be compared."""
    return max(len(one.start), len(one.end), len(one.exact)) <= VERSION_LIMIT


def _bounded(words: str, below: str, through: str) -> Range:
    start = "" if words.lower() in _NOTHING else words.strip()
    if compared := _compared(start):
        start = compared.start
    if below:
        return _ended(start, below.removeprefix("<").strip(), through=False)
    return _ended(start, through.removeprefix("<=").strip(), through=True)


def _ended(start: str, end: str, *, through: bool) -> Range:
    """`*` is no end at all; `7.0.*` goes on to 7.1."""
    if end == "*" or end.lower() in ("unspecified", "n/a"):
        return Range(start)
    line = _LINE.fullmatch(end)
    if line is not None and len(line[2]) <= 9:
        return Range(start, f"{line[1]}{int(line[2]) + 1}")
    return Range(start, end, through=through)


def _of_words(words: str) -> Iterator[Range]:
    words = plain(words)
    if _ALL.fullmatch(words):
        yield EVERYTHING
    elif words.lower() in _NOTHING:
        return
    elif (found := _compared(words) or _in_words(words)) is not None:
        yield found
    elif (line := _LINE.fullmatch(words)) is not None and len(line[2]) <= 9:
        yield Range(f"{line[1]}{line[2]}", f"{line[1]}{int(line[2]) + 1}")
    else:
        yield Range(exact=words)


def _compared(words: str) -> Range | None:
    """`>= 2.0, < 2.4`; None where anything else stands there."""
    pieces = [piece.strip() for piece in words.split(",")]
    found = [_COMPARED.fullmatch(piece) for piece in pieces]
    made = EVERYTHING
    for one in found:
        if one is None:
            return None
        made = _with(made, one[1], one[2])
    return made


def _with(bounds: Range, sign: str, version: str) -> Range:
    if sign == "=":
        return Range(exact=version)
    if sign in ("<", "<="):
        return replace(bounds, end=version, through=sign == "<=")
    return replace(bounds, start=version, after=sign == ">")


def _in_words(words: str) -> Range | None:
    if found := _BEFORE.fullmatch(words):
        return Range(end=found[1])
    if found := _THROUGH.fullmatch(words):
        return Range(found[1], found[2], through=True)
    if found := _UP_TO.fullmatch(words) or _AND_OLDER.fullmatch(words):
        return Range(end=found[1], through=True)
    return None
