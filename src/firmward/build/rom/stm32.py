"""STM32MP1: the header that ST's signing tool fills, and what it must be told.

The rules this file holds (ST's wiki, "STM32 header for binary files", "Signing tool", "Secure boot"; U-Boot's command
`stm32key`):

- The ROM verifies the first stage alone, TF-A's BL2 or U-Boot's SPL, by an ECDSA key on P-256 whose public half stands
  in the header and whose digest stands in the fuses.
- The tool is given the payload without its header and makes one of its own: addresses and versions are handed over.
- A chip that is not closed starts what is not signed, too; a flag in the header says which.
- The tool takes the key's passphrase in its arguments alone, where everybody on the machine can read it.
"""

from firmward.build.rom.record import IMAGE, README, SCRIPT, RomFile, Verdict, other, reader, verdict
from firmward.formats import stm32
from firmward.formats.malformed import Malformed
from firmward.formats.stm32 import Header
from firmward.model.errors import InputError

PAYLOAD = "payload.bin"

SIGN = """\
#!/bin/sh
# Signs the first stage for STM32MP1: sh sign.sh KEYS, where KEYS has publicKey.pem and privateKey.pem, as
# STM32MP_KeyGen_CLI makes them, and key_pass.txt with the passphrase.
# Needs STM32MP_SigningTool_CLI of ST's STM32CubeProgrammer; SIGNING_TOOL names another than the one on PATH.
set -eu
keys=$(cd "${{1:?give the folder with publicKey.pem and privateKey.pem}}" && pwd)
cd "$(dirname "$0")"
pass=$(cat "$keys/key_pass.txt")
rm -f signed.stm32
"${{SIGNING_TOOL:-STM32MP_SigningTool_CLI}}" -bin {payload} -pubk "$keys/publicKey.pem" -prvk "$keys/privateKey.pem" \\
    -pwd "$pass" -t fsbl -hv {version} -iv {image_version} -la {load:#010x} -ep {entry:#010x} -o signed.stm32
[ -s signed.stm32 ] || {{ echo "sign.sh: the tool wrote nothing" >&2; exit 1; }}
echo "signed.stm32 is written."
"""

GUIDE = """\
# What the ROM of STM32MP1 has to verify

`{image}` is `{name}` as it was given, `{payload}` the same without its header of {header} bytes. Its header says:
version {version}, image version {image_version}, loaded to {load:#010x}, entered at {entry:#010x}, {length} bytes.

1. Make the keys once, on a machine without network: `STM32MP_KeyGen_CLI -abs KEYS -pwd PASSPHRASE`. It writes
   `publicKey.pem`, `privateKey.pem` and `publicKeyhash.bin`. Put the passphrase into `KEYS/key_pass.txt`, mode 0600.
2. `sh sign.sh KEYS` makes `signed.stm32`. The tool has the passphrase in its arguments: let nobody else work there.
3. `firmward verify .. --rom signed.stm32` reads the result again: checksum, signature, key, and whether it is the
   same payload. It prints the digest of the public key, which must be that of `publicKeyhash.bin`. The tool's options
   are those that ST documents; what it made is what counts, and that is what is read.
4. Write `signed.stm32` where `{name}` goes, and start the device.
5. Fuse the digest. **This cannot be undone.** By U-Boot, from a card with `publicKeyhash.bin`:
   `load mmc 0:1 0xc0000000 publicKeyhash.bin`, `stm32key read 0xc0000000` (compare), `stm32key fuse 0xc0000000`.
6. Start again: the ROM must tell of a good authentication in its trace. Only then close the device: `stm32key close`.
   From here on it starts nothing that is not signed with this key. **A mistake makes it useless.**

STM32MP15 has one key and no spare: a stolen private key cannot be revoked on devices that are closed.
"""


def prepare(boot_loader: bytes, name: str) -> tuple[RomFile, ...]:
    """`name` is the file's. Raises InputError for what begins with no header of STM32."""
    header = _header(boot_loader, name)
    words = {
        "image": IMAGE,
        "payload": PAYLOAD,
        "version": header.version[0],
        "image_version": header.image_version,
        "load": header.load,
        "entry": header.entry,
        "length": header.length,
        "header": header.header_size,
    }
    return (
        RomFile(IMAGE, boot_loader),
        RomFile(PAYLOAD, _payload(boot_loader, header)),
        RomFile(SCRIPT, SIGN.format(**words).encode(), runs=True),
        RomFile(README, GUIDE.format(name=name, **words).encode()),
    )


def check(data: bytes, made: bytes | None = None) -> Verdict:
    """Of a signed image; `made` is what was given out. Raises InputError for what is no image of STM32."""
    header = _header(data, "the signed image")
    if made is not None and not _same(data, header, made):
        return other("the payload, or where it is loaded,")
    held = stm32.verify(reader(data), header)
    fuses = header.key_hash.hex() if header.key_hash is not None and any(header.public_key or b"") else None
    return verdict(header.signing, held, ("checksum", "signature"), fuses)


def _same(data: bytes, header: Header, made: bytes) -> bool:
    given = _header(made, "what was given out")
    where = (header.load, header.entry) == (given.load, given.entry)
    return where and _payload(data, header) == _payload(made, given)


def _payload(data: bytes, header: Header) -> bytes:
    return data[header.header_size : header.size]


def _header(data: bytes, name: str) -> Header:
    try:
        header = stm32.parse(reader(data))
    except Malformed as error:
        raise InputError(f"{name}: {error}; give the first stage with its header, such as tf-a-*.stm32") from error
    if header.size > len(data):
        raise InputError(f"{name}: is cut off: {len(data)} of {header.size} bytes are there")
    return header
