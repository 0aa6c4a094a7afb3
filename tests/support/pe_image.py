"""A writer of small PE32+ programs of EFI, and their signatures by outside programs."""

import shutil
import struct
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import program
import pytest
from kept_keys import curve_key, rsa_key
from lasting import lasting_folder

ALIGNED = 0x200
HEADERS = 0x400
PE_AT = 0x80
OPTIONAL_AT = PE_AT + 24
CHECKSUM_AT = OPTIONAL_AT + 64
ENTRY_AT = OPTIONAL_AT + 112 + 4 * 8
TABLE_AT = OPTIONAL_AT + 240

Read = Callable[[int, int], bytes]


def built(sections: Mapping[str, bytes], *, subsystem: int = 10, machine: int = 0x8664, flags: int = 0x100) -> bytes:
    """Sections one behind the other, each padded, at addresses in the same order."""
    table, body = b"", b""
    address = 0x1000
    for name, data in sections.items():
        raw = len(data) + -len(data) % ALIGNED
        place = HEADERS + len(body)
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(data), address, raw, place, 0, 0, 0, 0, 0x60000020)
        body += data.ljust(raw, b"\0")
        address += raw + -raw % 0x1000
    coff = struct.pack("<HHIIIHH", machine, len(sections), 0, 0, 0, 240, 0x22)
    optional = struct.pack("<HBBIIIIIQII", 0x20B, 2, 0, ALIGNED, 0, 0, 0x1000, 0x1000, 0, 0x1000, ALIGNED)
    optional += struct.pack("<HHHHHHIIIIHH", 0, 0, 0, 0, 0, 0, 0, address, HEADERS, 0, subsystem, flags)
    optional += struct.pack("<QQQQII", 0, 0, 0, 0, 0, 16) + bytes(16 * 8)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", PE_AT)
    head = head.ljust(PE_AT, b"\0") + b"PE\0\0" + coff + optional + table
    assert len(head) <= HEADERS
    return head.ljust(HEADERS, b"\0") + body


def renamed(data: bytes, number: int, name: str) -> bytes:
    """The section of this number gets a name of more than eight bytes, which stands behind all else."""
    grown = put(data, PE_AT + 12, len(data)) + (5 + len(name)).to_bytes(4, "little") + name.encode() + b"\0"
    at = TABLE_AT + 40 * number
    return grown[:at] + b"/4".ljust(8, b"\0") + grown[at + 8 :]


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def put(data: bytes, at: int, value: int, size: int = 4) -> bytes:
    """The bytes with a little-endian number put in."""
    return data[:at] + value.to_bytes(size, "little") + data[at + size :]


def table(data: bytes) -> tuple[int, int]:
    """Offset and size of the certificate table, as the header says."""
    return struct.unpack_from("<II", data, ENTRY_AT)


def run(*words: object, cwd: Path | None = None, feed: bytes = b"") -> bytes:
    """Run a program and give its output; skip the test where it is missing."""
    path = program.find_program(str(words[0]))
    if path is None:
        pytest.skip(f"{words[0]} is not installed")
    done = program.run_program([path, *map(str, words[1:])], cwd=cwd, feed=feed)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def succeeds(*words: object) -> bool:
    """Whether a program ends well."""
    path = program.find_program(str(words[0]))
    if path is None:
        pytest.skip(f"{words[0]} is not installed")
    return program.run_program([path, *map(str, words[1:])]).returncode == 0


EXTENSIONS = {
    "root": "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nsubjectKeyIdentifier=hash\n",
    "middle": "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n",
    "leaf": "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nsubjectKeyIdentifier=hash\n",
}
KEYS: dict[str, int | str] = {
    "root": 2048,
    "middle": 2048,
    "leaf": 2048,
    "small": 1024,
    "elliptic": "P-256",
    "elliptic384": "P-384",
    "stranger": 2048,
    "usurper": 2048,
    "twin": 2048,
}
"""Bits of RSA or a curve's name.

`root` issued `middle`, which issued `leaf`; `leaf` issued `usurper`, which it may not; the others name themselves.
`twin` has issuer, name and number of `leaf`."""
ISSUERS = {"middle": "root", "leaf": "middle", "usurper": "leaf", "twin": "middle"}
DISGUISED = {"twin": "leaf"}


@cache
def keys() -> Path:
    """A folder with NAME.key, NAME.crt and NAME.der for each of KEYS, made once in a process."""
    folder = lasting_folder("firmward-keys-")
    for name, kind in KEYS.items():
        (folder / "extensions").write_text(EXTENSIONS.get(name, EXTENSIONS["leaf"]))
        called = DISGUISED.get(name, name)
        make = rsa_key(f"pe-{name}", kind) if isinstance(kind, int) else curve_key(f"pe-{name}", kind)
        shutil.copy(make, folder / f"{name}.key")
        run("openssl", "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={called}", "-out", "request", cwd=folder)
        issuer = ISSUERS.get(name)
        who = ("-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key") if issuer else ("-signkey", f"{name}.key")
        more = ("-days", "3650", "-extfile", "extensions", "-set_serial", str(1000 + list(KEYS).index(called)))
        run("openssl", "x509", "-req", "-in", "request", *who, *more, "-out", f"{name}.crt", cwd=folder)
        run("openssl", "x509", "-in", f"{name}.crt", "-outform", "DER", "-out", f"{name}.der", cwd=folder)
    return folder


def certificate(name: str) -> bytes:
    return (keys() / f"{name}.der").read_bytes()


def sbsigned(data: bytes, folder: Path, name: str = "leaf", *more: object) -> bytes:
    """A program signed by one of the keys, as sbsign does it; a second signature goes behind the first."""
    (folder / "unsigned.efi").write_bytes(data)
    pair = ("--key", keys() / f"{name}.key", "--cert", keys() / f"{name}.crt")
    run("sbsign", *pair, *more, "--output", folder / "signed.efi", folder / "unsigned.efi")
    return (folder / "signed.efi").read_bytes()


def osslsigned(data: bytes, folder: Path, name: str = "leaf", *more: object) -> bytes:
    """As osslsigncode does it, which knows more digests, other keys and nested signatures."""
    (folder / "unsigned.efi").write_bytes(data)
    (folder / "signed.efi").unlink(missing_ok=True)
    pair = ("-certs", keys() / f"{name}.crt", "-key", keys() / f"{name}.key")
    run("osslsigncode", "sign", *pair, *more, "-in", folder / "unsigned.efi", "-out", folder / "signed.efi")
    return (folder / "signed.efi").read_bytes()
