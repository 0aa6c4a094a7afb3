"""What is encrypted by a maker's own header, or by none that is known, is told."""

import random
from pathlib import Path

import pytest
from samples import vendor

from firmward.image.encrypted.vendor import FORMAT
from firmward.image.opening import OPAQUE, open_image
from firmward.image.source import Bytes
from firmward.model.report import Part

NOISE = random.Random(2).randbytes(200_000)
TEXT = b"PermitRootLogin no # as the manual says\n" * 2000


def only_part(path: Path, data: bytes) -> Part:
    path.write_bytes(data)
    (part,) = open_image(path).parts
    return part


def test_a_header_is_told_with_its_name(tmp_path: Path) -> None:
    names = ["D-Link SHRS", "D-Link encrpted_img", "openssl enc"]
    for name, data in zip(names, vendor.samples(tmp_path), strict=True):
        part = only_part(tmp_path / "image", data)
        assert part.kind == "vendor-encrypted"
        assert part.problem is not None
        assert part.problem.startswith(name)


@pytest.mark.parametrize(
    "data",
    [b"SHRS" + NOISE, b"SHRS" + bytes(5000), b"encrpted_img" + TEXT, b"Salted__" + TEXT, b"Salted__"],
)
def test_the_magic_alone_is_none(data: bytes) -> None:
    assert FORMAT.measure(Bytes(data)) is None


def test_an_unknown_part_that_looks_like_chance_is_told(tmp_path: Path) -> None:
    part = only_part(tmp_path / "image", b"ACME v1.2 firmware\0".ljust(64, b"\0") + NOISE)
    assert (part.kind, part.problem) == ("unknown", OPAQUE)


@pytest.mark.parametrize("data", [TEXT, NOISE[:3000], bytes(100_000), b"\x89PNG\r\n\x1a\n" + NOISE])
def test_text_keys_and_pictures_are_not(tmp_path: Path, data: bytes) -> None:
    assert only_part(tmp_path / "image", data).problem is None
