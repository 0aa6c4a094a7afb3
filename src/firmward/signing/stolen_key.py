"""What a key's state means for devices in the field, and what to do when one is stolen: the plan of each role.

The guide on stolen keys (docs/guides/stolen-key.md) tells the same with the commands; a test runs those.
"""

from firmward.signing.ledger import ACTIVE, RETIRED, KeyRecord
from firmward.signing.role import Role

VERIFIERS = {
    Role.BOOT: "boot loaders",
    Role.ROOTFS: "who checks what was built",
    Role.UPDATE_ROOT: "devices that take updates",
    Role.TARGETS: "devices, by the list that update-root signs",
    Role.SNAPSHOT: "devices, by the list that update-root signs",
    Role.TIMESTAMP: "devices, by the list that update-root signs",
    Role.RELEASE: "devices, by what targets delegates to it",
    Role.DIRECTOR_ROOT: "devices that ask a director",
    Role.DIRECTOR: "devices, by the list that director-root signs",
    Role.FLEET: "devices, by their image",
}
"""Who holds the public half."""

_RETIRED = {
    Role.BOOT: "images in the field are signed with it; a device made with this key alone in its boot loader starts "
    "nothing that a newer key signed, only one that held the spare too does",
    Role.ROOTFS: "what was built until then is signed with it, and stays valid",
    Role.UPDATE_ROOT: "signs the next list of keys once more, beside the new key, so that devices follow",
    Role.RELEASE: "devices take what it signed until the channel names it no more: `firmward release delegate`",
    Role.DIRECTOR_ROOT: "signs the director's next list of keys once more, beside the new key, so that devices follow",
    Role.FLEET: "devices whose image names it take orders signed with it until they are updated",
}
_OF_UPDATES = "devices take it until they have the list of keys that leaves it out"

_PLANS = {
    Role.BOOT: (
        "`firmward keys rotate boot --to-spare`, where there is a spare, makes it the working key; bring its private "
        "half back to the store",
        "build anew and send the image out as an update: it starts on every device that holds the spare",
        "replace the boot loaders that can be replaced by the new build's, whose control tree leaves the stolen key "
        "out; until then what it signs starts on devices, and a higher rollback_index is no help: a thief writes any",
        "without a spare nothing that another key signed starts: image and boot loader have to be replaced together, "
        "at the bench where need be",
        "a key whose hash is burnt into fuses cannot be taken back, unless the fuses have a slot for another",
    ),
    Role.ROOTFS: (
        "`firmward keys rotate rootfs` makes a new key; `firmward keys export-public rootfs` for whoever checks builds",
        "build again from sources and policy that are kept, which signs with the new key; what the stolen key signed "
        "proves nothing any more, of whatever day it says it is",
    ),
    Role.UPDATE_ROOT: (
        "have the next list of keys signed with the old keys, as many as the threshold says, and with the new ones; "
        "publish it: until devices have it, a thief with as many keys as the threshold can publish one of his own",
        "a device that took the thief's list follows him, and one that got no list knows nothing of the new key: both "
        "are brought back by hand, with an image that carries the new list",
    ),
    Role.TARGETS: (
        "`firmward keys rotate targets`, then have update-root sign a list that names the new key alone",
        "sign the targets that are meant anew, with a higher version; compare what is published with what was built",
        "a device that took a stranger's image meanwhile still starts nothing that the boot key did not sign",
    ),
    Role.SNAPSHOT: (
        "`firmward keys rotate snapshot`, then have update-root sign a list that names the new key alone",
        "publish snapshot and timestamp anew with higher versions; the thief could mix old targets with new, and make "
        "none",
    ),
    Role.TIMESTAMP: (
        "`firmward keys rotate timestamp`, then have update-root sign a list that names the new key alone",
        "publish the timestamp anew with a higher version; the thief could hold updates back, and make none",
    ),
    Role.RELEASE: (
        "`firmward keys rotate release`, then have targets sign a delegation of each channel that names the new key "
        "alone (`firmward release delegate`), and the channel's metadata signed with it",
        "compare what each channel gives with what was built, and withdraw what was not (`firmward release withdraw`)",
        "with a threshold of one a thief who has the online keys too could offer devices any image; it still starts "
        "nothing that the boot key did not sign",
    ),
    Role.DIRECTOR_ROOT: (
        "`firmward keys rotate director-root`, then `firmward release director root`, signed by the old key and the "
        "new one, and `firmward release director renew`: until devices have it, the thief can name keys of his own",
        "what he orders still has to be what a channel offers: he holds devices back, and installs nothing",
    ),
    Role.DIRECTOR: (
        "`firmward keys rotate director`, then `firmward release director root`, which names the new key alone",
        "give each device its order anew (`firmward release director order`): renewing would go on with what the thief "
        "has ordered, who could hold a device back, or have it take what its channel offers to all",
    ),
    Role.FLEET: (
        "`firmward keys rotate fleet`, and take the server off the net that had the key until it is set up anew",
        "devices learn of the new key from their next image: export its public half, build, and send an update",
        "until a device has it, whoever has the stolen key may give it orders: compare its policy with the one meant",
    ),
}


def meaning(key: KeyRecord, *, only_working: bool) -> str:
    """What the state of a key says about devices; `only_working` is whether its role has no spare and no other key."""
    role = Role(key.role)
    if key.state == RETIRED:
        return _RETIRED.get(role, _OF_UPDATES)
    if key.state != ACTIVE:
        return "signs nothing any more; who holds its public half still takes what it signs, see the guide"
    if key.spare:
        return "the spare: goes into every boot loader, signs nothing yet; keep its private half offline"
    if role is Role.BOOT and only_working:
        return "signs; without a spare, a stolen key is left behind only by replacing image and boot loader together"
    return f"signs; verified by {VERIFIERS[role]}"


def plan(role: Role) -> tuple[str, ...]:
    """What to do next when a key of this role was stolen, in order."""
    return _PLANS[role]
