"""Addresses that carry `user:password@`."""

import re
from collections.abc import Iterator

from firmward.formats.credential import HITS_LIMIT, NO_PASSWORD, Credential, Kind, is_commented, looks_random

SCHEME = b"://"
"""It is in whatever `addresses` finds."""

_ADDRESS = re.compile(
    rb"(?<![\w+])([A-Za-z][A-Za-z0-9+.-]{1,20})://([^\s:/@\"'<>\\{}\[\]()$%*,;|]{1,64}):"
    rb"([^\s/@\"'<>{}()\[\]$%*|\\`]{3,128})@([A-Za-z0-9][\w.-]{1,200})"
)
_NO_HOST = re.compile(
    r"(?i)(?:^|\.)(?:example\.(?:com|org|net)|hostname|host|server|domain)(?:\.|$)|^(?:example|invalid|test)(?:\.|$)"
)
_SET_ASIDE = re.compile(r"(?i)\.(?:example|invalid|test)$")
"""Domains for examples and laboratories; what is random there was a password somewhere."""


def addresses(data: bytes) -> Iterator[Credential]:
    """Addresses with a password in them."""
    position = data.find(SCHEME)
    for _ in range(HITS_LIMIT * 10):
        if position < 0:
            return
        at = data.find(b"@", position + 5, position + 200)
        match = _ADDRESS.search(data, max(0, position - 20), at + 210) if at >= 0 else None
        fits = match is not None and match.start() <= position < match.end() and _is_address(match)
        if match is not None and fits and not is_commented(data, match.start()):
            yield Credential(Kind.ADDRESS, f"{match[1].decode()} address", match.start(), len(match[3]))
        position = data.find(SCHEME, position + 3)


def _is_address(match: re.Match[bytes]) -> bool:
    password, host = (match[part].decode("latin-1") for part in (3, 4))
    if NO_PASSWORD.search(password) or _NO_HOST.search(host):
        return False
    if _SET_ASIDE.search(host) and not looks_random(password):
        return False
    return not password.isdigit() or len(password) > 5  # shorter, it is a port before a path with @
