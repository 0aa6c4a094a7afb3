"""A device that is recognised by a key which everybody has who has the image."""

import re
from collections.abc import Iterator

from firmward.build.trees import open_tree
from firmward.facts import host_keys
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.links import RUNNING
from firmward.lab.means import network, ssh
from firmward.lab.target import Powered, Target, Witness

PROVED = re.compile(r"Server host key: \S+ (SHA256:[A-Za-z0-9+/]+)(?s:.*)SSH2_MSG_NEWKEYS received")
"""What OpenSSH's client says of the server: its key, and behind it that the signature made with it was right."""


def run(target: Target) -> Result:
    known = frozenset(_published(target))
    if not known:
        raise Unseen("no image holds the private half of a host key")
    target.note(Witness.ATTACKER, f"took the private halves of {len(known)} host keys from the published image")
    return network.attacked(target, ATTACK, lambda powered: _is_one_of(powered, known))


def _published(target: Target) -> Iterator[str]:
    """Fingerprints of the private keys in every image that can be had: the device's own, and the one before it."""
    for path in (target.device.before, target.device.folder / "slot" / "root.img"):
        if path is not None:
            found = host_keys.collect(open_tree(path).tree, None, None, None)
            yield from (key.fingerprint for key in (found.keys if found else ()) if key.fingerprint)


def _is_one_of(powered: Powered, known: frozenset[str]) -> bool:
    for port in ATTACK.ports:
        proved = proved_by(ssh.that_asks(powered.address(port), powered.target.work).said())
        if proved in known:
            powered.target.note(Witness.NETWORK, f"at port {port} it proves who it is with {proved}, and so can he")
            return True
        if proved is not None:
            powered.target.note(Witness.NETWORK, f"at port {port} it proves who it is with {proved}, a key of its own")
    return False


def proved_by(said: str) -> str | None:
    """The fingerprint of the key with which a server signed."""
    found = PROVED.search(said)
    return None if found is None else found[1]


ATTACK = Attack(
    id="known-host-key",
    title="The identity that every device shares",
    does="takes the private SSH host keys out of the published image, and looks whether the device has one of them",
    position=Position.NETWORK,
    link=RUNNING,
    case="CERT/CC VU#566724: embedded devices use non-unique certificates and SSH host keys (House of Keys, 2015)",
    foretold=("ssh-host-key-baked-in",),
    run=run,
    within=120.0,
    ports=(22, 2222),
    needs=(Need.BEFORE,),
)
