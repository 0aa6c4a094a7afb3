"""What NVD's configurations claim, and on which conditions."""

from functools import partial

import pytest
from feeds_made import Table, match, node

from firmward.formats.malformed import Malformed
from firmward.vulns.applicability import Cpe, applicability, parse_cpe, version_of
from firmward.vulns.record import Product, Range

software = partial(Product, part="a")
APP, OS = "a:maker:app:*:*:*:*:*:*:*:*", "o:maker:os:*:*:*:*:*:*:*:*"


def claimed(*configurations: Table) -> list[tuple[Product, tuple[tuple[Product, ...], ...]]]:
    return [(one.product, one.with_all) for one in applicability(configurations, "CVE-2026-0001", "nvd", "nvd")]


@pytest.mark.parametrize(
    ("found", "product"),
    [
        (match(APP), software("maker", "app", is_any=True)),
        (match("a:maker:app:-:*:*:*:*:*:*:*"), software("maker", "app")),
        (match("a:maker:app:1.2:*:*:*:*:*:*:*"), software("maker", "app", ranges=(Range(exact="1.2"),))),
        (match("a:maker:app:8.5:p1:*:*:*:*:*:*"), software("maker", "app", ranges=(Range(exact="8.5p1"),))),
        (match("a:maker:app:1.0:rc1:*:*:*:*:*:*"), software("maker", "app", ranges=(Range(exact="1.0-rc1"),))),
        (match(r"a:m\:x:a\+b:1.2:*:*:*:*:*:*:*"), software("m:x", "a+b", ranges=(Range(exact="1.2"),))),
        (match(APP, versionEndExcluding="2"), software("maker", "app", ranges=(Range(end="2"),))),
        (match(APP, versionEndIncluding="2"), software("maker", "app", ranges=(Range(end="2", through=True),))),
        (
            match(APP, versionStartExcluding="1", versionEndExcluding="2"),
            software("maker", "app", ranges=(Range("1", "2", after=True),)),
        ),
        (
            match(APP, versionStartIncluding="1", versionEndIncluding="2"),
            software("maker", "app", ranges=(Range("1", "2", through=True),)),
        ),
    ],
)
def test_a_match(found: Table, product: Product) -> None:
    assert claimed({"nodes": [node(found)]}) == [(product, ())]


def test_matches_of_one_product_are_one_claim() -> None:
    found = claimed({"nodes": [node(match(APP, versionEndExcluding="2"), match("a:maker:app:3.1:*:*:*:*:*:*:*"))]})
    assert found == [(software("maker", "app", ranges=(Range(end="2"), Range(exact="3.1"))), ())]


def test_only_what_is_vulnerable_is_claimed() -> None:
    assert claimed({"nodes": [node(match(OS, vulnerable=False), match(APP))]}) == [
        (software("maker", "app", is_any=True), ())
    ]


def test_and_makes_the_other_nodes_conditions() -> None:
    other = match("o:other:system:*:*:*:*:*:*:*:*", vulnerable=False)
    nodes = [node(match(APP)), node(match(OS, vulnerable=False), other)]
    conditions = (Product("maker", "os", is_any=True, part="o"), Product("other", "system", is_any=True, part="o"))
    assert claimed({"operator": "AND", "nodes": nodes}) == [(software("maker", "app", is_any=True), (conditions,))]
    assert claimed({"nodes": nodes}) == [(software("maker", "app", is_any=True), ())]


def test_and_within_a_node() -> None:
    nodes = [node(match(APP), match(OS, vulnerable=False), operator="AND")]
    condition = ((Product("maker", "os", is_any=True, part="o"),),)
    assert claimed({"nodes": nodes}) == [(software("maker", "app", is_any=True), condition)]


def test_what_must_not_be_there_is_no_condition() -> None:
    nodes = [node(match(APP)), {**node(match(OS, vulnerable=False)), "negate": True}]
    assert claimed({"operator": "AND", "nodes": nodes}) == [(software("maker", "app", is_any=True), ())]


@pytest.mark.parametrize(
    "name", ["", "cpe:2.3:", "cpe:2.3:a:x", "cpe:2.3:z:a:b:1", "x" * 1000, "cpe:2.3:a:" + "x" * 700]
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(Malformed):
        parse_cpe(name)


def test_the_older_form_of_names() -> None:
    assert parse_cpe("cpe:/a:busybox:busybox") == Cpe("a", "busybox", "busybox", "*", "*")
    assert version_of(parse_cpe("cpe:/a:x:y:1.2:beta3")) == "1.2-beta3"


def test_too_many_conditions_are_malformed() -> None:
    with pytest.raises(Malformed):
        claimed({"operator": "AND", "nodes": [node(match(APP)) for _ in range(60)]})
