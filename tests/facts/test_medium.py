"""What can never be written to, what can, and what says nothing of it."""

import pytest
from beside import around

from firmward.facts.collection import Collection
from firmward.facts.medium import Medium
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart
from firmward.model.report import Part, Role


@pytest.mark.parametrize(
    ("kind", "is_immutable", "is_writable"),
    [
        ("squashfs", True, False),
        ("iso9660", True, False),
        ("ext4", False, True),
        ("ubifs", False, True),
        ("fat32", False, True),
        ("tar", False, False),
        ("folder", False, False),
    ],
)
def test_an_archive_is_neither_writable_nor_immutable(kind: str, is_immutable: bool, is_writable: bool) -> None:
    root = OpenPart(Part("image/root", kind, "image", role=Role.ROOT), None, MemoryTree({}))
    beside = OpenPart(Part("image/boot", "fat16", "image", role=Role.BOOT), None, MemoryTree({}))
    found = Collection(MemoryTree({}), parts=around(beside, root=root)).get(Medium)
    assert found == Medium(kind, is_immutable, is_writable)


def test_a_tree_alone_lies_on_no_medium() -> None:
    assert Collection(MemoryTree({})).get(Medium) is None
