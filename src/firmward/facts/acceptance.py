"""Whether a boot loader boots an image, as far as the files show it.

The rules of U-Boot that this file holds (doc/usage/fit/signature, boot/image-fit.c, boot/bootm.c, boot/image-board.c):

- Of a FIT the hashes of what is booted are looked at in any case; a signature is asked for only where signatures are
  built in and the control device tree has a key that is `required`. A signature that no key verifies is no obstacle
  elsewhere.
- A legacy image has to have a checksum that holds, and nothing else: where such images are built in, no key matters.
- A bare kernel boots with the command for its form, and no key matters.
- Which control tree a loader has the files do not always show: it stands in the loader's binary, beside it, or comes
  from who starts it. Where none is among the files, what it requires is not known.

Whether anybody gets to give the loader an image, at its prompt or on its media, is another question.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from firmward.facts.bare_images import BareKernel, LegacyImage
from firmward.facts.boot_keys import BootKeys
from firmward.facts.fits import FitConfiguration, FoundFit, HashState
from firmward.facts.uboots import FoundUboot, Stage
from firmward.formats.fit_keys import KeyRing
from firmward.model.facts import Unknown
from firmward.model.parts import Parts
from firmward.model.report import Role

FIT = "fit"
COMMANDS: Mapping[str, str] = MappingProxyType(
    {"arm64-image": "booti", "riscv-image": "booti", "zimage": "bootz", "bzimage": "zboot", "vmlinux": "bootelf"}
)
"""The command for each form of a bare kernel."""
EFI = "bootefi"

__all__ = ["Acceptance", "Answer", "acceptance", "control_keys"]


class Answer(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a loader does with an image, and `why` in words."""

    answer: Answer
    why: str


def control_keys(loader: FoundUboot, keys: BootKeys | None | Unknown, parts: Parts) -> KeyRing | Unknown:
    """The keys that a loader checks with: those of the image's control trees, none where such trees hold none."""
    if isinstance(keys, Unknown):
        return keys
    if keys is not None and (keys.rings or keys.unread):
        return keys.all if not keys.unread else Unknown("; ".join(keys.unread[:3]))
    if loader.has_control_tree or _has_tree_beside(loader, parts):
        return KeyRing()
    return Unknown(f"the control device tree of {loader.name} is not among the files")


def acceptance(
    loader: FoundUboot, control: KeyRing | Unknown, image: FoundFit | LegacyImage | BareKernel
) -> Acceptance:
    """`control` are the keys of the loader's control tree; the FIT was checked with the same."""
    if isinstance(image, FoundFit):
        return _of_fit(loader, control, image)
    if isinstance(image, LegacyImage):
        return _of_legacy(loader, image)
    return _of_kernel(loader, image)


def _has_tree_beside(loader: FoundUboot, parts: Parts) -> bool:
    """A FIT's trees are for what it boots: only one that holds the loader too holds its control tree."""
    own = parts.all.get(loader.at.part or "")
    for one in parts.all.values():
        if one.part.role is Role.DEVICE_TREE:
            above = parts.all.get(one.part.parent or "")
            in_fit = above is not None and above.part.kind == FIT
            if not in_fit or (own is not None and own.part.parent == one.part.parent):
                return True
    return False


def _of_fit(loader: FoundUboot, control: KeyRing | Unknown, fit: FoundFit) -> Acceptance:
    booted = fit.booted
    if booted is None:
        return Acceptance(Answer.UNKNOWN, f"{fit.place} has no default configuration")
    held = _held(fit, booted)
    if held.answer is not Answer.ACCEPTED or loader.verifies_fits is False:
        return held
    if isinstance(control, Unknown):
        return Acceptance(Answer.UNKNOWN, control.reason)
    if not any(key.required for key in control.keys):
        return Acceptance(Answer.ACCEPTED, f"{loader.name} requires no key, and the hashes of {fit.place} hold")
    if isinstance(loader.verifies_fits, Unknown) and booted.accepted is not True:
        return Acceptance(Answer.UNKNOWN, loader.verifies_fits.reason)
    if booted.accepted is None:
        return Acceptance(Answer.UNKNOWN, f"{fit.place} was not checked with the keys of {loader.name}")
    if booted.accepted:
        return Acceptance(Answer.ACCEPTED, f"{booted.name} of {fit.place} bears the signatures that are required")
    return Acceptance(Answer.REFUSED, f"{booted.name} of {fit.place} does not bear a signature that is required")


def _held(fit: FoundFit, booted: FitConfiguration) -> Acceptance:
    """Whether the hashes of what boots hold."""
    used = {image for _, image in booted.components}
    there = {image.name: image for image in fit.images}
    if missing := sorted(used - there.keys()):
        return Acceptance(Answer.REFUSED, f"{fit.place} has no image {missing[0]}")
    states = [(name, one.state) for name in sorted(used) for one in there[name].hashes]
    for name, state in states:
        if state in (HashState.DIFFERS, HashState.ABSENT):
            return Acceptance(Answer.REFUSED, f"the hash of {name} in {fit.place} does not hold")
    if any(state is HashState.UNKNOWN for _, state in states):
        return Acceptance(Answer.UNKNOWN, f"a hash of {fit.place} cannot be computed")
    return Acceptance(Answer.ACCEPTED, f"the hashes of {fit.place} hold, and no signature is asked for")


def _of_legacy(loader: FoundUboot, image: LegacyImage) -> Acceptance:
    if not image.holds:
        return Acceptance(Answer.REFUSED, "the checksum of the legacy image does not hold")
    takes = loader.takes_legacy_images
    if isinstance(takes, Unknown):
        return Acceptance(Answer.UNKNOWN, takes.reason)
    if not takes:
        return Acceptance(Answer.REFUSED, f"{loader.name} was built without legacy images")
    return Acceptance(Answer.ACCEPTED, f"{loader.name} boots legacy images, which no key speaks for")


def _of_kernel(loader: FoundUboot, kernel: BareKernel) -> Acceptance:
    if isinstance(loader.commands, Unknown):
        return Acceptance(Answer.UNKNOWN, loader.commands.reason)
    if loader.commands is None and Stage.PROPER not in loader.stages:
        return Acceptance(Answer.UNKNOWN, f"whether {loader.name} starts bare kernels is not seen")
    wanted = [COMMANDS[kernel.kind]] if kernel.kind in COMMANDS else []
    wanted += [EFI] if kernel.is_efi else []
    there = [command for command in wanted if command in (loader.commands or ())]
    if there:
        return Acceptance(Answer.ACCEPTED, f"{loader.name} has {there[0]}, which asks for no signature")
    if not wanted:
        return Acceptance(Answer.UNKNOWN, f"no command is known for a kernel of this form, {kernel.kind}")
    return Acceptance(Answer.REFUSED, f"{loader.name} has no {' and no '.join(wanted)}")
