"""The director: a second repository, which says of one device what it is to install, in the manner of Uptane.

The channel's keys say what is good for a product, the director's what is meant for this device now. Neither is enough
alone: what is installed is named by both, byte for byte.

Rules (Uptane Standard 2.1, section 5.4.4, as far as they are about one processor):

- The director's role targets names at most one target, itself: it delegates to nobody.
- The same target, length and digests as in the channel, or they were mixed up.
- The device, the slot, the version and the rollback index that it is meant for stand in `custom.firmward`.
- Its metadata is fresh, without grace: who holds it back cannot hold it back for long.
"""

from dataclasses import dataclass

from firmward.formats.canonical_json import parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import TrustError
from firmward.trust.metadata import TARGETS, TargetFile
from firmward.trust.trusted import Trusted

SLOTS = ("a", "b", "inactive")
INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Order:
    """`slot` is `a` or `b` where the director says which one, `inactive` for whichever is not running."""

    device: str
    slot: str
    version: str
    rollback_index: int


def ordered(director: Trusted) -> TargetFile | None:
    """What the director names, None where it wants nothing of the device. Raises TrustError."""
    targets = director.targets[TARGETS]
    if len(targets.targets) > 1 or targets.delegations:
        raise TrustError("director: names more than one target")
    return next(iter(targets.targets.values()), None)


def agreed(order: TargetFile, offer: TargetFile, device: str, inactive: str) -> Order:
    """What the director says of the target that the channel offers, where both mean the same and mean this device.
    `inactive` is the slot that is not running, empty where that is not known. Raises TrustError."""
    said = read(order)
    if said.device != device:
        raise TrustError(f"director: the order is for the device {said.device!r}, and this is {device!r}")
    if order.path != offer.path:
        raise TrustError(f"director: names {order.path}, and the channel {offer.path}")
    if not _are_same(order, offer):
        raise TrustError(f"{order.path}: the director and the channel name other bytes")
    if said.slot not in (INACTIVE, inactive):
        raise TrustError(f"director: means the slot {said.slot}, and the one not running is {inactive or 'not known'}")
    return said


def read(order: TargetFile) -> Order:
    """Raises TrustError."""
    try:
        table = Table(parse(order.custom), "custom").table("firmward")
        said = Order(
            table.text("device", 128),
            table.text("slot", 16),
            table.text("version", 64),
            table.whole("rollback_index", most=2**31 - 1),
        )
    except Malformed as error:
        raise TrustError(f"director: {error}") from error
    if said.slot not in SLOTS:
        raise TrustError(f"director: there is no slot {said.slot!r}")
    return said


def _are_same(order: TargetFile, offer: TargetFile) -> bool:
    """Every digest that both name is the same, and there is one."""
    theirs, ours = dict(order.digests.hashes), dict(offer.digests.hashes)
    shared = theirs.keys() & ours.keys()
    return order.length == offer.length and bool(shared) and all(theirs[name] == ours[name] for name in shared)
