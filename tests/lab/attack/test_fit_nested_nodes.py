"""More nodes in a tree, each in the one before: what was there is there still."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import fdt, fdt_writer
from firmward.formats.device_tree import Node, Tree
from firmward.formats.malformed import Malformed
from firmward.lab.attack.fit_nested_nodes import DEPTH, nested
from firmward.lab.means import fit_tree

ROOT = Node("", {"description": b"maker's\0"}, (Node("images", {}, (Node("kernel", {"data": b"12345"}),)),))


def more(depth: int) -> Node:
    return Node("n", {}, (more(depth - 1),) if depth > 1 else ())


@given(st.integers(1, 40))
def test_they_stand_at_the_end_of_the_root_and_nothing_else_changes(depth: int) -> None:
    made = nested(fdt_writer.write(Tree(ROOT)), depth)
    found = fit_tree.opened(made)
    assert found.root == Node("", ROOT.properties, (*ROOT.children, more(depth)))
    assert fdt.parse_header(made[: fdt.HEADER_SIZE]).total == len(made)


def test_a_hundred_thousand_are_too_many_for_the_audit_as_well() -> None:
    made = nested(fdt_writer.write(Tree(ROOT)), DEPTH)
    with pytest.raises(Malformed):
        fit_tree.opened(made)
