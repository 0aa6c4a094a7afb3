"""verity-ignores-corruption"""

import re

from firmward.facts.verity import Claim, Verity
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, ReplaceLine, Safety, Stage

HASH = "4392712ba01368efdf14b05c76f9e4df0d53664630b5d48632ed17a137f39076"
IGNORED = frozenset(("ignore_corruption", "ignore-corruption", "veritymode=logging", "veritymode=disabled"))
TABLE = f"0 2400 verity 1 /dev/mmcblk0p2 /dev/mmcblk0p2 4096 4096 300 301 sha256 {HASH} 00ff"


@check(
    title="Verity goes on after a block that is not right",
    severity=Severity.HIGH,
    practice="P12",
    cwe=354,
    bad=(
        Example({"etc/veritytab": f"root /dev/mmcblk0p2 /dev/mmcblk0p3 {HASH} ignore-corruption\n"}),
        Example({"boot/cmdline.txt": f'dm-mod.create="root,,,ro,{TABLE} 1 ignore_corruption" root=/dev/dm-0\n'}),
    ),
    good=(
        Example({"etc/veritytab": f"root /dev/mmcblk0p2 /dev/mmcblk0p3 {HASH} panic-on-corruption\n"}),
        Example({"boot/cmdline.txt": f'dm-mod.create="root,,,ro,{TABLE} 1 restart_on_corruption" root=/dev/dm-0\n'}),
        Example({"etc/veritytab": f"root /dev/mmcblk0p2 /dev/mmcblk0p3 {HASH}\n"}),
    ),
)  # fmt: skip
def verity_ignores_corruption(verity: Verity) -> Findings:
    """With ignore_corruption the kernel writes a line into its log and hands the changed block over all the same: there
    is a hash tree, it costs time, and it protects from nothing. The option is meant for finding faults. Without it a
    wrong block cannot be read; panic_on_corruption or restart_on_corruption end the boot, which lets a boot loader that
    counts go back to the other slot.
    """
    for claim in (*verity.claims, *verity.opened):
        ignored = [option for option in claim.options if option in IGNORED]
        if ignored:
            yield _finding(claim, ignored[0])
    if verity.unread:
        raise Unavailable("; ".join(verity.unread[:5]))
    if not verity.claims and not verity.opened:
        raise NotApplicable("nothing here sets verity up")


def _finding(claim: Claim, option: str) -> Finding:
    of = f" of {claim.volume}" if claim.volume else ""
    where = claim.at.path or claim.at.part or "image"
    return Finding(
        f"{where} {claim.volume}".strip(),
        f"verity{of} is set up with {option}: a changed block is read all the same",
        at=claim.at,
        remedy=_cure(claim, option),
        evidence=option,
    )


def _cure(claim: Claim, option: str) -> Remedy:
    """Of a table in the root its line; what stands on a command line, or in an initramfs, is built anew."""
    summary = f"Take {option} away, or set panic_on_corruption"
    if not (claim.is_listed and claim.line):
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    instead = re.sub(rf"(?<![\w-]){re.escape(option)}(?![\w-])", "panic-on-corruption", claim.line)
    return Remedy(
        summary,
        Safety.UNSAFE,
        Stage.IMAGE,
        (ReplaceLine(claim.at.path or "", claim.at.line or 1, claim.line, instead),),
        "a device with a block that is damaged restarts instead of reading it",
    )
