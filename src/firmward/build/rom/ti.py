"""Texas Instruments: what can be signed of AM335x and of K3, and what cannot.

The rules this file holds (U-Boot's doc/README.ti-secure, doc/board/ti/k3; SPRUH73, chapter "Initialization"):

- GP chips have no keys and verify nothing: whoever can write the medium starts what they like. Only HS chips verify,
  and they are another part to order.
- For AM335x HS the tools, and how the image is laid out, are TI's under a non-disclosure agreement (SECDEV). What goes
  in is known; what comes out has named sections whose inside is sealed, so that it cannot be verified here.
- K3 (AM6x, J7) reads a certificate in X.509, which openssl makes; that is read and verified whole.
"""

from firmward.build.rom.record import IMAGE, README, SCRIPT, RomFile, State, Verdict, other, reader, verdict
from firmward.formats import ti_boot
from firmward.formats.malformed import Malformed
from firmward.formats.ti_boot import K3Image, Mlo
from firmward.model.errors import InputError

PAYLOAD = "u-boot-spl.bin"
SIGNATURE = "signature of the certificate"

SIGN = """\
#!/bin/sh
# Makes the first stage for AM335x HS: sh sign.sh. Needs TI's SECDEV package; TI_SECURE_DEV_PKG names its folder.
set -eu
: "${{TI_SECURE_DEV_PKG:?name the folder of the SECDEV package, which TI gives out under a non-disclosure agreement}}"
cd "$(dirname "$0")"
rm -f signed.mlo
"$TI_SECURE_DEV_PKG/scripts/create-boot-image.sh" MLO {payload} signed.mlo {load:#x}
[ -s signed.mlo ] || {{ echo "sign.sh: the tool wrote nothing" >&2; exit 1; }}
echo "signed.mlo is written."
"""

GUIDE = """\
# What the ROM of AM335x can verify

**AM335x is sold as GP and as HS. A GP chip verifies nothing**: it has no keys and no place for a signature, and
`{name}`, as it was given, is an image for such a one. On it the signed kernel proves nothing against somebody who can
write the boot medium, since the boot loader can be exchanged. What is left: solder the medium down, take the boot pins
from cards, USB and serial line, and say so in the threat model. Or take an HS chip, or a newer family.

For an HS chip:

1. Ask TI for the SECDEV package. It needs an agreement, and has the tool that makes keys as well.
2. `TI_SECURE_DEV_PKG=/path sh sign.sh` makes `signed.mlo` of `{payload}`, which is `{name}` without its header
   ({length} bytes, loaded to {load:#010x}).
3. `firmward verify .. --rom signed.mlo` tells whether it has the sections of an HS chip. Their inside is sealed by
   TI's format: that the signature holds is seen on the device alone.
4. Keys are fused by TI or by its programme (OTP keywriter). **This cannot be undone.**
"""
GUIDE_K3 = """\
# What the ROM of K3 has to verify

`{name}` has its certificate already: {words}. Sign it when U-Boot is built, with a key of your own in place of the
sample `custMpk.pem`, whose private half everybody has (doc/board/ti/k3). `firmward verify .. --rom FILE` reads the
result: certificate, signature, digests and key. GP chips accept any key; only HS-SE chips ask for the fused one.
"""


def prepare(boot_loader: bytes, name: str) -> tuple[RomFile, ...]:
    """`name` is the file's. Raises InputError for what no ROM of TI reads."""
    found = _parsed(boot_loader, name)
    if isinstance(found, K3Image):
        words = found.signing.evidence[0].says
        return RomFile(IMAGE, boot_loader), RomFile(README, GUIDE_K3.format(name=name, words=words).encode())
    facts = {"payload": PAYLOAD, "load": found.load, "length": found.length}
    return (
        RomFile(IMAGE, boot_loader),
        RomFile(PAYLOAD, ti_boot.content(reader(boot_loader), found)),
        RomFile(SCRIPT, SIGN.format(**facts).encode(), runs=True),
        RomFile(README, GUIDE.format(name=name, **facts).encode()),
    )


def check(data: bytes, made: bytes | None = None) -> Verdict:
    """Of an image that TI's tool made; `made` is what was given out. Raises InputError for what no ROM of TI reads."""
    found = _parsed(data, "the signed image")
    if isinstance(found, K3Image):
        return _check_k3(data, found, made)
    if found.is_general:
        return Verdict(State.FAILS, (found.signing.evidence[0].says, "a GP chip starts it, and verifies nothing"))
    says = "TI does not tell how they are signed; whether it holds, an HS chip shows alone"
    return Verdict(State.UNKNOWN, (found.signing.evidence[0].says, says))


def _check_k3(data: bytes, found: K3Image, made: bytes | None) -> Verdict:
    given = None if made is None else _parsed(made, "what was given out")
    if isinstance(given, K3Image) and made is not None and _loaded(data, found) != _loaded(made, given):
        return other("what the certificate speaks for")
    says = verdict(found.signing, ti_boot.verify(reader(data), found), (SIGNATURE,), found.key_hash)
    if found.has_sample_key:
        return Verdict(State.FAILS, ("its key is U-Boot's sample, whose private half is published", *says.says))
    return says


def _loaded(data: bytes, found: K3Image) -> list[bytes]:
    return [data[one.offset : one.offset + one.size] for one in found.payloads]


def _parsed(data: bytes, name: str) -> K3Image | Mlo:
    try:
        return ti_boot.parse_k3(reader(data)) if data.startswith(b"\x30\x82") else ti_boot.parse_mlo(reader(data))
    except Malformed as error:
        raise InputError(f"{name}: {error}; give MLO or tiboot3.bin, as the ROM reads it") from error
