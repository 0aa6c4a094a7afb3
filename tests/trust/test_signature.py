"""Signatures, by OpenSSL through ctypes and by `cryptography`: the two must always say the same."""

import hashlib
from collections.abc import Callable
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import ToolError
from firmward.trust import installed, libcrypto, public_key, signature
from firmward.trust.public_key import ECDSA_P256, ED25519, RSA_PSS, PublicKey

MESSAGE = b"what was signed"
ORDER_25519 = 2**252 + 27742317777372353535851937790883648493
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

Back = Callable[[bytes, str, bytes, bytes], bool]
BACKS = pytest.mark.parametrize("back", [libcrypto.holds, installed.holds], ids=["libcrypto", "cryptography"])


@cache
def edwards() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


@cache
def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rivest(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def der(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pss(message: bytes, salt: int = 32, mask: hashes.HashAlgorithm | None = None) -> bytes:
    return rivest().sign(message, padding.PSS(padding.MGF1(mask or hashes.SHA256()), salt), hashes.SHA256())


def made(scheme: str, message: bytes = MESSAGE) -> tuple[bytes, bytes]:
    """A key, and what it signed."""
    if scheme == ED25519:
        return der(edwards()), edwards().sign(message)
    if scheme == ECDSA_P256:
        return der(elliptic()), elliptic().sign(message, ec.ECDSA(hashes.SHA256()))
    return der(rivest()), pss(message)


SCHEMES = pytest.mark.parametrize("scheme", [ED25519, ECDSA_P256, RSA_PSS])


@BACKS
@SCHEMES
def test_what_was_signed_holds_and_nothing_else(back: Back, scheme: str) -> None:
    key, sound = made(scheme)
    assert back(key, scheme, sound, MESSAGE)
    assert not back(key, scheme, sound, MESSAGE + b"\0")
    assert not back(key, scheme, sound[:-1], MESSAGE)
    assert not back(key, scheme, sound + b"\0", MESSAGE)
    assert not back(key, scheme, b"", MESSAGE)
    assert not back(key, scheme, b"\0" * len(sound), MESSAGE)


@SCHEMES
@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2047), bit=st.integers(0, 7))
def test_no_bit_of_a_signature_may_be_another(scheme: str, place: int, bit: int) -> None:
    key, sound = made(scheme)
    place %= len(sound)
    other = sound[:place] + bytes([sound[place] ^ 1 << bit]) + sound[place + 1 :]
    assert not libcrypto.holds(key, scheme, other, MESSAGE)
    assert not installed.holds(key, scheme, other, MESSAGE)


@BACKS
def test_a_second_form_of_an_ed25519_signature_is_refused(back: Back) -> None:
    key, sound = made(ED25519)
    number = int.from_bytes(sound[32:], "little") + ORDER_25519
    assert not back(key, ED25519, sound[:32] + number.to_bytes(32, "little"), MESSAGE)


@BACKS
@pytest.mark.parametrize("numbers", [(0, 0), (0, 1), (1, 0), (ORDER_P256, 1), (1, ORDER_P256), (1, 1)])
def test_numbers_out_of_range_are_no_ecdsa_signature(back: Back, numbers: tuple[int, int]) -> None:
    assert not back(der(elliptic()), ECDSA_P256, encode_dss_signature(*numbers), MESSAGE)


@BACKS
def test_an_ecdsa_signature_in_another_form_than_der_is_refused(back: Back) -> None:
    key, sound = made(ECDSA_P256)
    r, s = (number.to_bytes(32) for number in decode_dss_signature(sound))
    long_form = bytes([sound[0], 0x81, sound[1]]) + sound[2:]
    for other in (r + s, long_form, b"\x31" + sound[1:]):
        assert not back(key, ECDSA_P256, other, MESSAGE)


@BACKS
def test_another_digest_is_another_signature(back: Back) -> None:
    other = elliptic().sign(MESSAGE, ec.ECDSA(hashes.SHA384()))
    assert not back(der(elliptic()), ECDSA_P256, other, MESSAGE)
    assert not back(der(rivest()), RSA_PSS, pss(MESSAGE, mask=hashes.SHA1()), MESSAGE)


@BACKS
def test_the_older_padding_of_rsa_is_not_taken_for_pss(back: Back) -> None:
    older = rivest().sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert not back(der(rivest()), RSA_PSS, older, MESSAGE)


@BACKS
@pytest.mark.parametrize("salt", [0, 20, 32, padding.PSS.MAX_LENGTH])
def test_the_salt_may_have_any_length(back: Back, salt: int) -> None:
    assert back(der(rivest()), RSA_PSS, pss(MESSAGE, salt), MESSAGE)


@BACKS
@pytest.mark.parametrize("content", [b"", b"\x30", b"\x30\x2a" + bytes(42), bytes(400)])
def test_no_key_holds_nothing(back: Back, content: bytes) -> None:
    assert not back(content, ED25519, bytes(64), MESSAGE)


@BACKS
def test_a_scheme_that_is_not_known_holds_nothing(back: Back) -> None:
    key, sound = made(ED25519)
    assert not back(key, "ed448", sound, MESSAGE)


def test_a_point_that_is_on_no_curve_is_no_key() -> None:
    broken = der(elliptic())[:-1] + bytes([der(elliptic())[-1] ^ 1])
    _, sound = made(ECDSA_P256)
    assert public_key.is_p256(broken)
    assert not libcrypto.holds(broken, ECDSA_P256, sound, MESSAGE)


def entry(kind: str, scheme: str, public: str) -> PublicKey:
    return public_key.parse("a", Table({"keytype": kind, "scheme": scheme, "keyval": {"public": public}}, "key"))


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_keys_are_read_as_tuf_writes_them() -> None:
    assert entry("ed25519", ED25519, der(edwards())[12:].hex()).der == der(edwards())
    assert entry("ecdsa", ECDSA_P256, pem(elliptic())).der == der(elliptic())
    assert entry("rsa", RSA_PSS, pem(rivest())).der == der(rivest())


@pytest.mark.parametrize(
    ("kind", "scheme", "public"),
    [
        ("rsa", RSA_PSS, lambda: pem(elliptic())),
        ("ecdsa", ECDSA_P256, lambda: pem(rivest())),
        ("ecdsa", ECDSA_P256, lambda: pem(edwards())),
        ("ecdsa", ECDSA_P256, lambda: pem(ec.generate_private_key(ec.SECP384R1()))),
        ("ecdsa", ECDSA_P256, lambda: pem(ec.generate_private_key(ec.SECP256K1()))),
        ("rsa", RSA_PSS, lambda: pem(rsa.generate_private_key(65537, 1024))),
        ("rsa", "rsa-pkcs1v15-sha256", lambda: pem(rivest())),
        ("ed25519", ED25519, lambda: "00" * 31),
        ("ed25519", ED25519, lambda: "zz" * 32),
        ("ed448", "ed448", lambda: "00" * 57),
        ("rsa", RSA_PSS, lambda: pem(rivest()).replace("PUBLIC KEY", "RSA PUBLIC KEY")),
        ("rsa", RSA_PSS, lambda: "-----BEGIN PUBLIC KEY-----\nAAA\n-----END PUBLIC KEY-----\n"),
    ],
)
def test_a_key_of_another_kind_signs_nothing_that_counts(kind: str, scheme: str, public: Callable[[], str]) -> None:
    key = entry(kind, scheme, public())
    assert key.der == b""
    assert not signature.holds(key, bytes(64), MESSAGE)


def test_a_key_of_more_characters_than_any_has_is_refused() -> None:
    with pytest.raises(Malformed, match="characters"):
        entry("rsa", RSA_PSS, "A" * 5000)


def test_bytes_behind_an_rsa_key_are_not_part_of_it() -> None:
    assert public_key.is_rsa(der(rivest()))
    assert not public_key.is_rsa(der(rivest()) + b"\0")


def test_the_package_is_asked_where_libcrypto_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    key, sound = made(ED25519)
    monkeypatch.setattr(libcrypto, "_library", lambda: None)
    assert signature.holds(PublicKey("a", ED25519, key), sound, MESSAGE)
    assert not signature.holds(PublicKey("a", ED25519, key), bytes(64), MESSAGE)


def test_where_nothing_can_verify_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    key, sound = made(ED25519)
    monkeypatch.setitem(__import__("sys").modules, "cryptography.exceptions", None)
    with pytest.raises(ToolError, match="nothing here can verify"):
        installed.holds(key, ED25519, sound, MESSAGE)


def test_libcrypto_is_the_one_that_hashlib_uses() -> None:
    assert libcrypto.is_there()
    assert hashlib.sha256(MESSAGE).digest()  # still works beside it


def test_a_signature_longer_than_any_is_not_looked_at() -> None:
    key, _ = made(ED25519)
    assert not signature.holds(PublicKey("a", ED25519, key), bytes(signature.SIGNATURE_LIMIT + 1), MESSAGE)
