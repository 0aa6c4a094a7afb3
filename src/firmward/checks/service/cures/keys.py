"""A private key that is left out of the image, and what comes of that.

A server's key with a certificate that it signed itself is made by each device; what somebody else has to sign, or to
know, is a matter of enrolment.
"""

from firmward.checks.service.cures import at_first_boot
from firmward.checks.service.cures.at_first_boot import Device
from firmward.facts.private_keys import PrivateKeyUse
from firmward.model.remedy import Remedy, Remove, Safety, Stage

LEAVE_OUT = (
    "Leave it out and make a key on each device at first boot or in the factory, in a TPM or secure element where "
    "there is one; replace what trusted this one"
)


def left_out(use: PrivateKeyUse, device: Device, summary: str = LEAVE_OUT) -> Remedy:
    path = use.key.path
    if use.host_key:
        return at_first_boot.host_key(path, device, summary)
    if not use.key.alone or use.named == use.key.at:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    if use.certificate is not None and use.signs_itself and not use.authority and use.named is not None:
        return at_first_boot.tls_key(path, use.certificate.path, device, summary)
    return Remedy(summary, Safety.UNSAFE, Stage.SOURCE, (Remove(path),), _breaks(use))


def _breaks(use: PrivateKeyUse) -> str:
    if use.authority:
        return "nothing on the device signs certificates any more"
    if use.named is not None:
        return f"what uses it ({use.named}) does not work before each device has a key of its own"
    return f"a program that opens /{use.key.path} and says so in no configuration finds no key"
