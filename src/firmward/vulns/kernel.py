"""Which of the kernel CNA's vulnerabilities a kernel has, by its pairs of versions.

A pair is where a flaw came in and where it was mended, as the CNA's dyad files list them. A mainline release (6.1, and
2.6.39 before 3.0) is an ancestor of every later line; a stable one (6.1.34) only of what follows in its own line. `0`
as the introduction is the beginning of all, and as the fix it says that there is none.

A kernel has a flaw when an introduction is among its ancestors and no fix is: so the CNA's own program reads the pairs.
Where the last that happened to it was an introduction although a fix came before (mended in 4.18, brought back in 5.8),
or a fix is noted before what it mends, that reading and the CNA's lists of versions contradict each other: such a flaw
is doubtful, and neither told to apply nor dropped.

CPE ranges of the same records overlap, and ranges of others leave out what was mended in stable lines: neither is asked
about what the CNA has a record of.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from firmward.model.facts import Unknown
from firmward.vulns.record import KernelFlaw

_RELEASE = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,5}))?(?:\.(\d{1,5}))?(?:-rc(\d{1,3}))?(?![0-9.])", re.ASCII)
_BUILD_NUMBER = re.compile(r"\d+\.\d+\.0-\d+(?:[.-].*)?$", re.ASCII)
_BACKPORTED = re.compile(r"\.(?:el|amzn|fc|uek|oe)\d")
NONE = "0"
_BEGINNING = 1
"""Before every release, and after 0, which stands for what did not happen."""


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """An upstream release: its `line`, (6, 1, 0) or (2, 6, 32), the number in the `patch` level of that line, and the
    number of the `candidate` before the first release, 0 for none. `suffix` is what a builder wrote behind it."""

    line: tuple[int, int, int]
    patch: int = 0
    candidate: int = 0
    suffix: str = ""

    @property
    def is_mainline(self) -> bool:
        return self.patch == 0

    @property
    def rank(self) -> int:
        """Orders releases, and lines among each other."""
        major, minor, third = self.line
        return ((major * 10_000 + minor) * 100_000 + third) * 100_000 + self.patch + 2

    @property
    def line_name(self) -> str:
        major, minor, third = self.line
        return f"{major}.{minor}.{third}" if third else f"{major}.{minor}"


@dataclass(frozen=True, slots=True)
class Standing:
    """The flaws that `apply` to a kernel, and those that are `doubtful`, in the order in which they were given."""

    apply: tuple[KernelFlaw, ...]
    doubtful: tuple[KernelFlaw, ...]


@lru_cache(maxsize=16384)
def release(version: str) -> Release | Unknown:
    """The upstream release that `version` names, which may be what `uname -r` says. Unknown where a distribution counts
    its own builds instead: Debian's 6.1.0-28-amd64 is no 6.1.0."""
    text = version.strip().removeprefix("v")
    found = _RELEASE.match(text)
    if found is None:
        return Unknown(f"{version[:60]!r} is no version of Linux")
    if _BUILD_NUMBER.match(text) or _BACKPORTED.search(text):
        return Unknown(f"{version[:60]!r} counts a distribution's builds: only its package tells what was mended in it")
    major, minor, third, fourth, candidate = (int(number or 0) for number in found.groups())
    suffix = text[found.end() :]
    if major < 3:
        return Release((major, minor, third), fourth, candidate, suffix)
    return Release((major, minor, 0), third, candidate, suffix)


def standing(flaws: Iterable[KernelFlaw], of: Release) -> Standing:
    """What a kernel of this release has. A candidate has for certain what the release before it had and its own release
    has too; what changed in between is doubtful."""
    if not of.candidate:
        return _standing(flaws, _Events(of, is_mainline_merged=True))
    known = tuple(flaws)
    before = _standing(known, _Events(of, is_mainline_merged=False))
    after = _standing(known, _Events(of, is_mainline_merged=True))
    sure = {one.vulnerability for one in before.apply} & {one.vulnerability for one in after.apply}
    some = {one.vulnerability for found in (before, after) for one in (*found.apply, *found.doubtful)} - sure
    return Standing(
        tuple(one for one in known if one.vulnerability in sure),
        tuple(one for one in known if one.vulnerability in some),
    )


def fixes(flaw: KernelFlaw, of: Release) -> tuple[str, ...]:
    """The releases that mend a flaw for a kernel, the one of its own line first, then those of later lines."""
    own = of.rank
    later: list[tuple[bool, int, str]] = []
    for fixed in {fixed for _, fixed in flaw.pairs} - {NONE}:
        found, rank = _ranked(fixed)
        if rank > own and found is not None:
            later.append((found.line != of.line, rank, fixed))
    return tuple(fixed for *_, fixed in sorted(later))


@lru_cache(maxsize=20_000)
def _ranked(version: str) -> tuple[Release | None, int]:
    """A release and its rank; a set of records names a few thousand, each many times."""
    found = release(version)
    return (found, found.rank) if isinstance(found, Release) else (None, 0)


class _Events(dict[str, int]):
    """What happened to a kernel before it was released: the rank of each version that is among its ancestors, and 0 for
    the others. Looked up once for each of the few thousand versions that a set of records names."""

    def __init__(self, of: Release, *, is_mainline_merged: bool) -> None:
        self.of = of
        self.is_mainline_merged = is_mainline_merged

    def __missing__(self, version: str) -> int:
        found = release(version)
        rank = found.rank if isinstance(found, Release) and self._is_ancestor(found) else 0
        self[version] = rank
        return rank

    def _is_ancestor(self, other: Release) -> bool:
        if other.line == self.of.line:
            return self.is_mainline_merged if other.is_mainline else other.patch <= self.of.patch
        return other.is_mainline and other.line < self.of.line


def _standing(flaws: Iterable[KernelFlaw], happened: _Events) -> Standing:
    apply: list[KernelFlaw] = []
    doubtful: list[KernelFlaw] = []
    happened[NONE] = _BEGINNING
    for flaw in flaws:
        came = mended = 0
        for introduced, fixed in flaw.pairs:
            begun = happened[introduced]
            if begun:
                came = max(came, begun)
                if fixed != NONE:
                    mended = max(mended, happened[fixed])
        if came and not mended:
            apply.append(flaw)
        elif came > mended:
            doubtful.append(flaw)
    return Standing(tuple(apply), tuple(doubtful))
