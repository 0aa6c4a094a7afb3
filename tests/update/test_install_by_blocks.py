"""A real delta, installed: what the other slot gets is the release, and little of it came over the line."""

from dataclasses import replace
from hashlib import sha256
from random import Random

import pytest
from delta_made import delta_of
from power.device import Device
from power.images import BLOCK, Image, image, payload

from firmward.formats.verity import Shape
from firmward.formats.verity_tree import hash_tree, superblock
from firmward.model.errors import DeviceError
from firmward.update.install import INSTALLED
from firmward.update.manifest import Blob, Source, Verity

OLD = image("1.4.0")


def following(base: bytes) -> tuple[Image, bytes]:
    """The old release with a few bytes changed, and by a delta from `base`; the delta too."""
    root = bytearray(OLD.root)
    root[30_000:30_005] = b"1.4.1"
    shape = Shape(1, "sha256", BLOCK, BLOCK, len(root) // BLOCK, bytes(32))
    root_hash, levels = hash_tree(shape, list(shape.digests(bytes(root), BLOCK)))
    made = delta_of(base, bytes(root))
    source = Source("blocks", Blob(len(made), sha256(made).hexdigest()), sha256(base).hexdigest())
    named = replace(
        OLD.manifest,
        version="1.4.1",
        payloads=(OLD.manifest.payloads[0], payload("root", bytes(root), source)),
        verity=Verity(root_hash.hex(), shape.salt.hex()),
    )
    whole = b"".join((root, superblock(shape).ljust(BLOCK, b"\0"), *levels))
    return Image(OLD.boot, bytes(root), whole, named), made


def device(base: bytes) -> tuple[Device, int]:
    """It has nothing but the deltas and the kernel, where the base is its own; and the bytes of both."""
    new, made = following(base)
    one = Device(OLD, new, Random(0))
    one.blobs.files = {**new.blobs, sha256(made).hexdigest(): made}
    return one, len(made) + len(new.boot)


def test_a_delta_is_installed_and_nothing_else_comes() -> None:
    one, size = device(OLD.root)
    del one.blobs.files[sha256(one.new.root).hexdigest()]
    assert one.install().standing == INSTALLED
    assert one.holds(one.there) is one.new
    assert one.blobs.given == size < len(one.new.root) / 4


def test_over_a_line_that_breaks_it_comes_to_its_end() -> None:
    one, _ = device(OLD.root)
    one.blobs.breaks = 0.3
    for _ in range(100):
        try:
            assert one.install().standing == INSTALLED
            break
        except DeviceError:
            continue
    assert one.holds(one.there) is one.new


@pytest.mark.parametrize("base", [OLD.root[::-1], OLD.root[:-BLOCK], bytes(12 * BLOCK)], ids=len)
def test_from_another_base_all_of_it_comes_instead(base: bytes) -> None:
    one, _ = device(base)
    assert one.install().standing == INSTALLED
    assert one.holds(one.there) is one.new
