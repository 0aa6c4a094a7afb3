"""fit-unsigned"""

from firmward.facts.fits import FitConfiguration, Fits, FitSignature, FoundFit, SignatureState
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetUbootOption, Stage

AT = Location(part="image/fitImage")
SIGNED = (FitSignature("sha256,rsa2048", SignatureState.VERIFIED),)


def _example(*signatures: FitSignature) -> Example:
    return Example(facts=(Fits((FoundFit(AT, (), (FitConfiguration("conf-1", (), signatures),), "conf-1"),)),))


@check(
    title="What a FIT boots by default bears no signature",
    severity=Severity.CRITICAL,
    practice="P06",
    cwe=345,
    bad=(_example(), _example(FitSignature("sha256,rsa2048", SignatureState.EMPTY))),
    good=_example(*SIGNED),
)
def fit_unsigned(fits: Fits) -> Findings:
    """A hash in a FIT tells a broken download from a good one, and no attacker: whoever changes the kernel writes the
    new hash beside it. Only a signature of the configuration, checked with a key that the boot loader must find on it
    (`required = "conf"` in its control tree), ties kernel, device tree and ramdisk to the maker. Sign with `mkimage -F
    -k KEYS -K CONTROL.dtb -r`, and build U-Boot with CONFIG_FIT_SIGNATURE.
    """
    for found in fits.found:
        booted = found.booted
        if booted is not None and not booted.is_signed and not any(image.signatures for image in found.images):
            words = f"configuration {booted.name} of {found.at.part}, which boots by default, bears no signature"
            yield _finding(found, booted.name, words)
        elif not found.configurations and not any(image.signatures for image in found.images):
            yield _finding(found, "images", f"{found.at.part} has no configuration, and its images bear no signature")
    if fits.unread:
        raise Unavailable("; ".join(fits.unread[:3]))


def _finding(found: FoundFit, key: str, message: str) -> Finding:
    return Finding(
        key,
        message,
        at=found.at,
        remedy=Remedy(
            "Sign the configuration: mkimage -F -k KEYS -K CONTROL.dtb -r, and CONFIG_FIT_SIGNATURE=y in U-Boot",
            Safety.UNSAFE,
            Stage.SOURCE,
            (SetUbootOption("CONFIG_FIT_SIGNATURE", "y"), SetUbootOption("CONFIG_LEGACY_IMAGE_FORMAT", "n")),
            "kernels and boot scripts that are uImages are not started any more, nor, with a key that is required, "
            "FITs that it did not sign",
        ),
    )
