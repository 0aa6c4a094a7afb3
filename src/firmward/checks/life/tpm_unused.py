"""tpm-unused"""

from functools import partial

from firmward.facts.device_trees import DeviceTrees, FoundTree
from firmward.facts.key_keepers import KeyKeepers
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

POLICY = '[filesystem]\nkey_store = "tpm"\n'
INITTAB = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}


@check(
    title="The board's TPM is not used",
    severity=Severity.LOW,
    practice="P39",
    cwe=1326,
    bad=(
        Example(INITTAB, policy=POLICY),
        Example({**INITTAB, "etc/crypttab": "data /dev/mmcblk0p4 /etc/data.key luks\n"}, policy=POLICY),
    ),
    good=(
        Example({**INITTAB, "etc/crypttab": "data /dev/mmcblk0p4 none tpm2-device=auto\n"}, policy=POLICY),
        Example({**INITTAB, "etc/ima/ima-policy": "measure func=BPRM_CHECK\n"}, policy=POLICY),
    ),
)
def tpm_unused(keepers: KeyKeepers, trees: DeviceTrees | None | Unknown, policy: Policy | None) -> Findings:
    """A TPM keeps keys that leave the board in no copy of its flash, gives them out only to the system that was
    measured, and proves to a server which device it is and what it runs. One that is soldered on and asked nothing
    keeps nothing: the key of the data lies on the medium instead, and a clone is told from the device by nobody.
    """
    where = _where(trees, policy)
    keeper = keepers.of("tpm")
    if keeper.uses:
        return
    encrypted = () if policy is None or policy.filesystem is None else policy.filesystem.encrypted
    doubt = keepers.doubt("tpm", encrypted)
    if doubt is not None:
        raise Unavailable(doubt)
    yield Finding(
        "tpm",
        f"{where}, and nothing in the system uses it",
        remedy=Remedy(
            "Seal the key of the data in the TPM (systemd-cryptenroll, clevis, tpm2_unseal), measure what boots, and "
            "let a server ask for a quote",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )


def _where(trees: DeviceTrees | None | Unknown, policy: Policy | None) -> str:
    """Words for what says that there is one. Raises Unavailable and NotApplicable."""
    declared = None if policy is None or policy.filesystem is None else policy.filesystem.key_store
    if declared == "tpm":
        return "the declaration names a TPM as the store of keys"
    board = None if policy is None or policy.device is None else policy.device.board
    known = trees.of_board(board) if isinstance(trees, DeviceTrees) else None
    if known is not None and known.candidates:
        there = known.whether(partial(FoundTree.keeps, kind="tpm"))
        if isinstance(there, Unknown):
            raise Unavailable(there.reason)
        if there:
            return "the device tree has a TPM"
    elif declared is None:
        raise Unavailable("neither a device tree nor the maker's declaration says whether the board has a TPM")
    raise NotApplicable("the board has no TPM, as far as its device tree and the declaration say")
