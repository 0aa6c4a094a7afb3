"""Versions as CVE records write them."""

import pytest

from firmward.formats.malformed import Malformed
from firmward.vulns.record import Range, Scheme, Status
from firmward.vulns.version_words import EVERYTHING, ranges_of

HIT, FREE = Status.AFFECTED, Status.UNAFFECTED


def said(**entry: object) -> list[tuple[Status, Range]]:
    return [(status, one) for status, _, one in ranges_of({"status": "affected", **entry})]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("1.2.3", Range(exact="1.2.3")),
        ("< 1.2.3", Range(end="1.2.3")),
        ("<= 1.2.3", Range(end="1.2.3", through=True)),
        (">= 2.0, < 2.4", Range("2.0", "2.4")),
        ("> 2.0, <= 2.4", Range("2.0", "2.4", after=True, through=True)),
        ("= 1.5", Range(exact="1.5")),
        ("before 1.2", Range(end="1.2")),
        ("versions prior to 1.2", Range(end="1.2")),
        ("1.0 through 1.5", Range("1.0", "1.5", through=True)),
        ("1.5 and earlier", Range(end="1.5", through=True)),
        ("up to 9.7p1", Range(end="9.7p1", through=True)),
        ("6.1.x", Range("6.1", "6.2")),
        ("all versions", EVERYTHING),
        ("*", EVERYTHING),
        ("those that Bob built", Range(exact="those that Bob built")),
    ],
)
def test_a_version_in_words(words: str, meant: Range) -> None:
    assert said(version=words) == [(HIT, meant)]


@pytest.mark.parametrize("words", ["", "n/a", "-", "unspecified", "unknown"])
def test_no_version_says_nothing(words: str) -> None:
    assert said(version=words) == []


@pytest.mark.parametrize(
    ("entry", "meant"),
    [
        ({"version": "1.0", "lessThan": "1.2"}, Range("1.0", "1.2")),
        ({"version": "0", "lessThan": "1.2"}, Range(end="1.2")),
        ({"version": "unspecified", "lessThanOrEqual": "1.2"}, Range(end="1.2", through=True)),
        ({"version": "6.8", "lessThanOrEqual": "*"}, Range("6.8")),
        ({"version": "7.0.1", "lessThanOrEqual": "7.0.*"}, Range("7.0.1", "7.1")),
        ({"version": "2.9.*", "lessThanOrEqual": "2.9.*"}, Range("2.9.*", "2.10")),
        ({"version": ">= 1.0", "lessThan": "< 1.2"}, Range("1.0", "1.2")),
        ({"version": "*", "lessThan": "*"}, EVERYTHING),
    ],
)
def test_bounds_in_fields(entry: dict[str, object], meant: Range) -> None:
    assert said(**entry) == [(HIT, meant)]


def test_changes_split_a_range() -> None:
    changes = [{"at": "1.2", "status": "unaffected"}, {"at": "1.4", "status": "affected"}]
    assert said(version="1.0", lessThan="2.0", changes=changes) == [
        (HIT, Range("1.0", "1.2")),
        (FREE, Range("1.2", "1.4")),
        (HIT, Range("1.4", "2.0")),
    ]


@pytest.mark.parametrize(
    ("kind", "scheme"), [("git", Scheme.GIT), ("semver", Scheme.GENERIC), ("rpm", Scheme.RPM), ("", Scheme.GENERIC)]
)
def test_the_way_to_compare(kind: str, scheme: Scheme) -> None:
    entry = {"status": "affected", "version": "1", "lessThan": "2", "versionType": kind}
    assert [one for _, one, _ in ranges_of(entry)] == [scheme]


def test_a_list_in_a_version_is_no_version() -> None:
    assert said(version="1.0 " * 200) == []


def test_wrong_types_are_malformed() -> None:
    for entry in ({"version": 1}, {"version": "1", "lessThan": []}, {"version": "x" * 5000}):
        with pytest.raises(Malformed):
            said(**entry)
