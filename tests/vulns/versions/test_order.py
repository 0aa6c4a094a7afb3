"""Each scheme's own order, its laws, and what it says about what it cannot compare."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.model.facts import Unknown
from firmward.vulns.record import Range, Scheme
from firmward.vulns.versions.order import compare, in_order, lies_in

RISING = {
    Scheme.GENERIC: (
        "0.9.8", "1.0.0-beta1", "1.0-rc2", "1.0.0", "1.0.1", "1.0.2", "1.0.2a", "1.0.2o",
        "1.0.2p", "1.0.2q", "1.0.2r", "1.0.2u", "1.0.2z", "1.0.2za", "1.0.2zg",
        "1.1.0-pre1", "1.1.0", "9.6", "9.6p1", "9.6p2", "v9.7", "9.10", "2023.10-rc2", "2023.10",
    ),
    Scheme.DPKG: (
        "1.0~rc1-1", "1.0~rc1-1+b1", "1.0", "1.0-1~bpo12+1", "1.0-1", "1.0-1+deb12u1", "1.0-1.1", "1.0-2", "1.0a-1",
        "1.0+dfsg-1", "1.0.1-1", "1.10-1", "1:0.1-1",
    ),
    Scheme.RPM: (
        "1.0~rc1-1", "1.0", "1.0-1.el9", "1.0-2.el9", "1.0^git1-1", "1.0a-1", "1.0.1-1", "1.10-1", "1:0.1-1",
    ),
    Scheme.APK: (
        "1.2_alpha1", "1.2_rc1", "1.2", "1.2-r0", "1.2-r5", "1.2-r10", "1.2_git20200101", "1.2_p1", "1.2a", "1.2.0",
        "1.2.05", "1.2.1", "1.10",
    ),
    Scheme.SEMVER: (
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
        "1.0.1", "1.10.0", "2.0.0",
    ),
    Scheme.NPM: ("4.17.20", "v4.17.21-0", "4.17.21"),
    Scheme.PYPI: ("1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1!0.5"),
    Scheme.GO: (
        "v0.0.0-20200101000000-abcdefabcdef", "v0.0.0-20240101000000-0123456789ab", "v0.1.0", "v1.0.0",
        "go1.21rc2", "go1.21", "go1.21.3",
    ),
}  # fmt: skip
SAME = (
    (Scheme.GENERIC, "1.0", "1.0.0"),
    (Scheme.GENERIC, "v1.36.1", "1.36.1"),
    (Scheme.GENERIC, "1.2.3+dfsg", "1.2.3"),
    (Scheme.GENERIC, "1.36.1-r5", "1.36.1"),
    (Scheme.GENERIC, "1.9.5-patch1", "1.9.5p1"),
    (Scheme.GENERIC, "1.0-rc1", "1.0.0rc1"),
    (Scheme.GENERIC, "2.05-b", "2.05b"),
    (Scheme.DPKG, "0:1.0", "1.0-0"),
    (Scheme.RPM, "1.0_1", "1.0.1"),
    (Scheme.SEMVER, "1.2", "1.2.0+build.5"),
    (Scheme.PYPI, "1.0", "1.0.0"),
    (Scheme.GO, "v2.0.0+incompatible", "2.0.0"),
)
NOT_COMPARED = (
    (Scheme.GIT, "1.0", "1.1"),
    (Scheme.GENERIC, "20240117", "1.3.1"),
    (Scheme.GENERIC, "1.0b2", "1.0"),
    (Scheme.GENERIC, "1.2-foo", "1.2"),
    (Scheme.GENERIC, "master", "1.2"),
    (Scheme.GENERIC, "1.2", ""),
    (Scheme.SEMVER, "1.1.1k", "1.1.1"),
    (Scheme.PYPI, "1.0-final-thing", "1.0"),
    (Scheme.APK, "1.0_zz1", "1.0"),
    (Scheme.DPKG, "1.0 or so", "1.0"),
)


@pytest.mark.parametrize("scheme", RISING)
def test_versions_rise(scheme: Scheme) -> None:
    rising = RISING[scheme]
    for (place, one), (other_place, other) in itertools.product(enumerate(rising), repeat=2):
        expected = (place > other_place) - (place < other_place)
        assert compare(scheme, one, other) == expected, (one, other)


@pytest.mark.parametrize(("scheme", "one", "other"), SAME)
def test_two_ways_to_write_one_version(scheme: Scheme, one: str, other: str) -> None:
    assert compare(scheme, one, other) == 0
    assert compare(scheme, other, one) == 0


@pytest.mark.parametrize(("scheme", "one", "other"), NOT_COMPARED)
def test_what_has_no_order_is_unknown(scheme: Scheme, one: str, other: str) -> None:
    assert isinstance(compare(scheme, one, other), Unknown)
    assert isinstance(compare(scheme, other, one), Unknown)


def test_numbers_in_front_decide_whatever_follows() -> None:
    assert compare(Scheme.GENERIC, "2.0b10", "7.4.3") == -1
    assert compare(Scheme.GENERIC, "2.6.11_rc1_bk6", "2.6.9") == 1
    assert isinstance(compare(Scheme.GENERIC, "20240117-foo", "1.2"), Unknown)


LETTERS = st.sampled_from(
    ["", "a", "b", "z", "za", "p1", "p2", "-rc1", "-rc2", "-beta3", "+dfsg", "~rc1", "-2", "_p1", "^1"]
)
NUMBERS = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda found: ".".join(map(str, found)))
VERSIONS = st.builds(
    lambda numbers, letters, more: numbers + letters + more, NUMBERS, LETTERS, st.sampled_from(["", "-r1", ".1"])
)
COMPARED = st.sampled_from(sorted(set(Scheme) - {Scheme.GIT}))


@given(COMPARED, VERSIONS, VERSIONS, VERSIONS)
@settings(max_examples=600, deadline=None)
def test_the_order_has_an_orders_laws(scheme: Scheme, one: str, other: str, third: str) -> None:
    first, back, second = compare(scheme, one, other), compare(scheme, other, one), compare(scheme, other, third)
    across = compare(scheme, one, third)
    if isinstance(first, Unknown):
        assert isinstance(back, Unknown)
        return
    assert not isinstance(back, Unknown)
    assert first == -back
    if isinstance(second, Unknown) or isinstance(across, Unknown):
        return
    if first <= 0 and second <= 0:
        assert across <= 0
        assert (across == 0) == (first == 0 and second == 0)


@given(COMPARED, st.text(max_size=40), st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_a_comparison(scheme: Scheme, one: str, other: str) -> None:
    found = compare(scheme, one, other)
    assert isinstance(found, int | Unknown)


@pytest.mark.parametrize("scheme", sorted(set(Scheme)))
def test_huge_numbers_are_no_versions_that_take_long(scheme: Scheme) -> None:
    huge = "9" * 100_000
    assert isinstance(compare(scheme, huge, "1"), Unknown)


@pytest.mark.parametrize(
    ("version", "span", "expected"),
    [
        ("1.0", Range("1.0", "2.0"), True),
        ("2.0", Range("1.0", "2.0"), False),
        ("2.0", Range("1.0", "2.0", through=True), True),
        ("1.0", Range("1.0", "2.0", after=True), False),
        ("0.1", Range("0", "2.0"), True),
        ("0.1", Range("", "2.0"), True),
        ("99", Range("1.0"), True),
        ("99", Range("1.0", "*"), True),
        ("1.0", Range(exact="1.0.0"), True),
        ("1.0.1", Range(exact="1.0.0"), False),
        ("0.9", Range("1.0", "whatever"), False),
    ],
)
def test_a_version_in_a_range(version: str, span: Range, expected: bool) -> None:
    assert lies_in(version, span, Scheme.GENERIC) is expected


def test_a_bound_that_cannot_be_compared_leaves_it_unknown() -> None:
    assert isinstance(lies_in("1.5", Range("1.0", "whatever"), Scheme.GENERIC), Unknown)


def test_versions_sort_and_those_without_order_are_left_out() -> None:
    assert in_order(Scheme.GENERIC, ("1.10", "whatever", "1.9", "1.9")) == ("1.9", "1.10")
