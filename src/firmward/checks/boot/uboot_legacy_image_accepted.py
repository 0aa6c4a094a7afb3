"""uboot-legacy-image-accepted"""

from firmward.facts.uboots import FoundUboot, Stage, Uboots
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetUbootOption
from firmward.model.remedy import Stage as RemedyStage


def _example(*, legacy: bool) -> Example:
    found = FoundUboot(
        Location(part="image/u-boot"),
        "2023.01",
        frozenset((Stage.PROPER,)),
        verifies_fits=True,
        takes_legacy_images=legacy,
    )
    return Example(facts=(Uboots((found,)),))


@check(
    title="U-Boot boots legacy images beside signed FITs",
    severity=Severity.CRITICAL,
    practice="P06",
    cwe=288,
    bad=_example(legacy=True),
    good=_example(legacy=False),
)
def uboot_legacy_image_accepted(uboots: Uboots) -> Findings:
    """The same `bootm` that refuses a FIT without the required signature boots an old uImage, which has a checksum and
    no place for a signature. Whoever can write where the FIT lies puts a uImage there, and the required key is never
    asked for. Where signatures are built in, CONFIG_LEGACY_IMAGE_FORMAT is off by default; some configurations turn it
    on again.
    """
    doubts = list(uboots.unread)
    for found in uboots.found:
        both = (found.verifies_fits, found.takes_legacy_images)
        doubt = next((one for one in both if isinstance(one, Unknown)), None)
        if both == (True, True):
            yield _finding(found)
        elif doubt is not None and False not in both and (True in both or Stage.PROPER in found.stages):
            doubts.append(f"{found.at.part}: {doubt.reason}")
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))
    if not any(found.verifies_fits for found in uboots.found):
        raise NotApplicable("no U-Boot here verifies signatures of FITs")


def _finding(found: FoundUboot) -> Finding:
    stage = "" if Stage.PROPER in found.stages else "SPL_"
    return Finding(
        "legacy-image",
        f"{found.name} verifies FITs, and boots legacy images without a question",
        at=found.at,
        remedy=Remedy(
            "Build U-Boot with CONFIG_LEGACY_IMAGE_FORMAT off, and boot FITs alone",
            Safety.UNSAFE,
            RemedyStage.SOURCE,
            (SetUbootOption(f"CONFIG_{stage}LEGACY_IMAGE_FORMAT", "n"),),
            "kernels, initramfs and boot scripts (boot.scr) that are uImages are not started any more",
        ),
    )
