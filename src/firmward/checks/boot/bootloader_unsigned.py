"""bootloader-unsigned"""

from firmward.facts.cover.efi import key_of
from firmward.facts.efi_programs import EfiPrograms
from firmward.facts.first_stages import FirstStage, FirstStages, Signed
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

AT = Location(part="image/u-boot.imx")
CURES = {
    "imx-ivt": "Sign with NXP's cst (a CSF over table, boot data and code), fuse the SRK hash, and close the chip",
    "imx-ahab": "Sign the containers with NXP's cst, fuse the SRK hash, and close the life cycle",
    "stm32": "Sign with STM32_SigningTool_CLI, fuse the hash of the public key, and close the device",
    "ti-k3": "Sign with the customer's key (TI's secure development tools), on an HS device with that key fused",
    "ti-mlo": "Use a high-security device: what a general-purpose one starts is never verified",
    "egon": "Build a TOC0 image (mkimage -T sunxi_toc0), burn the hash of its key, and set the secure fuse",
    "rockchip-id": "Sign with Rockchip's rk_sign_tool, and burn the hash of the key",
    "efi-program": "Sign with sbsign, and enrol the certificate in the firmware's db",
    "uki": "Sign with sbsign or `ukify --secureboot-private-key`, and enrol the certificate in the firmware's db",
}
USUAL = "Sign it with the chip maker's tool, and burn the hash of the public key into the fuses"


def _example(signed: Signed, *, uncovered: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> Example:
    stage = FirstStage(AT, "imx-ivt", signed, "the table names no CSF (byte 0x18)", uncovered, broken)
    return Example(facts=(FirstStages((stage,)),))


@check(
    title="What the boot ROM starts is not signed",
    severity=Severity.CRITICAL,
    practice="P01",
    cwe=1326,
    bad=(
        _example(Signed.NO),
        _example(Signed.YES, uncovered=("code",)),
        _example(Signed.YES, broken=("signature",)),
    ),
    good=_example(Signed.YES),
)
def bootloader_unsigned(stages: FirstStages, programs: EfiPrograms | None | Unknown) -> Findings:
    """Everything that is verified later is verified by this code, so that whoever may replace it need break nothing
    else: a boot loader of one's own asks for no signature of the kernel. Only the boot ROM can look at it, with a key
    whose hash is burnt into the chip. That has to be planned before the first device is made, since fuses cannot be
    blown over the air without risk, and a chip that is open stays open for the whole life of the device. Of UEFI's
    programs those count that something starts.
    """
    doubts = list(stages.unread)
    idle = _idle(programs)
    for stage in stages.found:
        if stage.at.part in idle:
            continue
        if stage.signed is Signed.NO:
            yield _finding(stage, stage.kind, f"is not signed: {stage.evidence}")
        elif stage.signed is Signed.UNKNOWN:
            doubts.append(f"{stage.at.part}: {stage.evidence}")
        for name in stage.broken if stage.signed is not Signed.NO else ():
            yield _finding(stage, f"{stage.kind} {name}", f"is signed, and its {name} does not hold")
        for name in stage.uncovered:
            yield _finding(stage, f"{stage.kind} {name}", f"is signed, and the signature leaves out {name}")
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _idle(programs: EfiPrograms | None | Unknown) -> frozenset[str]:
    """The UEFI programs that nothing starts: tools, drivers."""
    found = programs.found if isinstance(programs, EfiPrograms) else ()
    return frozenset(key_of(one) for one in found if not one.is_started)


def _finding(stage: FirstStage, key: str, message: str) -> Finding:
    return Finding(
        key,
        f"{stage.at.part} {message}",
        at=stage.at,
        evidence=stage.evidence or None,
        remedy=Remedy(CURES.get(stage.kind, USUAL), Safety.MANUAL, Stage.FACTORY),
    )
