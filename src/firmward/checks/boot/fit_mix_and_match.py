"""fit-mix-and-match"""

from firmward.facts.fits import FitConfiguration, FitImage, Fits, FitSignature, FoundFit, SignatureState
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

AT = Location(part="image/fitImage")
SIGNED = (FitSignature("sha256,rsa2048", SignatureState.VERIFIED),)
IMAGES = (FitImage("kernel-1", "kernel", signatures=SIGNED), FitImage("fdt-1", "flat_dt", signatures=SIGNED))
BOOTS = (("kernel", "kernel-1"), ("fdt", "fdt-1"))


def _example(*signatures: FitSignature) -> Example:
    return Example(facts=(Fits((FoundFit(AT, IMAGES, (FitConfiguration("conf-1", BOOTS, signatures),), "conf-1"),)),))


@check(
    title="Images of a FIT are signed one by one, the configuration is not",
    severity=Severity.HIGH,
    practice="P06",
    cwe=345,
    bad=_example(),
    good=_example(*SIGNED),
)
def fit_mix_and_match(fits: Fits) -> Findings:
    """Each image is genuine, and which of them boot together is anybody's choice: an old kernel with a known hole
    beside today's device tree, the ramdisk of the factory's test system beside the product's kernel. All of them bear
    the maker's signature. Sign configurations (`required = "conf"`): the signature then covers the nodes and hashes of
    all images that the configuration names.
    """
    for found in fits.found:
        for one in found.configurations:
            if not one.is_signed and any(image.signatures for image in found.images):
                yield _finding(found, one)
    if fits.unread:
        raise Unavailable("; ".join(fits.unread[:3]))


def _finding(found: FoundFit, one: FitConfiguration) -> Finding:
    return Finding(
        f"{one.name}",
        f"configuration {one.name} of {found.at.part} bears no signature, its images are signed one by one",
        at=found.at,
        remedy=Remedy(
            "Put a signature node with `sign-images` into the configuration and sign that (mkimage -F -k KEYS -K "
            "CONTROL.dtb -r), so that the key is required for configurations",
            Safety.MANUAL,
            Stage.IMAGE,
        ),
    )
