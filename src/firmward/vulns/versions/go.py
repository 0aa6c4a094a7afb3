"""Versions of Go's modules (go.dev/ref/mod#versions), which are semantic versions behind a `v`, and of Go itself.

A pseudo-version (`v0.0.0-20240102150405-abcdef123456`) sorts by its date, as what came before a release. Go names its
own releases `go1.21` and `go1.21rc2`.
"""

import re
from functools import lru_cache

from firmward.vulns.versions import semver
from firmward.vulns.versions.semver import Key

_OWN = re.compile(r"go(\d+\.\d+(?:\.\d+)?)(?:(beta|rc)(\d+))?(?:[ -].*)?", re.ASCII)


@lru_cache(maxsize=4096)
def key(version: str) -> Key | None:
    text = version.strip()
    found = _OWN.fullmatch(text)
    if found is not None:
        text = f"{found[1]}-{found[2]}.{found[3]}" if found[2] else found[1]
    return semver.key(text)
