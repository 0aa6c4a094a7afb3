"""Signed messages as openssl makes them, and what was changed in them."""

import hashlib
import time
from pathlib import Path

import pytest
from mutated import mutated
from pe_image import certificate, keys, run

from firmward.formats import cms, x509
from firmward.formats.malformed import Malformed
from firmward.formats.signature_algorithm import Scheme, dotted

CONTENT = b"what is signed\n" * 20
PSS = ("-keyopt", "rsa_padding_mode:pss")

FORMS = {
    "rsa": ("leaf", "-md", "sha256"),
    "rsa-sha1": ("leaf", "-md", "sha1"),
    "rsa-sha384": ("leaf", "-md", "sha384"),
    "rsa-sha512": ("leaf", "-md", "sha512"),
    "rsa-1024": ("small", "-md", "sha256"),
    "pss": ("leaf", "-md", "sha256", *PSS),
    "pss-salt": ("leaf", "-md", "sha512", *PSS, "-keyopt", "rsa_pss_saltlen:20"),
    "p-256": ("elliptic", "-md", "sha256"),
    "p-384": ("elliptic384", "-md", "sha384"),
    "key-identifier": ("leaf", "-keyid"),
    "without-attributes": ("leaf", "-noattr"),
    "elliptic-without-attributes": ("elliptic", "-noattr"),
}


def made(folder: Path, form: str, *more: str) -> bytes:
    name, *words = FORMS[form]
    (folder / "content").write_bytes(CONTENT)
    who = ("-signer", keys() / f"{name}.crt", "-inkey", keys() / f"{name}.key")
    # "-keyopt" belongs to the signer before it
    run("openssl", "cms", "-sign", "-binary", "-in", folder / "content", *who, *words, *more, "-outform", "DER",
        "-out", folder / "message")  # fmt: skip
    return (folder / "message").read_bytes()


def verdicts(message: cms.SignedData, content: bytes | None = None) -> list[cms.Verdict]:
    return [
        cms.verify(message, signer, None if content is None else hashlib.new(signer.digest, content).digest())
        for signer in message.signers
    ]


@pytest.mark.parametrize("form", FORMS)
def test_what_openssl_signs_verifies(form: str, tmp_path: Path) -> None:
    message = cms.parse(made(tmp_path, form, "-nodetach"))
    assert message.content == CONTENT
    (verdict,) = verdicts(message)
    assert verdict.holds, verdict.problem
    assert verdict.certificate is not None
    assert verdict.certificate.data == certificate(FORMS[form][0])
    assert bool(message.signers[0].attributes) is ("attributes" not in form)


@pytest.mark.parametrize("form", FORMS)
def test_other_content_does_not(form: str, tmp_path: Path) -> None:
    message = cms.parse(made(tmp_path, form))
    assert message.content is None
    assert [one.holds for one in verdicts(message, CONTENT)] == [True]
    assert [one.holds for one in verdicts(message, CONTENT + b"more")] == [False]
    assert [one.problem for one in verdicts(message)] == ["the content is elsewhere"]


@pytest.mark.parametrize("form", ["rsa", "pss", "p-256"])
def test_each_part_that_is_changed_is_told(form: str, tmp_path: Path) -> None:
    data = made(tmp_path, form, "-nodetach")
    attributes = data.index(cms.parse(data).signers[0].signed[4:30])
    for place in (data.index(CONTENT), attributes + 14, len(data) - 3):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert [one.holds for one in verdicts(cms.parse(changed))] == [False], place
    (verdict,) = verdicts(cms.parse(data.replace(CONTENT, b"X" + CONTENT[1:])))
    assert verdict.problem == "the content is not what was signed: its digest is another"


def test_the_signed_digest_alone_proves_nothing(tmp_path: Path) -> None:
    """Content and digest are changed together: the signature over the attributes tells."""
    data = made(tmp_path, "rsa", "-nodetach")
    other = b"X" + CONTENT[1:]
    forged = data.replace(CONTENT, other).replace(hashlib.sha256(CONTENT).digest(), hashlib.sha256(other).digest())
    (verdict,) = verdicts(cms.parse(forged))
    assert verdict == cms.Verdict(False, x509.signed(certificate("leaf")), cms.WRONG)


def test_another_certificate_of_the_same_name_does_not_verify(tmp_path: Path) -> None:
    message = cms.parse(made(tmp_path, "rsa", "-nodetach", "-nocerts"))
    assert message.certificates == ()
    (signer,) = message.signers
    assert cms.verify(message, signer).problem == "the signer's certificate is not there"
    own = x509.signed(certificate("leaf"))
    assert cms.verify(message, signer, others=[own]).holds
    stranger = x509.signed(certificate("stranger"))
    disguised = x509.Signed(
        own.data, own.body, own.serial, own.issuer, own.subject, own.algorithm, own.signature, stranger.key, None, False
    )
    assert cms.verify(message, signer, others=[disguised]).problem == cms.WRONG


def test_several_signers_are_judged_one_by_one(tmp_path: Path) -> None:
    more = ("-signer", str(keys() / "elliptic.crt"), "-inkey", str(keys() / "elliptic.key"))
    message = cms.parse(made(tmp_path, "rsa", "-nodetach", *more))
    assert [one.holds for one in verdicts(message)] == [True, True]
    assert {signer.algorithm.scheme for signer in message.signers} == {Scheme.RSA, Scheme.ECDSA}


def test_attributes_have_names(tmp_path: Path) -> None:
    (signer,) = cms.parse(made(tmp_path, "rsa")).signers
    names = {attribute.name for attribute in signer.attributes}
    assert names >= {"contentType", "messageDigest", "signingTime"}
    assert not signer.is_stamped


def test_what_is_encrypted_is_no_signed_message(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(CONTENT)
    sealed = run("openssl", "cms", "-encrypt", "-in", tmp_path / "content", "-outform", "DER", keys() / "leaf.crt")
    with pytest.raises(Malformed, match="not signed data"):
        cms.parse(sealed)


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\0", b"\x04\x02ab", b"\x30" * 99]
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        cms.parse(data)


def test_more_certificates_than_anyone_has_are_refused(tmp_path: Path) -> None:
    data = made(tmp_path, "rsa")
    own = certificate("leaf")
    many = own * (cms.CERTIFICATES_LIMIT + 1)
    head = bytes([0xA0, 0x83]) + len(many).to_bytes(3, "big")
    start = data.index(own) - 4
    inner = data[data.index(b"\x02\x01\x01\x31") : start] + head + many + data[start + 4 + len(own) :]
    message = b"\x30\x83" + len(inner).to_bytes(3, "big") + inner
    with pytest.raises(Malformed, match="more than 64"):
        cms.parse(message)


def test_damage_gives_nothing_but_reasons(tmp_path: Path) -> None:
    begun = time.process_time()
    for form in ("rsa", "pss", "p-256"):
        data = made(tmp_path, form, "-nodetach")
        for damaged in mutated(data, 1000, seed=len(form)):
            try:
                message = cms.parse(damaged)
            except Malformed:
                continue
            assert message.content == CONTENT or not any(one.holds for one in verdicts(message))
    assert time.process_time() - begun < 60


@pytest.mark.parametrize(
    ("identifier", "text"),
    [("2a864886f70d010702", "1.2.840.113549.1.7.2"), ("550403", "2.5.4.3"), ("67810502", "2.23.133.2"), ("80", "80")],
)
def test_object_identifiers_are_written_as_people_do(identifier: str, text: str) -> None:
    assert dotted(bytes.fromhex(identifier)) == text
