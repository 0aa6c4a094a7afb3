"""Signatures: openssl makes them and is the witness; every tampered one is refused by both."""

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import kept_keys
import pytest
from program import find_program, run_program

from firmward.formats import der, signature
from firmward.formats.malformed import Malformed

pytestmark = pytest.mark.skipif(find_program("openssl") is None, reason="openssl is missing")

DIGESTS = ("sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha3-512")
RSA_BITS = (1024, 2047, 2048, 2049, 3072, 4096)
CURVES = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
PADDINGS = {
    "pkcs1": (),
    "pss": ("-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"),
    "pss-empty": ("-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:0"),
    "pss-max": ("-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:max"),
}


def openssl(*words: str, feed: bytes = b"") -> bytes:
    done = run_program(["openssl", *words], feed=feed)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Rsa:
    path: Path
    modulus: int
    exponent: int = 65537

    def sign(self, hash_name: str, digest: bytes, padding: str) -> bytes:
        options = ["-pkeyopt", f"digest:{hash_name}", *PADDINGS[padding]]
        return openssl("pkeyutl", "-sign", "-inkey", str(self.path), *options, feed=digest)

    def verifies(self, hash_name: str, digest: bytes, made: bytes, padding: str) -> bool:
        if padding == "pkcs1":
            return signature.verify_rsa_pkcs1(self.modulus, self.exponent, hash_name, digest, made)
        return signature.verify_rsa_pss(self.modulus, self.exponent, hash_name, digest, made)


@dataclass(frozen=True)
class Ec:
    path: Path
    curve: str
    x: int
    y: int

    def sign(self, digest: bytes) -> tuple[int, int]:
        made = openssl("pkeyutl", "-sign", "-inkey", str(self.path), feed=digest)
        r, s = (int.from_bytes(made[one.start : one.end], "big") for one in der.inside(made, der.value_at(made, 0)))
        return r, s

    def verifies(self, digest: bytes, made: tuple[int, int]) -> bool:
        return signature.verify_ecdsa(self.curve, self.x, self.y, digest, *made)


@pytest.fixture(scope="module")
def rsa_keys() -> dict[int, Rsa]:
    keys = {}
    for bits in RSA_BITS:
        path = kept_keys.rsa_key("signature", bits)
        words = openssl("rsa", "-in", str(path), "-noout", "-modulus").decode()
        keys[bits] = Rsa(path, int(words.partition("=")[2], 16))
    return keys


@pytest.fixture(scope="module")
def ec_keys(tmp_path_factory: pytest.TempPathFactory) -> list[Ec]:
    folder = tmp_path_factory.mktemp("ec")
    return [_ec_key(folder / f"{name}-{number}.pem", name) for name in CURVES for number in range(3)]


def _ec_key(path: Path, curve: str) -> Ec:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{CURVES[curve]}", "-out", str(path))
    info = openssl("pkey", "-in", str(path), "-pubout", "-outform", "DER")
    size = (signature.CURVES[curve].p.bit_length() + 7) // 8
    point = info[-2 * size :]
    return Ec(path, curve, int.from_bytes(point[:size], "big"), int.from_bytes(point[size:], "big"))


def flipped(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """The same bytes with one bit changed, at both ends and somewhere between."""
    for bit in (0, 8 * len(data) - 1, *(chance.randrange(8 * len(data)) for _ in range(4))):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("bits", RSA_BITS)
def test_what_openssl_signs_with_rsa_verifies_and_nothing_else(
    bits: int, padding: str, rsa_keys: dict[int, Rsa]
) -> None:
    chance = random.Random(bits)
    key = rsa_keys[bits]
    for name in DIGESTS:
        digest = hashlib.new(name.replace("-", "_"), chance.randbytes(100)).digest()
        if 2 * len(digest) + 2 > bits // 8 and padding == "pss":
            continue
        made = key.sign(name, digest, padding)
        assert key.verifies(name, digest, made, padding)
        assert not any(key.verifies(name, other, made, padding) for other in flipped(digest, chance))
        assert not any(key.verifies(name, digest, other, padding) for other in flipped(made, chance))
        assert not key.verifies(name, digest, made + b"\0", padding)
        assert not key.verifies(name, digest, made[:-1], padding)
        assert not key.verifies(name, digest, made, "pss" if padding == "pkcs1" else "pkcs1")
        other = rsa_keys[RSA_BITS[RSA_BITS.index(bits) - 1]]
        assert not other.verifies(name, digest, made, padding)


def test_a_digest_of_equal_length_by_another_algorithm_does_not_verify(rsa_keys: dict[int, Rsa]) -> None:
    digest = hashlib.sha256(b"x").digest()
    for padding in PADDINGS:
        made = rsa_keys[2048].sign("sha256", digest, padding)
        assert not rsa_keys[2048].verifies("sha3-256", digest, made, padding)


def test_a_salt_of_another_length_is_refused_when_one_is_asked_for(rsa_keys: dict[int, Rsa]) -> None:
    key = rsa_keys[2048]
    digest = hashlib.sha256(b"x").digest()
    for padding, length in (("pss", 32), ("pss-empty", 0), ("pss-max", 256 - 32 - 2)):
        made = key.sign("sha256", digest, padding)
        for asked in (0, 32, 222):
            found = signature.verify_rsa_pss(key.modulus, key.exponent, "sha256", digest, made, salt_length=asked)
            assert found is (asked == length)


@pytest.mark.parametrize(
    ("what", "blocks"),
    [
        ("the one encoding", ("0001", "ff", "003031300d060960864801650304020105000420", "")),
        ("padding of other bytes", ("0001", "fe", "003031300d060960864801650304020105000420", "")),
        ("another block type", ("0002", "ff", "003031300d060960864801650304020105000420", "")),
        ("no parameters", ("0001", "ff", "00302f300b0609608648016503040201 0420", "")),
        ("rubbish behind", ("0001", "ff", "003031300d060960864801650304020105000420", "00" * 40)),
        ("no algorithm", ("0001", "ff", "00", "")),
        ("a long form of a length", ("0001", "ff", "00308131300d060960864801650304020105000420", "")),
    ],
)
def test_only_the_one_encoding_of_pkcs1_is_taken(what: str, blocks: tuple[str, str, str, str], tmp_path: Path) -> None:
    """A private key signs blocks of bytes as they are, which no library would make."""
    key = tmp_path / "key.pem"
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", str(key))
    modulus = int(openssl("rsa", "-in", str(key), "-noout", "-modulus").decode().partition("=")[2], 16)
    digest = hashlib.sha256(b"x").digest()
    head, filler, middle, tail = (bytes.fromhex(block) for block in blocks)
    rest = middle + digest + tail
    block = head + filler * (128 - len(head) - len(rest)) + rest
    made = openssl("pkeyutl", "-decrypt", "-inkey", str(key), "-pkeyopt", "rsa_padding_mode:none", feed=block)
    assert signature.verify_rsa_pkcs1(modulus, 65537, "sha256", digest, made) is (what == "the one encoding")


def test_pss_that_does_not_end_as_it_must_is_refused(rsa_keys: dict[int, Rsa]) -> None:
    key = rsa_keys[2048]
    digest = hashlib.sha256(b"x").digest()
    whole = pow(int.from_bytes(key.sign("sha256", digest, "pss"), "big"), key.exponent, key.modulus)
    for last, expected in ((0xBC, True), (0xBD, False), (0, False)):
        block = (whole & ~0xFF | last).to_bytes(256, "big")
        options = ("-inkey", str(key.path), "-pkeyopt", "rsa_padding_mode:none")
        made = openssl("pkeyutl", "-decrypt", *options, feed=block)
        assert key.verifies("sha256", digest, made, "pss") is expected


def test_what_openssl_signs_on_a_curve_verifies_and_nothing_else(ec_keys: list[Ec]) -> None:
    for number, key in enumerate(ec_keys):
        chance = random.Random(number)
        for name in ("sha1", "sha256", "sha512"):
            digest = hashlib.new(name.replace("-", "_"), chance.randbytes(100)).digest()
            r, s = key.sign(digest)
            assert key.verifies(digest, (r, s))
            assert not key.verifies(digest, (s, r))
            assert not key.verifies(digest, (r ^ 1 << chance.randrange(250), s))
            changed = bytearray(digest)
            changed[chance.randrange(20)] ^= 1 << chance.randrange(8)
            assert not key.verifies(bytes(changed), (r, s))
            assert not ec_keys[number - 1].verifies(digest, (r, s))


def test_numbers_out_of_range_verify_nothing(ec_keys: list[Ec]) -> None:
    digest = hashlib.sha256(b"x").digest()
    for key in ec_keys:
        curve = signature.CURVES[key.curve]
        r, s = key.sign(digest)
        assert key.verifies(digest, (r, curve.n - s))  # the same signature by the curve's symmetry
        for pair in ((0, s), (r, 0), (r + curve.n, s), (r, s + curve.n), (-r, s), (curve.n, s), (0, 0)):
            assert not key.verifies(digest, pair)
        for x, y in ((key.x + 1, key.y), (0, 0), (key.x + curve.p, key.y), (key.x, -key.y), (key.x, key.y + curve.p)):
            assert not signature.verify_ecdsa(key.curve, x, y, digest, r, s)


def test_sums_that_meet_in_the_middle_are_right() -> None:
    """The base point as the key: it is added to itself, and to its opposite."""
    for name, curve in signature.CURVES.items():
        size = (curve.n.bit_length() + 7) // 8
        r = curve.x % curve.n
        meets, cancels = (number << (8 * size - curve.n.bit_length()) for number in (r, curve.n - r))
        for digest, expected in ((meets, True), (cancels, False)):
            made = (r, 2 * r % curve.n)
            found = signature.verify_ecdsa(name, curve.x, curve.y, digest.to_bytes(size, "big"), *made)
            assert found is expected, name


def test_absurd_keys_verify_nothing_and_cost_no_time() -> None:
    digest = hashlib.sha256(b"x").digest()
    begin = time.process_time()
    for modulus in (0, 1, 2, 15, 1 << 2047, (1 << 100_000) + 1, -(1 << 2048) + 1):
        for exponent in (-1, 0, 1, 2, 3, (1 << 5000) + 1):
            made = bytes(max(1, min(20_000, (modulus.bit_length() + 7) // 8)))
            assert not signature.verify_rsa_pkcs1(modulus, exponent, "sha256", digest, made)
            assert not signature.verify_rsa_pss(modulus, exponent, "sha256", digest, made)
    assert time.process_time() - begin < 2


def test_names_that_are_not_known_are_told() -> None:
    with pytest.raises(Malformed, match="crc32"):
        signature.verify_rsa_pkcs1(0, 0, "crc32", b"", b"")
    with pytest.raises(Malformed, match="sha2"):
        signature.verify_rsa_pss(0, 0, "sha2", b"", b"")
    with pytest.raises(Malformed, match="P-192"):
        signature.verify_ecdsa("P-192", 0, 0, b"", 0, 0)
