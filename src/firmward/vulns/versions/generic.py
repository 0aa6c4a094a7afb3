"""Versions as upstreams number their releases, where nothing says how: 1.0.2zg, 9.6p1, 2023.10-rc2, v1.36.1, 20240117.

A version falls into numbers and words. Some words are from before the release (`rc`, `beta`), some from after it (`p`,
`post`); one or two letters right behind a number are a release of their own (1.0.2a), in the order of the alphabet: zb
comes after za. What a packer added (`+dfsg`, `+git2024`, `-r5`) does not count, nor do zeros at the end: 1.0 is 1.0.0.
A word that is none of these has no order, `b2` has none because it is a beta to some and a release to others, and a
version that is the day on which it was made has none beside one that counts up.
"""

import re
from functools import lru_cache

Token = tuple[int, int, str]
Key = tuple[str, tuple[Token, ...]]

_LEADING = re.compile(r"(?:version|release|rel|v|r)?[ ._-]?(?=\d)", re.IGNORECASE)
_ADDED = re.compile(r"\+.*$|[~.-]?(?:dfsg|ds)\d*(?:\.\d+)*$|-r\d+$", re.DOTALL)
_DESCRIBED = re.compile(r"-(\d+)-g[0-9a-f]{5,40}(?:-dirty)?$")
_PIECES = re.compile(r"([._~: -]*)(\d+|[a-z]+)", re.ASCII)
_BEGINS = re.compile(r"v?(\d{1,60}(?:\.\d{1,60}){0,30})", re.ASCII)
_SHAPE = re.compile(r"(?:[._~: -]*(?:\d{1,60}|[a-z]{1,20})){1,40}", re.ASCII)
BEFORE = {"dev": 0, "snapshot": 0, "alpha": 1, "beta": 2, "pre": 3, "preview": 3, "test": 3, "rc": 4, "cr": 4}
AFTER = {"p": 0, "pl": 0, "patch": 0, "post": 0, "sp": 0, "u": 0, "update": 0, "rev": 0, "r": 0, "fp": 0}
SILENT = frozenset({"final", "release", "ga", "stable", "lts", "esv"})
_FIRST, _END, _LATER, _LETTER, _NUMBER = range(5)
_DATE = 19_000_000
"""A first number from here on is a day, as 20240117."""
DATED, COUNTED = "dated", "counted"
LENGTH = 200


@lru_cache(maxsize=16384)
def key(version: str) -> Key | None:
    text = version.strip().lower()
    if len(text) > LENGTH:
        return None
    text = _LEADING.sub("", _ADDED.sub("", text), count=1) if text[:1].isalpha() else _ADDED.sub("", text)
    text, commits = _undescribed(text)
    if not text[:1].isdigit() or _SHAPE.fullmatch(text) is None:
        return None
    tokens = _tokens(text)
    if tokens is None:
        return None
    kind = DATED if tokens[0][1] >= _DATE else COUNTED
    return kind, (*_without_zeros(tokens), (_END, commits, ""))


def numbers(version: str) -> tuple[int, ...]:
    """Those that a version begins with, whatever follows."""
    found = _BEGINS.match(version.strip().lower())
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def is_day(told: tuple[int, ...]) -> bool:
    return bool(told) and told[0] >= _DATE


def _undescribed(text: str) -> tuple[str, int]:
    """The version and how many commits git says there are behind it."""
    found = _DESCRIBED.search(text)
    return (text, 0) if found is None else (text[: found.start()], int(found[1]))


def _tokens(text: str) -> list[Token] | None:
    found: list[Token] = []
    pieces = _PIECES.findall(text)
    for place, (between, piece) in enumerate(pieces):
        if piece.isdigit():
            found.append((_NUMBER, int(piece), ""))
        elif piece not in SILENT:
            token = _word(piece, is_attached=between in ("", "-"), is_last=place == len(pieces) - 1)
            if token is None:
                return None
            found.append(token)
    return found


def _word(word: str, *, is_attached: bool, is_last: bool) -> Token | None:
    if word in BEFORE:
        return _FIRST, BEFORE[word], ""
    if word in AFTER and not (is_attached and is_last):  # 1.0.2p is OpenSSL's sixteenth, 9.6p1 OpenSSH's first
        return _LATER, AFTER[word], ""
    is_release = len(word) <= 2 and is_attached and (is_last or word not in ("a", "b"))
    return (_LETTER, 0, word) if is_release else None


def _without_zeros(tokens: list[Token]) -> list[Token]:
    """Zeros do not count where the numbers end, so that 1.0-rc1 comes right before 1 and 1.0.0."""
    end = next((at for at, token in enumerate(tokens) if token[0] != _NUMBER), len(tokens))
    kept = tokens[:end]
    while len(kept) > 1 and kept[-1][1] == 0:
        kept.pop()
    return kept + tokens[end:]
