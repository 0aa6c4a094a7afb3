"""i.MX with HAB4 (i.MX 6, 7, 8M): the description from which NXP's `cst` makes the command sequence that the ROM obeys.

The rules this file holds (NXP's CST User's Guide; U-Boot's doc/imx/habv4/guides/mx6_mx7_secure_boot):

- The image vector table says where the commands will stand. What lies before them is signed as one block, the table
  and the device configuration data with it: they run before anything is verified.
- A boot loader without a place for commands was built without CONFIG_IMX_HAB: it would start, signed, and then verify
  nothing of what it starts itself with the ROM's help. It is refused rather than given a place.
- `Engine = ANY` leaves the choice to the ROM: i.MX 6ULL has no CAAM, on which other examples insist.
- The keys are a tree as NXP's `hab4_pki_tree.sh` makes it: four roots, whose digest is fused, and under the first of
  them one for the commands and one for the image. They are nobody's but the maker's, and never pass through here.
"""

from collections.abc import Iterator

from firmward.build.rom.record import IMAGE, README, SCRIPT, RomFile, Verdict, other, reader, verdict
from firmward.formats import imx_csf, imx_ivt
from firmward.formats.imx_csf import Csf, InstallKey
from firmward.formats.imx_ivt import Ivt
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError

CSF_TEXT = "csf.txt"

TEXT = """\
[Header]
    Version = 4.2
    Hash Algorithm = sha256
    Engine = ANY
    Engine Configuration = 0
    Certificate Format = X509
    Signature Format = CMS

[Install SRK]
    File = "srk-table.bin"
    Source index = 0

[Install CSFK]
    File = "crts/CSF1_1_crt.pem"

[Authenticate CSF]

[Install Key]
    Verification index = 0
    Target index = 2
    File = "crts/IMG1_1_crt.pem"

[Authenticate Data]
    Verification index = 2
    Blocks = {address:#010x} 0x0 {size:#x} "{image}"
"""

SIGN = """\
#!/bin/sh
# Signs the boot loader for i.MX: sh sign.sh KEYS, where KEYS is a folder as hab4_pki_tree.sh fills it.
# Needs NXP's cst and srktool; CST and SRKTOOL name others than those on PATH.
set -eu
keys=$(cd "${{1:?give the folder with crts/ and keys/}}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/crts" "$work/keys"

# cst finds a private key by its certificate's name, in keys/ beside crts/
one() {{ [ -e "$1" ] && [ $# -eq 1 ] && echo "$1" || {{ echo "sign.sh: not one but $# files: $*" >&2; exit 1; }}; }}
for name in CSF1_1 IMG1_1; do
    certificate=$(one "$keys"/crts/"$name"_*crt.pem)
    private=$(one "$keys"/keys/"$name"_*key.pem)
    ln -s "$certificate" "$work/crts/${{name}}_crt.pem"
    ln -s "$private" "$work/keys/${{name}}_key.pem"
done
ln -s "$keys/keys/key_pass.txt" "$work/keys/key_pass.txt"

roots=
for name in SRK1 SRK2 SRK3 SRK4; do
    certificate=$(one "$keys"/crts/"$name"_*crt.pem)
    ln -s "$certificate" "$work/$name.pem"
    roots=$roots,$name.pem
done
cp "$here/{image}" "$here/{text}" "$work"
cd "$work"
"${{SRKTOOL:-srktool}}" -h 4 -t srk-table.bin -e srk-fuses.bin -d sha256 -f 1 -c "${{roots#,}}"
"${{CST:-cst}}" -i {text} -o csf.bin
[ "$(stat -c %s csf.bin)" -le {room} ] || {{ echo "sign.sh: the commands are longer than {room} bytes" >&2; exit 1; }}
cp {image} signed.imx
dd if=csf.bin of=signed.imx bs={offset} seek=1 conv=notrunc status=none
mv signed.imx srk-fuses.bin "$here"
echo "signed.imx is written. What is fused, word 0 first:"
od -A n -t x4 -w4 -v "$here/srk-fuses.bin"
"""

GUIDE = """\
# What the i.MX ROM has to verify

`{image}` is `{name}` as it was given, filled with zeros up to the place of its commands. The ROM loads it to
{address:#010x}; bytes 0 to {offset:#x} are signed, and the commands (CSF) stand behind them, in {room} bytes.
{behind}
1. Make the keys once, on a machine without network, by NXP's `hab4_pki_tree.sh` (RSA, four SRKs, which are CAs). Keep
   SRK2 to SRK4 apart: they are for the day on which the first is stolen.
2. `sh sign.sh KEYS` makes `signed.imx` and `srk-fuses.bin`. It needs NXP's Code Signing Tool. Debian's package
   `imx-code-signing-tool` 3.3.1+dfsg-2 has a `srktool` that works and a `cst` that ends with a segmentation fault: the
   functions that find the private key are not linked into it. Name NXP's own: `CST=/path/to/cst sh sign.sh KEYS`.
3. `firmward verify .. --rom signed.imx` reads the result again: certificates, signatures, and what they leave out.
4. Write `signed.imx` where `{name}` goes (on a card: `dd if=signed.imx of=/dev/sdX bs=1K seek=1`).
5. On an open device with this boot loader `hab_status` must tell of no events.
6. Fuse the digest of the root keys. **This cannot be undone.** By U-Boot, for i.MX 6, with the eight words that sign.sh
   prints (i.MX 7 and 8M have them elsewhere: see U-Boot's doc/imx/habv4):
   `fuse prog 3 0 0x...` to `fuse prog 3 7 0x...`
7. Start again, and ask `hab_status` again. Only then close the device: `fuse prog 0 6 0x00000002` (i.MX 6). From here
   on it starts nothing that is not signed with these keys. **A mistake makes it useless.**
"""
BEHIND = """
Behind the commands the file has {size} bytes more. The ROM does not verify them: the SPL before them must.
"""


def prepare(boot_loader: bytes, name: str) -> tuple[RomFile, ...]:
    """`name` is the file's. Raises InputError for what the ROM would not take as something to verify."""
    table = _table(boot_loader, name)
    offset, room = table.offset(table.csf), table.size - table.offset(table.csf)
    rest = boot_loader[offset + room :]
    image = boot_loader[:offset].ljust(offset, b"\0")
    image += bytes(room) + rest if rest else b""
    words = {"address": table.self, "size": offset, "offset": offset, "room": room, "image": IMAGE, "text": CSF_TEXT}
    behind = BEHIND.format(size=len(rest)) if rest else ""
    return (
        RomFile(IMAGE, image),
        RomFile(CSF_TEXT, TEXT.format(**words).encode()),
        RomFile(SCRIPT, SIGN.format(**words).encode(), runs=True),
        RomFile(README, GUIDE.format(name=name, behind=behind, **words).encode()),
    )


def check(data: bytes, made: bytes | None = None) -> Verdict:
    """Of a signed image; `made` is what was given out. Raises InputError for what is no image of i.MX."""
    table = _table(data, "the signed image")
    offset = table.offset(table.csf)
    if made is not None and made[:offset] != data[:offset]:
        return other("what stands before the commands")
    read = reader(data)
    try:
        csf = imx_csf.parse(read, table)
        fuses = csf.fuses.hex() if csf.fuses else None
        return verdict(csf.signing(table), imx_csf.verify(read, table, csf), tuple(_needed(csf)), fuses)
    except Malformed as error:
        raise InputError(f"the signed image: {error}; run sign.sh again") from error


def _needed(csf: Csf) -> Iterator[str]:
    """What must be seen to hold: a key that cannot be computed with leaves it unseen."""
    for one in csf.commands:
        if isinstance(one, InstallKey) and one.protocol == imx_csf.PROTOCOLS[imx_csf.X509]:
            yield f"the certificate of key {one.target}"
    yield "the signature of the commands of the CSF"
    yield "the signature of the authenticated blocks"


def _table(data: bytes, name: str) -> Ivt:
    try:
        table = imx_ivt.parse(reader(data))
    except Malformed as error:
        raise InputError(f"{name}: begins with no i.MX image vector table ({error}); give *.imx or SPL") from error
    if not table.csf:
        raise InputError(f"{name}: has no place for a CSF; build the boot loader with CONFIG_IMX_HAB=y")
    if not imx_ivt.SIZE <= table.offset(table.csf) < table.size:
        raise InputError(f"{name}: its CSF would lie outside of what the ROM loads; build it with CONFIG_IMX_HAB=y")
    return table
