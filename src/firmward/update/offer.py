"""Whether what the repository names is an update for this device: decided, and nothing else.

Rules: it has to be this product's, for this board, and neither below the rollback floor nor below what runs. Older
within the same rollback index it may be: which version a channel has is its maker's to say, and a replayed one is
refused by the metadata's versions.
"""

from dataclasses import dataclass

from firmward.model.errors import TrustError
from firmward.trust import director
from firmward.trust.director import Order
from firmward.trust.metadata import TargetFile
from firmward.trust.verified import Verified
from firmward.update.identity import Identity
from firmward.update.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Device:
    """What is asked for. `inactive` is the slot that is not running, empty where that is not known. `floor` is the
    rollback floor. `installed` is the SHA-256 of the manifest that the running version was installed by, empty where
    that is not known: as it came from the factory."""

    identity: Identity
    name: str = ""
    inactive: str = ""
    floor: int = 0
    installed: str = ""


@dataclass(frozen=True, slots=True)
class Current:
    """Nothing is to be installed, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """`digest` is the manifest's SHA-256."""

    manifest: Verified[Manifest]
    digest: str


Answer = Current | Offer


def ordered(device: Device, order: TargetFile | None, offer: TargetFile) -> Order | Current:
    """Whether the director wants it too. Raises TrustError."""
    if order is None:
        return Current("the director orders nothing for this device")
    said = director.read(order)
    if said.device == device.name and said.version == device.identity.version and not _is_same(order, offer):
        return Current(f"the director wants this device to stay with {said.version}")
    return director.agreed(order, offer, device.name, device.inactive)


def judged(device: Device, digest: str, manifest: Verified[Manifest], order: Order | None) -> Answer:
    """What a verified manifest is to this device. Raises TrustError."""
    named, identity = manifest.value, device.identity
    check_meant(identity, named)
    if order is not None and (order.version, order.rollback_index) != (named.version, named.rollback_index):
        raise TrustError(f"director: means version {order.version}, and the manifest is of {named.version}")
    if named.rollback_index < device.floor:
        raise TrustError(f"version {named.version} is below the rollback floor: {named.rollback_index}, {device.floor}")
    if named.rollback_index < identity.rollback_index:
        raise TrustError(
            f"version {named.version} has the rollback index {named.rollback_index}, and what runs "
            f"{identity.rollback_index}"
        )
    if named.version == identity.version and device.installed in ("", digest):
        return Current(f"{named.version} is what runs")
    return Offer(manifest, digest)


def check_meant(identity: Identity, manifest: Manifest) -> None:
    """Whether it is of this product, and for this board. Raises TrustError."""
    if manifest.product != identity.product:
        raise TrustError(f"the manifest is of the product {manifest.product}, and this is {identity.product}")
    if manifest.compatible != identity.board:
        raise TrustError(f"the manifest is for the board {manifest.compatible}, and this is {identity.board}")


def _is_same(order: TargetFile, offer: TargetFile) -> bool:
    return order.digests == offer.digests
