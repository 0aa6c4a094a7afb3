"""TI: K3 certificates by openssl with the fields that TI documents."""

import hashlib
from functools import cache
from pathlib import Path

from samples import run

from rom import CODE, mkimage, rsa_key, shop

REQUEST = """
[ req ]
distinguished_name = name
x509_extensions = v3
prompt = no
[ name ]
CN = firmward
[ v3 ]
basicConstraints = CA:true
1.3.6.1.4.1.294.1.3 = ASN1:SEQUENCE:revision
{extensions}
[ revision ]
swrv = INTEGER:7
{sections}
"""
SINGLE = """
1.3.6.1.4.1.294.1.1 = ASN1:SEQUENCE:boot
1.3.6.1.4.1.294.1.2 = ASN1:SEQUENCE:integrity
1.3.6.1.4.1.294.1.8 = ASN1:SEQUENCE:debug
"""
SINGLE_SECTIONS = """
[ boot ]
certType = INTEGER:1
bootCore = INTEGER:16
bootCoreOpts = INTEGER:0
destAddr = FORMAT:HEX,OCT:41c00000
imageSize = INTEGER:{size}
[ integrity ]
shaType = OID:2.16.840.1.101.3.4.2.3
shaValue = FORMAT:HEX,OCT:{digest}
[ debug ]
debugUID = FORMAT:HEX,OCT:00
debugType = INTEGER:{debug}
coreDbgEn = INTEGER:0
coreDbgSecEn = INTEGER:0
"""
COMPONENT = """
[ {name} ]
compType = INTEGER:{kind}
bootCore = INTEGER:16
compOpts = INTEGER:0
destAddr = FORMAT:HEX,OCT:41c00000
compSize = INTEGER:{size}
shaType = OID:2.16.840.1.101.3.4.2.3
shaValue = FORMAT:HEX,OCT:{digest}
"""


def certificate(key: Path, extensions: str, sections: str) -> bytes:
    path = shop() / "k3.cnf"
    path.write_text(REQUEST.format(extensions=extensions, sections=sections))
    return run("openssl", "req", "-new", "-x509", "-key", key, "-outform", "DER", "-config", path, "-sha512")


def single(key: Path | None = None, *, debug: int = 0, code: bytes = CODE) -> bytes:
    sections = SINGLE_SECTIONS.format(size=len(code), digest=hashlib.sha512(code).hexdigest(), debug=debug)
    return certificate(key or rsa_key("ti", 4096), SINGLE, sections) + code


def combined() -> bytes:
    """Two components behind one certificate, as AM62 has them."""
    parts = {"sbl": (1, CODE), "sysfw": (2, CODE[::-1])}
    listed = "\n".join(f"{name} = SEQUENCE:{name}" for name in parts)
    total = sum(len(data) for _, data in parts.values())
    sections = f"[ ext ]\nextImgSize = INTEGER:{total}\nnumComp = INTEGER:{len(parts)}\n{listed}\n"
    for name, (kind, data) in parts.items():
        digest = hashlib.sha512(data).hexdigest()
        sections += COMPONENT.format(name=name, kind=kind, size=len(data), digest=digest)
    extensions = "1.3.6.1.4.1.294.1.9 = ASN1:SEQUENCE:ext"
    whole = certificate(rsa_key("ti", 4096), extensions, sections)
    return whole + b"".join(data for _, data in parts.values())


@cache
def degenerate_key() -> Path:
    """A key with the exponent 1, as GP chips take it: whatever is signed is its own signature."""
    text = run("openssl", "rsa", "-in", rsa_key("degenerate", 1024), "-noout", "-text").decode()
    numbers: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if not line.startswith(" "):
            name, _, _ = line.partition(":")
            numbers[name] = ""
        else:
            numbers[name] += line.strip().replace(":", "")
    n, p, q = (int(numbers[name], 16) for name in ("modulus", "prime1", "prime2"))
    fields = {
        "version": 0, "n": n, "e": 1, "d": 1, "p": p, "q": q, "dp": 1, "dq": 1, "qi": pow(q, -1, p),
    }  # fmt: skip
    lines = "".join(f"{field} = INTEGER:{number:#x}\n" for field, number in fields.items())
    source, out = shop() / "degenerate.cnf", shop() / "degenerate.der"
    source.write_text(f"asn1 = SEQUENCE:key\n[ key ]\n{lines}")
    run("openssl", "asn1parse", "-genconf", source, "-noout", "-out", out)
    path = shop() / "degenerate-key.pem"
    run("openssl", "rsa", "-inform", "DER", "-in", out, "-out", path)
    return path


def mlo(folder: Path, *, swapped: bool = False) -> bytes:
    return mkimage(folder, "-T", "omapimage", "-a", "0x402f0400", *(("-n", "byteswap") if swapped else ()))
