"""chip-open"""

from firmward.facts.fuses import Fuses
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

AT = Location(part="given/fuses")


def _example(*, closed: bool, burnt: bool = True) -> Example:
    return Example(facts=(Fuses(AT, "i.MX6", closed, burnt, evidence=("bank 0 word 6 is 00000002",)),))


@check(
    title="The chip starts what is not signed",
    severity=Severity.CRITICAL,
    practice="P01",
    cwe=1326,
    bad=(_example(closed=False), _example(closed=False, burnt=False)),
    good=_example(closed=True),
)
def chip_open(fuses: Fuses, policy: Policy | None) -> Findings:
    """A signature of the boot loader is worth nothing while the boot ROM does not ask for it. Until the fuse is blown
    that closes the chip, a signature that fails is noted and the code is started all the same: whoever can write the
    flash, or reach the ROM's USB or serial download, runs what he likes. Burn the hash of the key first, boot a signed
    image without complaint, and close the chip as the last step of production, in every device.
    """
    board = policy.device.board if policy is not None and policy.device is not None else None
    told = fuses.of_board(board)
    if told.secure_boot is False:
        yield _finding(told)
    elif told.secure_boot is None:
        raise Unavailable("; ".join(told.unread[:3]) or "the dump of fuses does not tell")


def _finding(fuses: Fuses) -> Finding:
    chip = fuses.soc or "chip"
    key = "and knows no key to verify with" if fuses.key_hash_burnt is False else "whatever key is burnt"
    return Finding(
        "open",
        f"the {chip} is open by its fuses: it starts what is not signed, {key}",
        at=fuses.at,
        evidence="; ".join(fuses.evidence)[:200] or None,
        remedy=Remedy(
            "Burn the hash of the public key, boot a signed image, and then close the chip (i.MX: SEC_CONFIG[1]; "
            "STM32MP: `stm32key close`), as a step of production that is checked",
            Safety.MANUAL,
            Stage.FACTORY,
        ),
    )
