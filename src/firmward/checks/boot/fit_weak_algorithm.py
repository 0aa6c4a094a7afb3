"""fit-weak-algorithm"""

from firmward.facts.fits import (
    FitConfiguration,
    FitHash,
    FitImage,
    Fits,
    FitSignature,
    FoundFit,
    HashState,
    SignatureState,
)
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

AT = Location(part="image/fitImage")
TOLD = 5
"""Images named in one finding."""
GOOD = FitHash("sha256", HashState.MATCHES)


def _example(*hashes: FitHash, algorithm: str = "sha256,rsa2048", weak: str | None = None) -> Example:
    signature = FitSignature(algorithm, SignatureState.VERIFIED, weak)
    images = (FitImage("kernel-1", "kernel", hashes),)
    one = FitConfiguration("conf-1", (("kernel", "kernel-1"),), (signature,))
    return Example(facts=(Fits((FoundFit(AT, images, (one,), "conf-1"),)),))


@check(
    title="A FIT is held together by a weak hash or a short key",
    severity=Severity.HIGH,
    practice="P06",
    cwe=327,
    bad=(
        _example(FitHash("crc32", HashState.MATCHES, is_weak=True)),
        _example(FitHash("sha1", HashState.MATCHES, is_weak=True)),
        _example(GOOD, algorithm="sha1,rsa2048", weak="it is made with sha1"),
        _example(GOOD, algorithm="sha256,rsa1024", weak="its key has 1024 bits"),
    ),
    good=(_example(GOOD), _example(FitHash("crc32", HashState.MATCHES, is_weak=True), GOOD)),
)
def fit_weak_algorithm(fits: Fits) -> Findings:
    """A signature of a configuration covers the images' hashes, so that an image is as safe as its best hash: crc32 is
    no obstacle at all, and for MD5 and SHA-1 two contents with one value have been made for years. A signature with
    SHA-1, or with an RSA key under 2048 bits, is within reach of who wants it. A device in the field for ten years
    should start with SHA-256 and RSA 3072 or ECDSA P-256.
    """
    for found in fits.found:
        yield from _images(found)
        for one in found.configurations:
            yield from (_finding(found, one.name, f"its signature is weak: {made.weak}") for made in _weak(one))
    if fits.unread:
        raise Unavailable("; ".join(fits.unread[:3]))


def _weak(one: FitConfiguration | FitImage) -> list[FitSignature]:
    return [made for made in one.signatures if made.weak and made.state is not SignatureState.EMPTY]


def _images(found: FoundFit) -> Findings:
    weak: dict[str, list[str]] = {}
    for image in found.images:
        if image.hashes and all(each.is_weak for each in image.hashes):
            names = ", ".join(dict.fromkeys(each.algorithm for each in image.hashes))
            weak.setdefault(names, []).append(image.name)
        yield from (_finding(found, image.name, f"its signature is weak: {made.weak}") for made in _weak(image))
    for names, images in weak.items():
        more = f" and {len(images) - TOLD} more" if len(images) > TOLD else ""
        yield _finding(found, names, f"{names} alone holds {', '.join(images[:TOLD])}{more}")


def _finding(found: FoundFit, name: str, why: str) -> Finding:
    return Finding(
        name,
        f"{name} in {found.at.part}: {why}",
        at=found.at,
        remedy=Remedy(
            'Write `algo = "sha256"` for hashes and `algo = "sha256,rsa3072"` for signatures, and sign anew',
            Safety.MANUAL,
            Stage.IMAGE,
        ),
    )
