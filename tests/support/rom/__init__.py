"""Images that boot ROMs read, unsigned by mkimage and signed by openssl and what is published of the layouts.

Every writer takes a folder to work in and gives bytes. Programs that are missing are told by `samples.NoProgramError`.
"""

import random
import shutil
from functools import cache
from pathlib import Path

import kept_keys
from lasting import lasting_folder
from samples import run

CODE = b"\x0f\0\0\xea" + random.Random(5).randbytes(6000) + bytes(2188)
"""8 KiB that no format begins."""


@cache
def shop() -> Path:
    """A folder for keys and certificates, made once in a process."""
    folder = lasting_folder("rom-keys-")
    folder.joinpath("code").write_bytes(CODE)
    return folder


def rsa_key(name: str, bits: int = 2048) -> Path:
    path = shop() / f"{name}.pem"
    if not path.exists():
        shutil.copy(kept_keys.rsa_key(f"rom-{name}", bits), path)
    return path


def curve_key(name: str, curve: str = "prime256v1") -> Path:
    path = shop() / f"{name}.pem"
    if not path.exists():
        run("openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", path)
    return path


@cache
def certificate(name: str, issuer: str | None = None) -> Path:
    """An RSA certificate; the issuer is another's name, or itself."""
    path = shop() / f"{name}_crt.pem"
    key = rsa_key(name)
    if issuer is None:
        extensions = ("-addext", "keyUsage=keyCertSign")
        run("openssl", "req", "-x509", "-key", key, "-subj", f"/CN={name}", "-days", 3000, "-out", path, *extensions)
        return path
    request = shop() / f"{name}.csr"
    run("openssl", "req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
    by = ("-CA", certificate(issuer), "-CAkey", rsa_key(issuer), "-CAcreateserial")
    run("openssl", "x509", "-req", "-in", request, *by, "-days", 3000, "-out", path)
    return path


def der_of(path: Path) -> bytes:
    return run("openssl", "x509", "-in", path, "-outform", "DER")


def signed(key: Path, data: bytes, *options: str, digest: str = "sha256") -> bytes:
    words = [word for option in options for word in ("-sigopt", option)]
    return run("openssl", "dgst", f"-{digest}", "-sign", key, *words, feed=data)


def point(key: Path) -> bytes:
    """x and y of an elliptic key of 256 bits."""
    return run("openssl", "ec", "-in", key, "-pubout", "-outform", "DER")[-64:]


def r_and_s(der: bytes, size: int = 32) -> bytes:
    """An ECDSA signature as two numbers of one size."""
    at = 2 if der[1] < 0x80 else 3
    numbers = b""
    for _ in range(2):
        length = der[at + 1]
        numbers += int.from_bytes(der[at + 2 : at + 2 + length], "big").to_bytes(size, "big")
        at += 2 + length
    return numbers


def mkimage(folder: Path, *words: object, code: bytes = CODE) -> bytes:
    (folder / "code").write_bytes(code)
    out = folder / "out"
    out.unlink(missing_ok=True)
    run("mkimage", *words, "-d", "code", out, cwd=folder)
    return out.read_bytes()


def changed(data: bytes, at: int, bit: int = 1) -> bytes:
    """One bit flipped."""
    return data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]
