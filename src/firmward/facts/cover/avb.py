"""What a vbmeta of Android Verified Boot says of a partition (facts/avb.py has the rules of standing and chains)."""

from firmward.facts.avb import Avb, Covered, FoundVbmeta, Standing
from firmward.facts.cover import Cover
from firmward.model.chain import State

BY = "Android Verified Boot"
KINDS = frozenset(("android-boot", "vendor-boot"))
"""Parts whose signature stands in a vbmeta, and not in them."""


def of_partition(id: str, kind: str, avb: Avb | None) -> Cover | None:
    """Of a part itself; None where no vbmeta is about it and it needs none."""
    found = avb.found if avb is not None else ()
    about = [(one, each) for one in found for each in one.covered if each.at is not None and each.at.part == id]
    if about:
        return _told(id, *about[0])
    if kind not in KINDS:
        return None
    signed = next((one for one in found if one.standing is Standing.SIGNED), None)
    if signed is not None:
        return Cover(State.BROKEN, f"the signed vbmeta {signed.at.part} says nothing of {id}", BY, signed.at.part)
    return Cover(State.UNKNOWN, f"the signature of {id} stands in a vbmeta, and none is in the image", BY, id)


def _told(id: str, one: FoundVbmeta, covered: Covered) -> Cover:
    at = one.at.part
    match one.standing:
        case Standing.SIGNED if one.test_key:
            return Cover(State.BROKEN, f"{at}, which covers {id}, is signed with {one.test_key}", BY, at)
        case Standing.SIGNED if covered.holds:
            return Cover(State.VERIFIED, f"{at} covers {id}: {one.evidence}", BY, at)
        case Standing.SIGNED if covered.holds is None:
            return Cover(State.UNKNOWN, f"whether {id} is what {at} says was not worked out", BY, at)
        case Standing.SIGNED:
            return Cover(State.BROKEN, f"{id} is not what {at} says: {covered.differs}", BY, at)
        case Standing.UNSIGNED:
            return Cover(State.UNVERIFIED, f"{at}, which covers {id}, is not signed", None, at)
        case Standing.BROKEN | Standing.DISABLED:
            return Cover(State.BROKEN, f"{at}, which covers {id}: {one.why}", BY, at)
    return Cover(State.UNKNOWN, f"{at}, which covers {id}: {one.why}", BY, at)
