"""Where the root hash of dm-verity stands, and whether a signature could cover that place.

A root hash with a signature that the kernel is given (`root-hash-signature=`) may stand anywhere. One in etc/veritytab
of the root is of another volume, and as good as what verifies the root that it lies on.

A file of a boot partition, U-Boot's environment and a script outside a FIT are open to whoever writes the medium. What
lies within a FIT, a UKI or behind HAB's table is as good as the signature over it.
"""

from dataclasses import dataclass

from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.root_mount import RootMount
from firmward.facts.signature_over import Cover, Signatures
from firmward.facts.signed_files import SignedFiles
from firmward.facts.verity import Claim, Verity
from firmward.model.chain import State
from firmward.model.facts import Unknown


@dataclass(frozen=True, slots=True)
class RootHashPlaces:
    """`open` are the claims that no signature can cover, `forgeable` those that are signed with a key that everybody
    has; `unsure` says in words of which others it is not known."""

    open: tuple[Claim, ...]
    unsure: tuple[str, ...] = ()
    forgeable: tuple[Claim, ...] = ()


def collect(
    verity: Verity,
    command_lines: KernelCommandLine | None | Unknown,
    root: RootMount | None | Unknown,
    signed: SignedFiles | None | Unknown,
    signatures: Signatures | None | Unknown,
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
    covers = [(claim, _cover(claim, signatures)) for claim in own if not claim.is_signed]
    unsure = tuple(f"{claim.at.part}: {cover.why}" for claim, cover in covers if cover.state is State.UNKNOWN)
    unsure += tuple(
        f"{one.at.part}: {one.why}" for one in verity.vouched if one.is_in_force is None and not verity.in_force
    )
    told = tuple(claim for claim, cover in covers if cover.state in (State.UNVERIFIED, State.BROKEN))
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


def _cover(claim: Claim, signatures: Signatures | None | Unknown) -> Cover:
    """The signature over the part that a claim stands in."""
    if claim.at.part is None or not isinstance(signatures, Signatures):
        return Cover(State.UNVERIFIED, "no signature is known")
    return signatures.over(claim.at.part) or Cover(State.UNVERIFIED, "nothing boots it")
