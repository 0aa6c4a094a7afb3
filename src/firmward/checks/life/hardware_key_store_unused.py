"""hardware-key-store-unused"""

from functools import partial

from firmward.facts.device_trees import DeviceTrees, FoundTree
from firmward.facts.key_keepers import KINDS, KeyKeepers
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

STORES = {
    "caam": "the processor's CAAM, which wraps keys with one that no software reads",
    "optee": "OP-TEE, which keeps keys out of Linux's reach",
    "secure-element": "a secure element, out of which no key comes",
}
INITTAB = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}


def _policy(store: str) -> str:
    return f'[filesystem]\nkey_store = "{store}"\n'


@check(
    title="What keeps keys in hardware is not used",
    severity=Severity.LOW,
    practice="P39",
    cwe=1326,
    bad=(
        Example(INITTAB, policy=_policy("caam")),
        Example({"etc/inittab": "::once:/usr/sbin/crond\n"}, policy=_policy("optee")),
    ),
    good=(
        Example({"etc/inittab": "::once:/usr/bin/keyctl add trusted disk new @u\n"}, policy=_policy("caam")),
        Example({"etc/inittab": "::respawn:/usr/sbin/tee-supplicant\n"}, policy=_policy("optee")),
    ),
)
def hardware_key_store_unused(
    keepers: KeyKeepers, trees: DeviceTrees | None | Unknown, policy: Policy | None
) -> Findings:
    """The processor, or a chip beside it, can wrap and use keys that leave it never. Where it is asked nothing, keys
    lie in files: who reads the flash has them, and every copy of them is as good as the device. One that is used is
    enough: a board with a TPM in use need not use its processor's store as well.
    """
    doubts: list[str] = []
    there = _stores(trees, policy, doubts)
    if any(keepers.of(kind).uses for kind in KINDS):
        return
    if not there and not doubts:
        raise NotApplicable("the board has no such store, as far as its device tree and the declaration say")
    encrypted = () if policy is None or policy.filesystem is None else policy.filesystem.encrypted
    for kind in there:
        doubt = keepers.doubt(kind, encrypted)
        if doubt is None:
            yield _finding(kind)
        else:
            doubts.append(doubt)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _finding(kind: str) -> Finding:
    return Finding(
        kind,
        f"the board has {STORES[kind]}, and nothing in the system uses it",
        remedy=Remedy(
            "Keep the device's keys in it: trusted keys of the kernel for storage, PKCS#11 for TLS",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )


def _stores(trees: DeviceTrees | None | Unknown, policy: Policy | None, doubts: list[str]) -> list[str]:
    """The kinds that the board has; why it is not known goes to the doubts."""
    declared = None if policy is None or policy.filesystem is None else policy.filesystem.key_store
    found = [declared] if declared in STORES else []
    board = None if policy is None or policy.device is None else policy.device.board
    known = trees.of_board(board) if isinstance(trees, DeviceTrees) else None
    if known is None or not known.candidates:
        if declared is None:
            doubts.append("neither a device tree nor the maker's declaration says what the board keeps keys in")
        return [one for one in found if one is not None]
    for kind in STORES:
        there = known.whether(partial(FoundTree.keeps, kind=kind))
        if isinstance(there, Unknown):
            doubts.append(there.reason)
        elif there:
            found.append(kind)
    return [one for one in dict.fromkeys(found) if one is not None]
