"""The signatures of a FIT over its images, and whether the boot loader asks for one.

A signature is worth what the loader's key is: one that is not required lets everything boot that is not signed at all.
"""

from firmward.facts.boot_keys import BootKeys
from firmward.facts.cover import Cover
from firmward.facts.fits import FitConfiguration, FitSignature, FoundFit, HashState, SignatureState
from firmward.model.chain import State

NOT_HELD = (
    SignatureState.CHANGED,
    SignatureState.LIST_CHANGED,
    SignatureState.ELSEWHERE,
    SignatureState.INVALID,
    SignatureState.FOREIGN,
)


def has_no_kernel(fit: FoundFit) -> bool:
    """Whether it is for a boot loader, and not for a kernel."""
    booted = fit.booted or next(iter(fit.configurations), None)
    return booted is not None and all(role != "kernel" for role, _ in booted.components)


class FitCovers:
    """What FITs say of their images, with the keys of the image's boot loaders."""

    def __init__(self, keys: BootKeys | None) -> None:
        self._keys = keys

    def over(self, fit: FoundFit, step: str, id: str) -> Cover | None:
        """Of the part `id` in the FIT `step`, or of what that boots first when it is the same. None for an image that
        its default configuration, or any without one, leaves."""
        name = id.removeprefix(f"{step}/").partition("/")[0]
        if step == id:
            booted = fit.booted or next(iter(fit.configurations), None)
            name = next((image for _, image in booted.components), "") if booted is not None else ""
        return self._of_image(fit, step, name)

    def _of_image(self, fit: FoundFit, id: str, name: str) -> Cover | None:
        image = next((one for one in fit.images if one.name == name), None)
        holders = [one for one in fit.configurations if any(component[1] == name for component in one.components)]
        if fit.booted is not None:
            holders = [one for one in holders if one is fit.booted]
        if fit.configurations and not holders:
            return None
        booted = holders[0] if holders else None
        if image is not None and any(one.state is HashState.DIFFERS for one in image.hashes):
            return Cover(State.BROKEN, f"{name} of {id} is not what its hash says", None, id)
        if booted is not None and booted.is_signed:
            return self._of_configuration(booted, id, name)
        if image is not None and any(one.state is not SignatureState.EMPTY for one in image.signatures):
            return self._of_signatures(image.signatures, f"{name} of {id}", id, "image")
        what = "has no configuration" if booted is None else f"boots {name} by configuration {booted.name}"
        return Cover(State.UNVERIFIED, f"{id} {what}, which bears no signature", None, id)

    def _of_configuration(self, booted: FitConfiguration, id: str, name: str) -> Cover:
        paths = (f"/images/{name}", "/", f"/configurations/{booted.name}")
        for left in booted.uncovered:
            node, _, why = left.partition(": ")
            if node.rpartition(" ")[2] in paths:
                return Cover(State.BROKEN, f"configuration {booted.name} of {id} boots {node}, and {why}", None, id)
        return self._of_signatures(booted.signatures, f"configuration {booted.name} of {id}", id, "conf")

    def _of_signatures(self, signatures: tuple[FitSignature, ...], what: str, id: str, kind: str) -> Cover:
        states = [one.state for one in signatures]
        if SignatureState.VERIFIED not in states:
            return _not_verified(states, what, id)
        algorithm = next(one.algorithm for one in signatures if one.state is SignatureState.VERIFIED)
        rings = () if self._keys is None else self._keys.rings
        by = f"the boot loader's key, {algorithm}"
        if not rings:
            why = f"{what} is signed with the given key; whether the boot loader asks for it is not known"
            return Cover(State.UNKNOWN, why, f"the given key, {algorithm}", id)
        open_rings = [one for one in rings if not one.ring.required(kind)]
        if open_rings:
            where = open_rings[0].at.part or "the boot loader"
            why = f"{what} is signed, but the key in {where} is not required: what is not signed boots too"
            return Cover(State.BROKEN, why, by, id)
        return Cover(State.VERIFIED, f"{what} is signed with a key that the boot loader requires", by, id)


def _not_verified(states: list[SignatureState], what: str, id: str) -> Cover:
    if any(state in NOT_HELD for state in states):
        return Cover(State.BROKEN, f"the signature of {what} does not hold", None, id)
    if SignatureState.NO_KEY in states:
        why = f"{what} is signed, and the key that the boot loader checks it with is not in the image"
        return Cover(State.UNKNOWN, why, None, id)
    return Cover(State.UNKNOWN, f"the signature of {what} could not be worked out", None, id)
