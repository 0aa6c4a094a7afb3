"""Where the root hash of dm-verity stands, and whether a signature could cover that place.

A root hash with a signature that the kernel is given (`root-hash-signature=`) may stand anywhere. One in etc/veritytab
of the root is of another volume, and as good as what verifies the root that it lies on.

A file of a boot partition, U-Boot's environment and a script outside a FIT are open to whoever writes the medium. What
lies within a FIT, a UKI, an Android boot image or a kernel may be signed: whether it is, the chain of trust says.
"""

from dataclasses import dataclass

from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.root_mount import RootMount
from firmward.facts.signed_files import SignedFiles
from firmward.facts.verity import Claim, Verity
from firmward.model.facts import Unknown
from firmward.model.parts import Parts

CARRIERS = frozenset((
    "fit", "efi-program", "android-boot", "vendor-boot", "kernel", "arm64-image", "riscv-image", "efi-zboot", "zimage",
    "bzimage", "vmlinux", "vmlinuz", "uki",
))  # fmt: skip
"""Kinds of parts that can be signed with all that they carry."""


@dataclass(frozen=True, slots=True)
class RootHashPlaces:
    """`open` are the claims that no signature can cover, `forgeable` those that are signed with a key that everybody
    has; `unsure` says in words of which others it is not known."""

    open: tuple[Claim, ...]
    unsure: tuple[str, ...] = ()
    forgeable: tuple[Claim, ...] = ()


def collect(
    verity: Verity,
    parts: Parts | None,
    command_lines: KernelCommandLine | None | Unknown,
    root: RootMount | None | Unknown,
    signed: SignedFiles | None | Unknown,
) -> RootHashPlaces | None:
    lines = command_lines.lines if isinstance(command_lines, KernelCommandLine) else ()
    if any((line.get("dm_verity.require_signatures") or "") in ("1", "Y", "y") for line in lines):
        return RootHashPlaces(())
    if not verity.claims and not verity.vouched:
        return None
    own = verity.of_root(root.device if isinstance(root, RootMount) else "")
    others = tuple(claim for claim in verity.claims if claim not in own and not claim.is_signed)
    is_verified = bool(own or verity.in_force or (verity.trees and isinstance(root, RootMount) and root.is_mapped))
    is_verified = is_verified or (isinstance(signed, SignedFiles) and signed.is_enforced)
    carried = [(claim, _carrier(claim, parts)) for claim in own]
    unsure = tuple(
        f"whether a signature covers {claim.at.part}, in {carrier}, is not known yet"
        for claim, carrier in carried
        if carrier is not None
    )
    unsure += tuple(
        f"{one.at.part}: {one.why}" for one in verity.vouched if one.is_in_force is None and not verity.in_force
    )
    told = tuple(claim for claim, carrier in carried if carrier is None and not claim.is_signed)
    if not verity.in_force:
        told += tuple(Claim(one.at, one.root_hash) for one in verity.vouched if not one.is_signed)
    forgeable = tuple(Claim(one.at, one.root_hash) for one in verity.vouched if one.is_test_key and one.is_in_force)
    if is_verified or not others:
        return RootHashPlaces(told, unsure, forgeable)
    if _is_bare(root):
        return RootHashPlaces((*told, *others), unsure, forgeable)
    doubt = f"{others[0].at} lies on the root, of which it is not known what verifies it"
    return RootHashPlaces(told, (*unsure, doubt), forgeable)


def _is_bare(root: RootMount | None | Unknown) -> bool:
    """Whether the root, which nothing here is known to verify, is mounted as it is."""
    return isinstance(root, RootMount) and (root.is_writable is True or (root.device != "" and not root.is_mapped))


def _carrier(claim: Claim, parts: Parts | None) -> str | None:
    """The part above the claim's that may be signed as a whole."""
    step: str | None = claim.at.part
    while parts is not None and step is not None and step in parts.all:
        part = parts.all[step].part
        if part.kind in CARRIERS:
            return step
        step = part.parent
    return None
