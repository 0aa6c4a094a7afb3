"""Attributes of IMA and EVM as evmctl makes them."""

import hashlib
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from mutated import mutated

from firmward.formats import fsverity, ima, x509
from firmward.formats.ima import Attribute, Kind
from firmward.formats.malformed import Malformed
from firmward.formats.occurrences import Read

CONTENT = b"#!/bin/sh\nexec /usr/bin/camera\n" * 50
KEYS = {"rsa": ["rsa:2048"], "ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


@pytest.fixture(scope="module", params=KEYS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file, a key and its certificate."""
    if shutil.which("evmctl") is None or shutil.which("openssl") is None:
        pytest.skip("evmctl or openssl is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "file").write_bytes(CONTENT)
    base = ["openssl", "req", "-x509", "-nodes", "-subj", "/CN=Maker", "-keyout", "key", "-out", "cert"]
    subprocess.run([*base, "-newkey", *KEYS[request.param]], cwd=folder, check=True, capture_output=True)
    convert = ["openssl", "x509", "-in", "cert", "-outform", "der", "-out", "cert.der"]
    subprocess.run(convert, cwd=folder, check=True)
    return folder


def signed(folder: Path, algorithm: str) -> bytes:
    command = ["evmctl", "ima_sign", "--sigfile", "--key", "key", "-a", algorithm, "file"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "file.sig").read_bytes()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_holds_for_its_content_alone(folder: Path, algorithm: str) -> None:
    found = ima.parse(signed(folder, algorithm))
    certificate = x509.signed((folder / "cert.der").read_bytes())
    assert (found.kind, found.algorithm, found.version) == (Kind.SIGNATURE, algorithm, 2)
    assert found.is_signature
    assert found.key == ima.key_of(certificate)
    assert certificate.key is not None
    digest = ima.digest_of(reader(CONTENT), len(CONTENT), algorithm)
    assert ima.verify(found, digest, certificate.key)
    other = ima.digest_of(reader(CONTENT), len(CONTENT) - 1, algorithm)
    assert not ima.verify(found, other, certificate.key)
    with pytest.raises(Malformed):
        ima.verify(found, digest[:-1], certificate.key)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_a_digest_is_that_of_evmctl(algorithm: str, tmp_path: Path) -> None:
    if shutil.which("evmctl") is None:
        pytest.skip("evmctl is not installed")
    (tmp_path / "file").write_bytes(CONTENT)
    command = ["evmctl", "ima_hash", "-n", "-a", algorithm, "file"]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    found = ima.parse(bytes.fromhex(said.strip()))
    assert found == Attribute(Kind.DIGEST, algorithm, ima.digest_of(reader(CONTENT), len(CONTENT), algorithm))
    assert not found.is_signature


def test_a_signature_of_an_fs_verity_digest(folder: Path) -> None:
    """By the kernel's record of kind, algorithm and digest; openssl signs, since evmctl 1.4 has no such command."""
    descriptor = fsverity.compute(reader(CONTENT), len(CONTENT))
    record = b"\x06\x04" + descriptor.digest
    sign = ["openssl", "dgst", "-sha256", "-sign", "key"]
    signature = subprocess.run(sign, cwd=folder, input=record, check=True, capture_output=True).stdout
    value = struct.pack(">BBB4sH", 6, 3, 4, b"\1\2\3\4", len(signature)) + signature
    found = ima.parse(value)
    assert (found.kind, found.version, found.key) == (Kind.VERITY_SIGNATURE, 3, b"\1\2\3\4")
    key = x509.signed((folder / "cert.der").read_bytes()).key
    assert key is not None
    assert ima.verify(found, descriptor.digest, key)
    assert not ima.verify(found, hashlib.sha256(b"other").digest(), key)


def header(kind: int, version: int = 2, digest: int = 4, size: int = 16) -> bytes:
    return struct.pack(">BBB4sH", kind, version, digest, b"keyi", size) + bytes(16)


READ = [
    (b"\x01" + bytes(20), Attribute(Kind.DIGEST, "sha1", bytes(20))),
    (b"\x01" + bytes(16), Attribute(Kind.DIGEST, "md5", bytes(16))),
    (b"\x02" + bytes(20), Attribute(Kind.HMAC, "sha1", bytes(20))),
    (b"\x04\x04" + bytes(32), Attribute(Kind.DIGEST, "sha256", bytes(32))),
    (b"\x04\x12" + bytes(32), Attribute(Kind.DIGEST, "streebog256", bytes(32))),
    (header(3), Attribute(Kind.SIGNATURE, "sha256", bytes(16), 2, b"keyi")),
    (header(5), Attribute(Kind.PORTABLE_SIGNATURE, "sha256", bytes(16), 2, b"keyi")),
    (
        b"\x03\x01" + bytes(5) + b"\x01" + bytes(20),
        Attribute(Kind.SIGNATURE, "sha256", bytes(5) + b"\x01" + bytes(20), 1),
    ),
]


@pytest.mark.parametrize(("value", "attribute"), READ)
def test_each_kind_is_told(value: bytes, attribute: Attribute) -> None:
    assert ima.parse(value) == attribute


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x00",
        b"\x07" + bytes(30),
        b"\x01" + bytes(19),
        b"\x02" + bytes(32),
        b"\x04",
        b"\x04\x04" + bytes(31),
        b"\x04\x63" + bytes(32),
        b"\x04\x12",
        b"\x03\x02\x04",
        header(3, size=17),
        header(3, version=4),
        header(3, digest=99),
        header(3, size=0)[:9],
    ],
)
def test_what_cannot_be_is_told(value: bytes) -> None:
    with pytest.raises(Malformed):
        ima.parse(value)


def test_only_signatures_of_the_content_are_verified(folder: Path) -> None:
    key = x509.signed((folder / "cert.der").read_bytes()).key
    assert key is not None
    for value, attribute in READ:
        if (attribute.kind, attribute.version) != (Kind.SIGNATURE, 2):
            with pytest.raises(Malformed, match="not verified"):
                ima.verify(ima.parse(value), bytes(32), key)


def test_bad_bytes_are_told(folder: Path) -> None:
    key = x509.signed((folder / "cert.der").read_bytes()).key
    assert key is not None
    digest = ima.digest_of(reader(CONTENT), len(CONTENT), "sha256")
    for value in mutated(signed(folder, "sha256"), 500, span=12):
        try:
            ima.verify(ima.parse(value), digest, key)
        except Malformed:
            continue
