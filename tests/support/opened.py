"""What the tests of containers ask of a format: its children, how it ends, the systems in it."""

from pathlib import Path

import pytest

from firmward.image.budget import Budget, Damaged
from firmward.image.format import Format
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.report import Role
from firmward.model.tree import Tree


def children(form: Format, image: bytes) -> dict[str, bytes]:
    """The bytes of each child by its name."""
    opened = form.open(Bytes(image), Budget())
    assert not isinstance(opened, Tree)
    return {child.name: child.source.read(0, 1 << 24) for child in opened if child.source}


def told(form: Format, image: bytes) -> str:
    """What opening ends with; all children come before it."""
    with pytest.raises(Damaged) as error:
        children(form, image)
    return str(error.value)


def changed(image: bytes, at: int, value: bytes) -> bytes:
    return image[:at] + value + image[at + len(value) :]


def roots(image: bytes, folder: Path) -> list[str]:
    """The ids of the systems."""
    (folder / "image").write_bytes(image)
    return [root.part.id for root in open_image(folder / "image").roots if root.part.role is Role.ROOT]
