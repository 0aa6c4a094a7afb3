"""Where a version lies among those that a claim names."""

import pytest
from known import product

from firmward.vulns import ranges
from firmward.vulns.ranges import Fit
from firmward.vulns.record import Scheme


@pytest.mark.parametrize(
    ("versions", "fit"),
    [
        (("=1.1.1k",), Fit.RANGE),
        (("=1.1.1j", ">=1.1.1 <1.1.1l"), Fit.RANGE),
        (("*",), Fit.ANY),
        (("<1.1.0",), Fit.OUTSIDE),
        (("=1.1.1j", "=1.1.1l"), Fit.OUTSIDE),
        (("=whatever",), Fit.UNKNOWN),
        (("=whatever", "=1.1.1k"), Fit.RANGE),
        ((), Fit.UNKNOWN),
        (("<=1.1.*",), Fit.RANGE),
        (("<=1.0.*",), Fit.OUTSIDE),
        ((">=3.0 <3.0",), Fit.RANGE),
        ((">=1.1.1k <1.1.1k",), Fit.OUTSIDE),
    ],
)
def test_a_version_lies(versions: tuple[str, ...], fit: Fit) -> None:
    assert ranges.place("1.1.1k", product("openssl:openssl", *versions)).fit is fit


def test_what_is_called_semver_and_is_none_is_read_as_upstreams_number() -> None:
    assert ranges.place("1.1.1k", product("a:b", "<1.1.1l", scheme=Scheme.SEMVER)).fit is Fit.RANGE
    assert ranges.place("1.0.0-rc1", product("a:b", "<1.0.0", scheme=Scheme.SEMVER)).fit is Fit.RANGE


def test_commits_place_nothing() -> None:
    assert ranges.place("1.0", product("a:b", "=0123456789abcdef", scheme=Scheme.GIT)).fit is Fit.UNKNOWN


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (">=1.0 <2.0", "versions from 1.0 before 2.0 have it"),
        (">1.0 <=2.0", "versions from above 1.0 up to 2.0 have it"),
        ("<2.0", "versions before 2.0 have it"),
        (">=0", "all versions have it"),
        ("=1.5", "this version has it"),
        (">=1.5 <=1.5", "this version has it"),
        (">=1.6 <1.6", "versions before 1.6 have it"),
    ],
)
def test_a_range_is_told_in_words(versions: str, words: str) -> None:
    assert ranges.words(ranges.place("1.5", product("a:b", versions))) == words
