"""Every row of products: it can be read, can match, and names a real file."""

import re

import pytest

from firmward.facts import product_row
from firmward.facts.product_row import ProductRow, Scope

ROWS = product_row.rows()
EACH = pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row.vendor}:{row.name}:{number}") for number, row in enumerate(ROWS)]
)
LEAST = 150


def test_there_are_many_products() -> None:
    assert len({row.name for row in ROWS}) >= LEAST


@EACH
def test_it_has_a_way_to_tell_the_version(row: ProductRow) -> None:
    assert row.words or row.alone or row.names


@EACH
def test_its_example_is_a_file_that_it_is_for(row: ProductRow) -> None:
    package, version, path = row.example.split(" ")
    assert re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", package)
    assert re.match(r"(?:\d+:)?[\w.+~:-]+$", version)
    assert row.is_file(path.rpartition("/")[2])


@EACH
def test_its_words_have_one_version_and_an_anchor_that_is_not_too_short(row: ProductRow) -> None:
    for wording in row.words:
        assert wording.pattern.groups == 1
        assert len(wording.anchor) >= 3


@EACH
def test_words_that_count_in_other_files_are_not_too_common(row: ProductRow) -> None:
    if row.scope is not Scope.OWN:
        assert all(len(wording.anchor) >= 4 for wording in row.words)
        assert row.scope is Scope.ANY or not row.is_file("agent")


@EACH
def test_a_name_gives_a_version(row: ProductRow) -> None:
    example = row.example.rpartition("/")[2]
    told = [naming.version(example) for naming in row.names]
    assert all(re.fullmatch(r"\d+(?:\.\d+)*\S*", version) for version in told if version)


@EACH
def test_what_cpe_does_not_know_has_no_vendor(row: ProductRow) -> None:
    assert re.fullmatch(r"[a-z0-9_.+-]*", row.vendor)
    assert re.fullmatch(r"[a-z0-9_.+-]+", row.name)
    assert row.purl.startswith("pkg:")
