"""fit-signature-invalid"""

from firmward.facts.fits import FitConfiguration, FitImage, Fits, FitSignature, FoundFit, SignatureState
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

AT = Location(part="image/fitImage")
STATES = {
    SignatureState.CHANGED: "it was made over other contents",
    SignatureState.LIST_CHANGED: "the list of what it covers was changed after it was made",
    SignatureState.ELSEWHERE: "it holds for another configuration than the one that bears it",
    SignatureState.INVALID: "none of the keys verifies it",
    SignatureState.FOREIGN: "it names a key that the boot loader does not have, and none of its keys verifies it",
}


def _example(*states: SignatureState) -> Example:
    signatures = tuple(FitSignature("sha256,rsa2048", state) for state in states)
    return Example(facts=(Fits((FoundFit(AT, (), (FitConfiguration("conf-1", (), signatures),), "conf-1"),)),))


@check(
    title="A signature in a FIT does not hold",
    severity=Severity.CRITICAL,
    practice="P06",
    cwe=347,
    bad=tuple(_example(state) for state in STATES),
    good=(_example(SignatureState.VERIFIED), _example(SignatureState.FOREIGN, SignatureState.VERIFIED)),
)
def fit_signature_invalid(fits: Fits) -> Findings:
    """There is a signature, and with the keys that the boot loader has, or that were given by hand, it does not hold.
    Either the device will refuse this image, or it does not look: a key that is not required lets it boot all the same.
    What exactly is wrong tells an accident (signed with the development key, changed after signing) from an attempt.
    """
    unsure = list(fits.unread)
    for found in fits.found:
        signed: tuple[FitConfiguration | FitImage, ...] = (*found.configurations, *found.images)
        for one in signed:
            states = [made.state for made in one.signatures if made.state is not SignatureState.EMPTY]
            if SignatureState.VERIFIED in states:
                continue
            for state in dict.fromkeys(states):
                if state in STATES:
                    yield _finding(found, one, state)
                else:
                    unsure.append(f"{one.name}: {_doubt(state)}")
    if unsure:
        raise Unavailable("; ".join(unsure[:3]))


def _doubt(state: SignatureState) -> str:
    if state is SignatureState.NO_KEY:
        return "there is no key here to check its signature with"
    return "its signature could not be worked out"


def _finding(found: FoundFit, one: FitConfiguration | FitImage, state: SignatureState) -> Finding:
    return Finding(
        f"{one.name} {state.value}",
        f"the signature of {one.name} in {found.at.part} does not hold: {STATES[state]}",
        at=found.at,
        remedy=Remedy(
            "Sign with the key whose public half the boot loader holds, as the last step of the build",
            Safety.MANUAL,
            Stage.IMAGE,
        ),
    )
