"""What fwtool puts behind an image, by its layout."""

import json

import pytest
from opened import children
from samples.fwtool import METADATA, chunk, signed

from firmward.image.budget import Damaged
from firmward.image.container.fwtool import FORMAT
from firmward.image.source import Bytes


def test_metadata_and_signature() -> None:
    image = signed(b"any image")
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    found = children(FORMAT, image)
    assert json.loads(found["metadata"]) == METADATA
    assert found["signature"].startswith(b"untrusted comment")


def test_metadata_alone() -> None:
    image = chunk(b"any image", 1, bytes(8) + b'{"x": 1}')
    assert FORMAT.measure(Bytes(image + b"more")) == len(image)
    assert children(FORMAT, image) == {"metadata": b'{"x": 1}'}


@pytest.mark.parametrize("data", [b"{no json}", b'{"x": 1', b"{" * 20_000, b'{"x": ' * 5000])
def test_other_text_is_none(data: bytes) -> None:
    image = chunk(b"", 1, bytes(8) + data)
    assert FORMAT.measure(Bytes(image)) is None
    with pytest.raises(Damaged):
        children(FORMAT, image)


def test_a_size_that_is_another_is_none() -> None:
    image = bytearray(chunk(b"", 1, bytes(8) + b'{"x": 1}'))
    image[-1] ^= 1
    assert FORMAT.measure(Bytes(image)) is None
