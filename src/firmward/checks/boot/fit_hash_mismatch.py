"""fit-hash-mismatch"""

from firmward.facts.fits import FitHash, FitImage, Fits, FoundFit, HashState
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

AT = Location(part="image/fitImage")


def _example(*states: HashState) -> Example:
    images = (FitImage("kernel-1", "kernel", tuple(FitHash("sha256", state) for state in states)),)
    return Example(facts=(Fits((FoundFit(AT, images),)),))


@check(
    title="Contents of a FIT do not match their hash",
    severity=Severity.CRITICAL,
    practice="P06",
    cwe=354,
    bad=_example(HashState.DIFFERS),
    good=_example(HashState.MATCHES),
)
def fit_hash_mismatch(fits: Fits) -> Findings:
    """The bytes are not those that the FIT was made of: a broken build or download, a script that changed the kernel
    after signing, or tampering. U-Boot refuses to boot it where it looks, and a device that gets such an image by an
    update may not start again.
    """
    unsure = list(fits.unread)
    for found in fits.found:
        for image in found.images:
            for one in image.hashes:
                if one.state is HashState.DIFFERS:
                    yield _finding(found, image, one)
                elif one.state is HashState.UNKNOWN:
                    unsure.append(f"{found.place}: {one.algorithm} of {image.name} could not be worked out")
    if unsure:
        raise Unavailable("; ".join(unsure[:3]))


def _finding(found: FoundFit, image: FitImage, one: FitHash) -> Finding:
    return Finding(
        f"{image.name} {one.algorithm}",
        f"the bytes of {image.name} in {found.at.part} do not have the {one.algorithm} that stands beside them",
        at=found.at,
        remedy=Remedy("Build the FIT anew from sources that are known, and sign it", Safety.MANUAL, Stage.IMAGE),
    )
