"""Public keys by hand: every form that openssl writes gives the numbers it prints."""

import contextlib
import random
import re
from pathlib import Path

import pytest
from program import find_program, run_program

from firmward.formats import verification_key
from firmward.formats.malformed import Malformed
from firmward.formats.verification_key import PointKey, RsaKey

pytestmark = pytest.mark.skipif(find_program("openssl") is None, reason="openssl is missing")

CURVES = {"prime256v1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def openssl(*words: str, feed: bytes = b"") -> bytes:
    done = run_program(["openssl", *words], feed=feed)
    assert done.returncode == 0, done.stderr
    return done.stdout


def made(path: Path, *options: str) -> str:
    openssl("genpkey", *options, "-out", str(path))
    return str(path)


def test_rsa_in_all_its_forms(tmp_path: Path) -> None:
    key = made(
        tmp_path / "key", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-pkeyopt", "rsa_keygen_pubexp:3"
    )
    modulus = int(openssl("rsa", "-in", key, "-noout", "-modulus").decode().partition("=")[2], 16)
    for form in ("PEM", "DER"):
        for words in (
            ("pkey", "-in", key, "-pubout", "-outform", form),
            ("rsa", "-in", key, "-RSAPublicKey_out", "-outform", form),
            ("req", "-batch", "-new", "-x509", "-key", key, "-outform", form),
        ):
            assert verification_key.read(openssl(*words)) == (RsaKey(modulus, 3),)


@pytest.mark.parametrize("curve", CURVES)
def test_points_in_all_their_forms(curve: str, tmp_path: Path) -> None:
    key = made(tmp_path / "key", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}")
    printed = openssl("pkey", "-in", key, "-noout", "-text").decode()
    point = re.sub(r"[^0-9a-f]", "", printed.partition("pub:")[2].partition("ASN1")[0])
    half = len(point) // 2 + 1
    expected = PointKey(CURVES[curve], int(point[2:half], 16), int(point[half:], 16))
    for form in ("PEM", "DER"):
        for words in (("pkey", "-in", key, "-pubout"), ("req", "-batch", "-new", "-x509", "-key", key)):
            assert verification_key.read(openssl(*words, "-outform", form)) == (expected,)


def test_several_in_one_file(tmp_path: Path) -> None:
    key = made(tmp_path / "key", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    public = openssl("pkey", "-in", key, "-pubout")
    assert len(verification_key.read(public + b"\nwords\n" + public)) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-algorithm", "ED25519"), "not known"),
        (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"), "not known"),
    ],
)
def test_keys_of_other_kinds_are_told(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    key = made(tmp_path / "key", *options)
    with pytest.raises(Malformed, match=words):
        verification_key.read(openssl("pkey", "-in", key, "-pubout"))


def test_a_point_in_short_form_is_told(tmp_path: Path) -> None:
    key = made(tmp_path / "key", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    with pytest.raises(Malformed, match="in full"):
        verification_key.read(openssl("ec", "-in", key, "-pubout", "-conv_form", "compressed"))


def test_bytes_changed_at_random(tmp_path: Path) -> None:
    key = made(tmp_path / "key", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
    seeds = [
        openssl("req", "-batch", "-new", "-x509", "-key", key, "-outform", "DER"),
        openssl("pkey", "-in", key, "-pubout", "-outform", "DER"),
        openssl("pkey", "-in", key, "-pubout"),
    ]
    chance = random.Random(5)
    for _ in range(3000):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 2, 8))):
            data[chance.randrange(min(len(data), chance.choice((40, len(data)))))] = chance.randrange(256)
        with contextlib.suppress(Malformed):
            verification_key.read(bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]))
