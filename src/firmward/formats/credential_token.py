"""Tokens known by their form: a maker's beginning, alphabet and length."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmward.formats.credential import HITS_LIMIT, SAMPLE, Credential, Kind, entropy


@dataclass(frozen=True, slots=True)
class Token:
    """A maker's token: the bytes that every one has, and the whole form."""

    name: str
    mark: bytes
    pattern: re.Pattern[bytes]
    fits: Callable[[bytes, re.Match[bytes]], bool]
    lead: int = 24
    """Bytes before the mark with which the form may begin."""
    in_programs: bool = True
    """Whether it is looked for in programs too; what nobody builds in is not, for each takes its time."""


def _random(_: bytes, match: re.Match[bytes]) -> bool:
    return entropy(match[0]) >= 3.2 and not SAMPLE.search(match[0])


def _with_secret(data: bytes, match: re.Match[bytes]) -> bool:
    """The id of an AWS key is no secret without its 40 characters, which stand near it."""
    around = data[max(0, match.start() - 300) : match.end() + 300]
    return _random(data, match) and any(entropy(one) >= 4.2 for one in _FORTY.findall(around))


def _long_lived(data: bytes, match: re.Match[bytes]) -> bool:
    """A JSON Web Token that never expires, or lives longer than a month."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(match[1] + b"=" * (-len(match[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return False
    if not isinstance(claims, dict) or SAMPLE.search(match[0]) or claims.get("name") == "John Doe":
        return False
    start, end = claims.get("iat", claims.get("nbf")), claims.get("exp")
    return not (isinstance(start, int) and isinstance(end, int) and end - start < 31 * 86400)


_FORTY = re.compile(rb"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")

TOKENS = (
    Token("AWS access key", b"AKIA", re.compile(rb"(?<![A-Za-z0-9])AKIA[A-Z2-7]{16}(?![A-Za-z0-9])"), _with_secret),
    Token("GitHub token", b"ghp_", re.compile(rb"(?<!\w)ghp_[A-Za-z0-9]{36}(?!\w)"), _random),
    Token("GitHub token", b"github_pat_", re.compile(rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?!\w)"), _random),
    Token("GitLab token", b"glpat-", re.compile(rb"(?<!\w)glpat-[\w-]{20,64}(?!\w)"), _random, in_programs=False),
    Token("Slack token", b"xox", re.compile(rb"(?<!\w)xox[abeprs]-\d{8,14}-[\w-]{20,80}"), _random),
    Token("Slack hook", b"hooks.slack.com/services/T",
          re.compile(rb"hooks\.slack\.com/services/T\w{8,12}/B\w{8,12}/\w{20,28}"), _random),
    Token("Google key", b"AIza", re.compile(rb"(?<![\w-])AIza[\w-]{35}(?![\w-])"), _random),
    Token("Stripe key", b"k_live_", re.compile(rb"(?<!\w)[sr]k_live_[A-Za-z0-9]{24,99}(?!\w)"), _random),
    Token("SendGrid key", b"SG.", re.compile(rb"(?<![\w.])SG\.[\w-]{22}\.[\w-]{43}(?![\w-])"), _random),
    Token("npm token", b"npm_", re.compile(rb"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)"), _random, in_programs=False),
    Token("PyPI token", b"pypi-AgEIcHlwaS5vcmc", re.compile(rb"pypi-AgEIcHlwaS5vcmc[\w-]{50,512}"), _random,
          in_programs=False),
    Token("Azure key", b"AccountKey=", re.compile(rb"AccountKey=[A-Za-z0-9+/]{86}=="), _random),
    Token("Azure key", b"SharedAccessKey=", re.compile(rb"SharedAccessKey=[A-Za-z0-9+/]{43}="), _random),
    Token("Azure signature", b"&sig=", re.compile(rb"&sig=[A-Za-z0-9%]{43,63}%3[Dd]"), _random),
    Token("Telegram token", b":AA", re.compile(rb"(?<![\w-])\d{8,10}:AA[\w-]{33}(?![\w-])"), _random),
    Token("JSON web token", b".eyJ", re.compile(rb"(?<![\w-])eyJ[\w-]{10,1024}\.(eyJ[\w-]{10,4096})\.[\w-]{20,1024}"),
          _long_lived, lead=1030),
)  # fmt: skip

MARKS = tuple(token.mark for token in TOKENS)
"""Words of which one is in whatever `tokens` and `built_in` find."""


def tokens(data: bytes, marks: frozenset[bytes]) -> Iterator[Credential]:
    """What is known by its form in a text; `marks` are those that occur in it."""
    return (one for token in TOKENS if token.mark in marks for one in _token(data, token))


def built_in(data: bytes, marks: frozenset[bytes]) -> Iterator[Credential]:
    """What is known by its form in a program's data; `marks` are those that occur in it."""
    return (one for token in TOKENS if token.in_programs and token.mark in marks for one in _token(data, token))


def _token(data: bytes, token: Token) -> Iterator[Credential]:
    """The first one, if any."""
    position = data.find(token.mark)
    for _ in range(HITS_LIMIT):
        if position < 0:
            return
        match = token.pattern.search(data, max(0, position - token.lead), position + 4096)
        if match is not None and match.start() <= position < match.end() and token.fits(data, match):
            yield Credential(Kind.TOKEN, token.name, match.start(), len(match[0]))
            return
        position = data.find(token.mark, position + 1)
