"""fit-key-not-required"""

from firmward.facts.boot_keys import BootKeys, Key, KeyRing, PlacedRing
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, SetDeviceTreeProperty, Stage

AT = Location(part="image/u-boot.dtb")


def _example(*keys: Key) -> Example:
    return Example(facts=(BootKeys((PlacedRing(AT, KeyRing(keys)),)),))


@check(
    title="The boot loader holds a key that nothing has to be signed with",
    severity=Severity.CRITICAL,
    practice="P06",
    cwe=347,
    bad=(_example(Key("boot", "sha256,rsa2048", None, None)), _example(Key("boot", "sha256,rsa2048", "image", None))),
    good=_example(Key("boot", "sha256,rsa2048", "conf", None)),
)
def fit_key_not_required(keys: BootKeys) -> Findings:
    """U-Boot checks what is signed with a key that it knows, and boots what is not signed at all, unless the key is
    `required`: an attacker takes the signature away, and that is all. Required for images (`required = "image"`) it
    lets anybody put signed images together anew. `mkimage -r` writes `required = "conf"` beside the key; mind that for
    ECDSA keys some versions do not.
    """
    if not keys.rings and not keys.unread:
        raise NotApplicable("no boot loader here holds keys; whether one demands the keys that were given is not known")
    for placed in keys.rings:
        if not placed.ring.keys:
            yield _finding(placed, "signature", "there is a place for keys, and no key in it")
        elif not placed.ring.required("conf"):
            for key in placed.ring.keys:
                yield _finding(placed, key.name, _words(key))
    if keys.unread:
        raise Unavailable("; ".join(keys.unread[:3]))


def _words(key: Key) -> str:
    if key.required == "image":
        return f"key {key.name} is required for images alone: signed ones may be put together anew"
    return f"key {key.name} is not required: an image without a signature boots"


def _finding(placed: PlacedRing, name: str, message: str) -> Finding:
    return Finding(
        name,
        message,
        at=placed.at,
        remedy=Remedy(
            'Set `required = "conf"` for the key in the control device tree (mkimage -r writes it)',
            Safety.UNSAFE if name != "signature" else Safety.MANUAL,
            Stage.IMAGE,
            (SetDeviceTreeProperty(f"/signature/key-{name}", "required", '"conf"'),) if name != "signature" else (),
            "images that this key did not sign do not boot any more: sign those in the field first",
        ),
    )
