"""Where the director and the channel agree, and where they do not."""

from dataclasses import replace
from typing import Any

import pytest

from firmward.formats.canonical_json import encode
from firmward.model.errors import TrustError
from firmward.trust.director import Order, agreed
from firmward.trust.metadata import Digests, TargetFile

SAID: dict[str, Any] = {"device": "camera-0017", "slot": "inactive", "version": "1.4.1", "rollback_index": 2}
DIGESTS = Digests(None, (("sha256", "a" * 64),))
OFFER = TargetFile("camera.stable", "camera/stable/arm.json", 900, DIGESTS, b"{}")


def ordered(**changes: Any) -> TargetFile:
    return replace(OFFER, role="targets", custom=encode({"firmward": SAID | changes}))


@pytest.mark.parametrize("slot", ["b", "inactive"])
def test_they_agree_on_the_same_bytes_for_this_device(slot: str) -> None:
    assert agreed(ordered(slot=slot), OFFER, "camera-0017", "b") == Order("camera-0017", slot, "1.4.1", 2)


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (ordered(device="camera-0018"), "for the device"),
        (ordered(slot="a"), "slot a"),
        (ordered(slot="c"), "no slot"),
        (replace(ordered(), path="camera/stable/other.json"), "names camera/stable/other"),
        (replace(ordered(), length=901), "other bytes"),
        (replace(ordered(), digests=Digests(None, (("sha256", "b" * 64),))), "other bytes"),
        (replace(ordered(), digests=Digests(None, (("sha512", "a" * 128),))), "other bytes"),
        (replace(ordered(), digests=Digests(None, (("sha256", "a" * 64), ("sha512", "b" * 128)))), None),
        (replace(ordered(), custom=b"{}"), "firmward"),
        (replace(ordered(), custom=encode({"firmward": {**SAID, "version": 1}})), "version"),
        (replace(ordered(), custom=encode({"firmward": {**SAID, "rollback_index": -1}})), "rollback_index"),
    ],
)
def test_anything_else_is_refused(order: TargetFile, why: str | None) -> None:
    if why is None:  # a digest that the channel does not name contradicts nothing
        agreed(order, OFFER, "camera-0017", "b")
        return
    with pytest.raises(TrustError, match=why):
        agreed(order, OFFER, "camera-0017", "b")


def test_a_slot_that_is_named_needs_one_that_is_known() -> None:
    with pytest.raises(TrustError, match="not known"):
        agreed(ordered(slot="b"), OFFER, "camera-0017", "")
