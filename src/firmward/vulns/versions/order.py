"""Which of two versions comes first, by the scheme, and whether a version lies in a range."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from firmward.model.facts import Unknown
from firmward.vulns.record import Range, Scheme
from firmward.vulns.versions import apk, dpkg, generic, go, npm, rpm, semver

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
    if first is None or second is None:
        return _by_numbers(scheme, one, other, one if first is None else other)
    if scheme is Scheme.GENERIC and first[0] != second[0]:
        return Unknown(f"{one[:60]!r} is a count and {other[:60]!r} a day, or the other way round")
    return int(first > second) - int(first < second)


def _by_numbers(scheme: Scheme, one: str, other: str, culprit: str) -> int | Unknown:
    """Of upstreams' versions the numbers that both begin with decide, where these differ: 2.0b10 comes before 7.4,
    whatever the b may mean."""
    if scheme is Scheme.GENERIC:
        ours, theirs = generic.numbers(one), generic.numbers(other)
        differing = next(((a, b) for a, b in zip(ours, theirs, strict=False) if a != b), None)
        if differing is not None and generic.is_day(ours) == generic.is_day(theirs):
            return 1 if differing[0] > differing[1] else -1
    return Unknown(f"{culprit[:60]!r} is no version in the way of {scheme}")


def is_other(scheme: Scheme, key: Any, version: str) -> bool:
    """Whether a version is for certain another than the one with this key, which is not None. Lists name hundreds."""
    other = _key(scheme)(version)
    return other is not None and other != key and (scheme is not Scheme.GENERIC or other[0] == key[0])


def key_of(scheme: Scheme, version: str) -> Any:
    """What sorts as the version does, None where it has no order."""
    return _key(scheme)(version)


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
    from firmward.vulns.versions import pypi  # slow to import, and seldom asked

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
