"""Which of two versions comes first, by the scheme, and whether a version lies in a range."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from firmward.model.facts import Unknown
from firmward.vulns.record import Range, Scheme

NOTHING = frozenset({"", "0", "*"})
"""What a range starts from when it starts from the first version there was."""
ENDLESS = frozenset({"", "*"})
"""What it ends with when it goes on."""


def compare(scheme: Scheme, one: str, other: str) -> int | Unknown:
    """Below zero, zero or above it, as `one` comes before, is, or comes after the `other`."""
    if one == other:
        return 0
    if scheme is Scheme.GIT:
        return Unknown("commits cannot be compared with versions")
    first, second = _key(scheme)(one), _key(scheme)(other)
    for text, key in ((one, first), (other, second)):
        if key is None:
            return Unknown(f"{text[:60]!r} is no version in the way of {scheme}")
    if scheme is Scheme.GENERIC and first[0] != second[0]:
        return Unknown(f"{one[:60]!r} is a count and {other[:60]!r} a day, or the other way round")
    return int(first > second) - int(first < second)


def lies_in(version: str, span: Range, scheme: Scheme) -> bool | Unknown:
    """Whether a version lies in a range."""
    if span.exact:
        found = compare(scheme, version, span.exact)
        return found if isinstance(found, Unknown) else found == 0
    start = 1 if span.start in NOTHING else compare(scheme, version, span.start)
    end = -1 if span.end in ENDLESS else compare(scheme, version, span.end)
    begun = start if isinstance(start, Unknown) else start > 0 or (start == 0 and not span.after)
    goes_on = end if isinstance(end, Unknown) else end < 0 or (end == 0 and span.through)
    if begun is False or goes_on is False:
        return False
    return next((one for one in (begun, goes_on) if isinstance(one, Unknown)), True)


def in_order(scheme: Scheme, versions: Iterable[str]) -> tuple[str, ...]:
    """Those that can be compared, each once, from the lowest on."""
    key = _key(scheme)
    known = {version: key(version) for version in versions}
    return tuple(sorted((one for one, its in known.items() if its is not None), key=lambda one: known[one]))


@lru_cache
def _key(scheme: Scheme) -> Callable[[str], Any]:
    from firmward.vulns.versions import apk, dpkg, generic, go, npm, pypi, rpm, semver

    keys: dict[Scheme, Callable[[str], Any]] = {
        Scheme.GENERIC: generic.key,
        Scheme.SEMVER: semver.key,
        Scheme.DPKG: dpkg.key,
        Scheme.RPM: rpm.key,
        Scheme.APK: apk.key,
        Scheme.PYPI: pypi.key,
        Scheme.NPM: npm.key,
        Scheme.GO: go.key,
    }
    return keys.get(scheme, lambda version: None)
