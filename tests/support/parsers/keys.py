"""Keys, certificates and signed messages: DER and what is made of it."""

import hashlib
import shutil
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pe_image
import rom
import samples

from firmward.formats import (
    cms,
    der,
    dsse,
    fsverity,
    ima,
    key_pair,
    pem,
    pkcs12,
    private_key,
    public_key,
    signature_algorithm,
    ssh_key,
    verification_key,
    x509,
    x509_path,
)
from parsers import Parser, found_program, reader, refused, told

CONTENT = b"what is signed\n" * 20
PSS = ("-keyopt", "rsa_padding_mode:pss")
CURVES = ("prime256v1", "secp384r1", "secp521r1", "brainpoolP256t1")


def keys() -> Path:
    found_program("openssl")
    return pe_image.keys()


def messages(folder: Path) -> Iterator[bytes]:
    for name, *more in (
        ("leaf", "-nodetach"), ("leaf", "-md", "sha512", *PSS), ("elliptic384", "-md", "sha384"),
        ("leaf", "-keyid", "-nodetach"), ("elliptic", "-noattr"), ("small", "-nodetach"),
    ):  # fmt: skip
        who = ("-signer", keys() / f"{name}.crt", "-inkey", keys() / f"{name}.key")
        yield samples.run("openssl", "cms", "-sign", "-binary", *who, *more, "-outform", "DER", feed=CONTENT)


def ask_message(data: bytes) -> None:
    der.total_size(data[:16]), der.is_enveloped(data[:16])
    refused(lambda: der.encapsulated(data))
    refused(lambda: _message(cms.parse(data)))
    descriptor = fsverity.compute(reader(CONTENT), len(CONTENT))
    refused(lambda: fsverity.verify(descriptor, data, _certificates()))


def _message(message: cms.SignedData) -> None:
    others = _certificates()
    for signer in message.signers:
        told(signer)
        for attribute in (*signer.attributes, *signer.unsigned):
            told(attribute)
        for digest in (None, hashlib.sha256(CONTENT).digest()):
            cms.verify(message, signer, digest, others)
        leaf = cms.signers_certificate(signer, (*message.certificates, *others))
        if leaf is not None and leaf.key is not None:
            refused(partial(signature_algorithm.verifies, signer.algorithm, leaf.key, CONTENT, signer.signature))
            found = x509_path.find(leaf, message.certificates, others)
            x509_path.not_valid_on(found, date(2026, 1, 1))


def _certificates() -> list[x509.Signed]:
    return [x509.signed(pe_image.certificate(name)) for name in ("root", "middle", "elliptic", "leaf")]


def certificates(_: Path) -> Iterator[bytes]:
    for name in pe_image.KEYS:
        yield (keys() / f"{name}.der").read_bytes()
    yield rom.der_of(rom.certificate("srk1"))
    key = rom.curve_key("p521", "secp521r1")
    yield samples.run("openssl", "req", "-x509", "-batch", "-key", key, "-outform", "DER", "-subj", "/CN=a/O=b")


def ask_certificate(data: bytes) -> None:
    x509.read(data)
    refused(lambda: _certificate(x509.signed(data)))


def _certificate(found: x509.Signed) -> None:
    x509.common_name(found.issuer), x509.words(found.issuer)
    others = _certificates()
    for issuer in (*others, found):
        refused(lambda issuer=issuer: x509_path.is_issued_by(found, issuer))
    for leaf, between, anchors in ((found, others[1:], others[:1]), (others[3], [found] * 3, others[:1])):
        x509_path.not_valid_on(x509_path.find(leaf, between, anchors), date(2026, 1, 1))
    ima.key_of(found)
    algorithm = signature_algorithm.parse(found.algorithm, der.value_at(found.algorithm, 0))
    if found.key is not None:
        signature_algorithm.verifies_digest(algorithm, found.key, bytes(32), found.signature, "sha256")


def envelopes(_: Path) -> Iterator[bytes]:
    for made in ((), (("a", bytes(64)),), (("a", bytes(64)), ("b", b"\xff" * 71))):
        yield dsse.to_json(dsse.Envelope("application/vnd.firmward+json", CONTENT, made))


def ask_envelope(data: bytes) -> None:
    refused(lambda: _envelope(data))


def _envelope(data: bytes) -> None:
    found = dsse.parse(data)
    told(found)
    assert dsse.to_json(found) == data
    assert len(found.signed) > len(found.payload)


def public_keys(folder: Path) -> Iterator[bytes]:
    for path in (rom.rsa_key("pi"), *(rom.curve_key(f"public-{name}", name) for name in CURVES)):
        for form in ("PEM", "DER"):
            yield samples.run("openssl", "pkey", "-in", path, "-pubout", "-outform", form)
    yield samples.run("openssl", "rsa", "-in", rom.rsa_key("pi"), "-RSAPublicKey_out", "-outform", "DER")
    (folder / "edwards").write_bytes(samples.run("openssl", "genpkey", "-algorithm", "ed25519"))
    yield samples.run("openssl", "pkey", "-in", folder / "edwards", "-pubout", "-outform", "DER")
    yield pe_image.certificate("leaf")


def ask_public_key(data: bytes) -> None:
    refused(lambda: [told(key) for key in verification_key.read(data)])
    refused(lambda: verification_key.of_der(data))
    refused(lambda: public_key.of_info(data, der.value_at(data, 0)))
    refused(lambda: public_key.key_of_info(data, der.value_at(data, 0)))
    public_key.of_ssh(data)
    ssh_key.public_key(data.decode("latin-1"))
    list(pem.blocks(data))


def private_keys(folder: Path) -> Iterator[bytes]:
    openssl = ("openssl", "pkey", "-outform", "DER", "-in")
    yield samples.run(*openssl, rom.rsa_key("pi"), "-traditional")
    for name in CURVES[:2]:
        yield samples.run(*openssl, rom.curve_key(f"public-{name}", name))
        yield rom.curve_key(f"public-{name}", name).read_bytes()
    yield samples.run("openssl", "genpkey", "-algorithm", "ed25519", "-outform", "DER")
    locked = ("-aes128", "-passout", "pass:x")
    yield samples.run("openssl", "pkcs8", "-topk8", "-in", rom.rsa_key("pi"), "-v2", "aes128", *locked[1:])
    pair = ("-inkey", keys() / "small.key", "-in", keys() / "small.crt")
    yield samples.run("openssl", "pkcs12", "-export", *pair, "-passout", "pass:", "-iter", 100, "-maciter")
    found_program("ssh-keygen")
    (folder / "ssh").unlink(missing_ok=True)
    samples.run("ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", folder / "ssh")
    yield (folder / "ssh").read_bytes()
    yield (folder / "ssh.pub").read_bytes()


def ask_private_key(data: bytes) -> None:
    list(private_key.find(data, frozenset(mark for mark in private_key.MARKS if mark in data)))
    for start in (0, 4):
        refused(lambda start=start: key_pair.read(data, start))
    refused(lambda: pkcs12.read(data))
    ssh_key.private_key(data)
    for block in pem.blocks(data):
        key_pair.read(block.content)
        ssh_key.private_key(block.content)
    for word in data.decode("latin-1").split()[:4]:
        found = ssh_key.public_key(word)
        if found is not None:
            ssh_key.fingerprint(data)


def attributes(folder: Path) -> Iterator[bytes]:
    found_program("evmctl")
    (folder / "file").write_bytes(CONTENT)
    for name in ("leaf", "elliptic"):
        shutil.copyfile(keys() / f"{name}.key", folder / "key")
        samples.run("evmctl", "ima_sign", "--sigfile", "--key", "key", "-a", "sha256", "file", cwd=folder)
        yield (folder / "file.sig").read_bytes()
    yield b"\4\4" + hashlib.sha256(CONTENT).digest()
    yield b"\1" + hashlib.sha1(CONTENT).digest()
    yield b"\2" + bytes(20)
    yield b"\6\3\4keys\1\0" + bytes(256)
    yield fsverity.compute(reader(CONTENT), len(CONTENT)).data


def ask_attribute(data: bytes) -> None:
    def questions() -> None:
        found = ima.parse(data)
        told(found)
        for algorithm in (found.algorithm, "sha256"):
            refused(lambda algorithm=algorithm: _verified(found, algorithm))

    refused(questions)
    refused(lambda: _descriptor(fsverity.parse(data)))
    refused(lambda: fsverity.verify(fsverity.compute(reader(CONTENT), len(CONTENT)), data, _certificates()))


def _verified(found: ima.Attribute, algorithm: str) -> None:
    digest = ima.digest_of(reader(CONTENT), len(CONTENT), algorithm)
    for certificate in _certificates():
        if certificate.key is not None and ima.key_of(certificate) is not None:
            ima.verify(found, digest, certificate.key)


def _descriptor(found: fsverity.Descriptor) -> None:
    told(found)
    fsverity.signed_form(found.algorithm, found.digest)
    size = min(found.size, 1 << 20)
    fsverity.compute(reader(bytes(size)), size, found.algorithm.name, found.block, found.salt)


PARSERS = (
    Parser("envelope", ("dsse",), envelopes, ask_envelope),
    Parser("cms", ("cms", "der", "signature_algorithm"), messages, ask_message),
    Parser("x509", ("x509", "x509_path"), certificates, ask_certificate),
    Parser("public_key", ("public_key", "verification_key"), public_keys, ask_public_key),
    Parser("private_key", ("key_pair", "pem", "private_key", "ssh_key", "pkcs12"), private_keys, ask_private_key),
    Parser("file_signature", ("fsverity", "ima"), attributes, ask_attribute),
)
