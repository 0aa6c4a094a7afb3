"""fit-component-uncovered"""

from firmward.facts.fits import FitConfiguration, Fits, FitSignature, FoundFit, SignatureState
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

AT = Location(part="image/fitImage")
SIGNED = (FitSignature("sha256,rsa2048", SignatureState.VERIFIED),)
BOOTS = (("kernel", "kernel-1"), ("ramdisk", "ramdisk-1"))


def _example(*uncovered: str) -> Example:
    one = FitConfiguration("conf-1", BOOTS, SIGNED, uncovered)
    return Example(facts=(Fits((FoundFit(AT, (), (one,), "conf-1"),)),))


@check(
    title="A signed configuration leaves out what it boots",
    severity=Severity.CRITICAL,
    practice="P06",
    cwe=345,
    bad=_example("ramdisk /images/ramdisk-1: the signature is not over this node"),
    good=_example(),
)
def fit_component_uncovered(fits: Fits) -> Findings:
    """The signature holds, and yet a part of what boots is nobody's: the list of signed nodes leaves out the kernel,
    the device tree, the ramdisk or a firmware that the configuration names, or covers its node and none of its hashes.
    Changing just that part breaks no signature. It happens where `sign-images` names fewer roles than the configuration
    has, or where somebody narrowed `hashed-nodes`, which many loaders believe (CVE-2026-46728). Two nodes of one name,
    or one with a unit address, come to the same: the signature is checked on one image, and the other boots
    (CVE-2021-27138).
    """
    for found in fits.found:
        for one in found.configurations:
            for left in one.uncovered if one.is_signed else ():
                yield _finding(found, one, left)
        if any(one.is_signed for one in found.configurations):
            yield from (_ambiguous(found, name) for name in found.ambiguous)
    if fits.unread:
        raise Unavailable("; ".join(fits.unread[:3]))


def _ambiguous(found: FoundFit, name: str) -> Finding:
    node, _, why = name.partition(": ")
    return Finding(
        f"{node}",
        f"{node} of {found.at.part} {why}: what is verified and what boots may be two images",
        at=found.at,
        remedy=Remedy("Give every node of the FIT a name of its own, without `@`", Safety.MANUAL, Stage.IMAGE),
    )


def _finding(found: FoundFit, one: FitConfiguration, left: str) -> Finding:
    node, _, why = left.partition(": ")
    return Finding(
        f"{one.name} {node}",
        f"configuration {one.name} of {found.at.part} boots {node}, and {why}",
        at=found.at,
        remedy=Remedy(
            "Name every role of the configuration in `sign-images`, give each image a sha256 hash, and sign anew",
            Safety.MANUAL,
            Stage.IMAGE,
        ),
    )
