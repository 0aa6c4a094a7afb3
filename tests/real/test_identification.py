"""Real binaries of Debian say what they are: rows of products against the packages that they were read in.

bench/identification.py asks all rows of many releases; here some are asked on several architectures.
"""

import hashlib

import pytest
from real.roots import NoPackagesError

from firmward.facts import product_row
from firmward.facts.collection import Collection
from firmward.facts.identified import Identified
from firmward.facts.product_row import ProductRow
from firmward.image.words import FastWordSearch
from firmward.model.folder import FolderTree
from real import packages

FEW = 16
RELEASED = [row for row in product_row.rows() if "deb12" in row.example]
"""Rows that were read in bookworm, by the mark of its updates."""
CHOSEN = sorted(RELEASED, key=lambda row: hashlib.sha256(row.files.pattern.encode()).digest())[:FEW]


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("architecture", ["amd64", "armhf", "mipsel"])
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in CHOSEN])
def test_a_row_knows_the_package_that_it_was_read_in(row: ProductRow, architecture: str) -> None:
    package, version, _ = row.example.split(" ")
    try:
        folder = packages.unpacked(package, architecture)
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    found = Collection(FolderTree(folder), words=FastWordSearch()).get(Identified)
    assert isinstance(found, Identified)
    said = {one.version for one in found.products if (one.name, one.vendor) == (row.name, row.vendor)}
    upstream = version.rpartition(":")[2]
    assert said
    # updates of the release move the last numbers
    assert all(upstream.startswith(one.split(".")[0]) for one in said)
