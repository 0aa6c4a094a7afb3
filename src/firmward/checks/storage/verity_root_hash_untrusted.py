"""verity-root-hash-untrusted"""

from firmward.facts.root_hash_place import RootHashPlaces
from firmward.facts.verity import Claim, Verity
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, Safety, Stage

EXTLINUX = "boot/extlinux/extlinux.conf"
HASH = "4392712ba01368efdf14b05c76f9e4df0d53664630b5d48632ed17a137f39076"


@check(
    title="The root hash is not inside a signed part",
    severity=Severity.CRITICAL,
    practice="P12",
    cwe=345,
    bad=(
        Example({EXTLINUX: f"LABEL a\n  APPEND root=/dev/dm-0 ro roothash={HASH}\n"}),
        Example({"boot/cmdline.txt": f"root=/dev/dm-0 ro roothash={HASH}\n"}),
    ),
    good=(
        Example(
            {EXTLINUX: f"LABEL a\n  APPEND root=/dev/dm-0 ro roothash={HASH} dm_verity.require_signatures=1\n"},
        ),
    ),
)
def verity_root_hash_untrusted(verity: Verity, places: RootHashPlaces | None | Unknown) -> Findings:
    """The root hash is all of dm-verity that has to be trusted. Where it stands in a file, a variable or a partition
    that anybody may write, whoever changes the root file system makes a new tree and writes its hash beside it, and
    every check holds. It belongs into what the boot loader verifies: a signed FIT's ramdisk, a UKI, a command line
    built into a signed kernel; or a signature over it is demanded by the kernel itself.
    """
    is_named = verity.claims or verity.vouched
    if verity.unread and not is_named:
        raise Unavailable("; ".join(verity.unread[:5]))
    if not is_named:
        raise NotApplicable("no root hash is named here")
    if not isinstance(places, RootHashPlaces):
        raise Unavailable(places.reason if isinstance(places, Unknown) else "where the root hash lies is not known")
    for claim in places.open:
        yield _finding(claim, "which no signature covers")
    for claim in places.forgeable:
        yield _finding(claim, "signed with a test key that everybody has")
    if places.unsure:
        raise Unavailable("; ".join(places.unsure[:5]))


def _finding(claim: Claim, why: str) -> Finding:
    where = claim.at.path or claim.at.part or "the image"
    return Finding(
        where,
        f"the root hash stands in {where}, {why}",
        at=claim.at,
        remedy=Remedy(
            "Put the root hash into the ramdisk or command line of a signed FIT or UKI, or have the kernel demand its "
            "signature (dm_verity.require_signatures=1)",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
