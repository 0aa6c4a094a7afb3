"""Signatures over a digest, checked with a public key: RSA (RFC 8017) and ECDSA (FIPS 186-5) on the curves of NIST.

The rules this file holds:

- RSASSA-PKCS1-v1_5: the one encoding that a signer must make is built and compared as a whole, so that no padding, no
  parameter and no trailing byte is left to a reader's patience (section 8.2.2, and the attack of Bleichenbacher 2006).
- RSASSA-PSS: section 9.1.2, MGF1 with the digest's own algorithm. Without `salt_length` any length is taken.
- ECDSA: FIPS 186-5, section 6.4.2, also on the twisted curve of Brainpool (RFC 5639), whose coefficient is -3 too; a
  point off its curve and numbers out of range verify nothing.
- A number that is too large to be a key or a signature verifies nothing, rather than costs time.
- Everything here is public, so that nothing has to take the same time. Nothing here signs.
"""

import hashlib
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

MODULUS_BITS = range(512, 16385)
"""Sizes of RSA moduli that are computed with; which of them are strong is not asked here."""
EXPONENT_BITS = 256
"""FIPS 186-5 allows no larger one."""

_OIDS = {
    "md5": "2a864886f70d0205",
    "sha1": "2b0e03021a",
    "sha224": "608648016503040204",
    "sha256": "608648016503040201",
    "sha384": "608648016503040202",
    "sha512": "608648016503040203",
    "sha3-256": "608648016503040208",
    "sha3-384": "608648016503040209",
    "sha3-512": "60864801650304020a",
}
DIGEST_SIZES = {
    "md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64,
    "sha3-256": 32, "sha3-384": 48, "sha3-512": 64,
}  # fmt: skip
"""Bytes by the name of the algorithm: the names that every function here takes."""


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ - 3x + b over the field of `p`; the base point is of the prime order `n`."""

    p: int
    b: int
    n: int
    x: int
    y: int


CURVES = {
    "P-256": Curve(
        p=2**256 - 2**224 + 2**192 + 2**96 - 1,
        b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        x=0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        y=0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    "P-384": Curve(
        p=2**384 - 2**128 - 2**96 + 2**32 - 1,
        b=0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        x=0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        y=0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
    "P-521": Curve(
        p=2**521 - 1,
        b=0x0051_953EB9618E1C9A1F_929A21A0B68540EE_A2DA725B99B315F3_B8B489918EF109E1_56193951EC7E937B_1652C0BD3BB1BF07_3573DF883D2C34F1_EF451FD46B503F00,
        n=0x01FF_FFFFFFFFFFFFFFFF_FFFFFFFFFFFFFFFF_FFFFFFFFFFFFFFFF_FFFFFFFFFFFFFFFA_51868783BF2F966B_7FCC0148F709A5D0_3BB5C9B8899C47AE_BB6FB71E91386409,
        x=0x00C6_858E06B70404E9CD_9E3ECB662395B442_9C648139053FB521_F828AF606B4D3DBA_A14B5E77EFE75928_FE1DC127A2FFA8DE_3348B3C1856A429B_F97E7E31C2E5BD66,
        y=0x0118_39296A789A3BC004_5C8A5FB42C7D1BD9_98F54449579B4468_17AFBD17273E662C_97EE72995EF42640_C550B9013FAD0761_353C7086A272C240_88BE94769FD16650,
    ),
    "brainpoolP256t1": Curve(
        p=0xA9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377,
        b=0x662C61C430D84EA4FE66A7733D0B76B7BF93EBC4AF2F49256AE58101FEE92B04,
        n=0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
        x=0xA3E8EB3CC1CFE7B7732213B23A656149AFA142C47AAFBC2B79A191562E1305F4,
        y=0x2D996C823439C56D7F7B22E14644417E69BCB6DE39D027001DABE8F35B25C9BE,
    ),
}  # fmt: skip
"""By the names that `public_key.CURVES` uses as well."""


def verify_rsa_pkcs1(modulus: int, exponent: int, hash_name: str, digest: bytes, signature: bytes) -> bool:
    """Whether this is RSASSA-PKCS1-v1_5 over the digest. Raises Malformed for an algorithm that is not known."""
    return signed_by_pkcs1(modulus, exponent, hash_name, signature) == digest


def signed_by_pkcs1(modulus: int, exponent: int, hash_name: str, signature: bytes) -> bytes | None:
    """The digest that this is RSASSA-PKCS1-v1_5 over; None when it is none by this key. Raises Malformed for an
    algorithm that is not known."""
    _known(hash_name)
    size = (modulus.bit_length() + 7) // 8
    opened = _opened(modulus, exponent, signature)
    digest = b"" if opened is None else opened[-DIGEST_SIZES[hash_name] :]
    expected = _digest_info(hash_name, digest)
    if opened is None or size < len(expected) + 11:
        return None
    return digest if opened == b"\0\1" + b"\xff" * (size - len(expected) - 3) + b"\0" + expected else None


def verify_rsa_pss(
    modulus: int, exponent: int, hash_name: str, digest: bytes, signature: bytes, salt_length: int | None = None
) -> bool:
    """Whether this is RSASSA-PSS over the digest; `salt_length` in bytes. Raises Malformed for an algorithm that is not
    known."""
    found = _salt(modulus, exponent, hash_name, signature)
    if found is None or len(digest) != DIGEST_SIZES[hash_name]:
        return False
    salt, inner = found
    if salt_length is not None and len(salt) != salt_length:
        return False
    return _hash(hash_name, bytes(8) + digest + salt) == inner


def is_pss_of(modulus: int, exponent: int, hash_name: str, signature: bytes) -> bool:
    """Whether this has the form of RSASSA-PSS by this key over some digest; one of 100,000 others has it by chance.
    Raises Malformed for an algorithm that is not known."""
    return _salt(modulus, exponent, hash_name, signature) is not None


def verify_ecdsa(curve: str, x: int, y: int, digest: bytes, r: int, s: int) -> bool:
    """Whether (r, s) is ECDSA over the digest by the public point (x, y). Raises Malformed for a curve that is not
    known."""
    known = CURVES.get(curve)
    if known is None:
        raise Malformed(f"the curve {curve[:40]!r} is not known")
    if not (_is_on(known, x, y) and 0 < r < known.n and 0 < s < known.n):
        return False
    number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - known.n.bit_length())
    inverse = pow(s, -1, known.n)
    found = _sum_of_products(known, number * inverse % known.n, r * inverse % known.n, (x, y))
    return found is not None and found % known.n == r


def _known(hash_name: str) -> None:
    if hash_name not in DIGEST_SIZES:
        raise Malformed(f"the digest {hash_name[:40]!r} is not known")


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.new(name.replace("-", "_"), data, usedforsecurity=False).digest()


def _opened(modulus: int, exponent: int, signature: bytes) -> bytes | None:
    """The signature raised to the public exponent, as long as the modulus; None for what is no key or no signature."""
    size = (modulus.bit_length() + 7) // 8
    if modulus.bit_length() not in MODULUS_BITS or not modulus & 1 or len(signature) != size:
        return None
    if exponent < 3 or not exponent & 1 or exponent.bit_length() > EXPONENT_BITS:
        return None
    number = int.from_bytes(signature, "big")
    return pow(number, exponent, modulus).to_bytes(size, "big") if number < modulus else None


def _salt(modulus: int, exponent: int, hash_name: str, signature: bytes) -> tuple[bytes, bytes] | None:
    """The salt of PSS, and the digest over it and what was signed; None when the encoding does not hold."""
    _known(hash_name)
    opened = _opened(modulus, exponent, signature)
    bits = modulus.bit_length() - 1
    size = (bits + 7) // 8
    digest_size = DIGEST_SIZES[hash_name]
    if opened is None or size < digest_size + 2 or any(opened[:-size]):
        return None
    encoded = opened[-size:]
    masked, inner = encoded[: -digest_size - 1], encoded[-digest_size - 1 : -1]
    unused = 8 * size - bits
    if encoded[-1] != 0xBC or masked[0] >> (8 - unused):
        return None
    block = _xor(masked, _mask(hash_name, inner, len(masked)))
    block = bytes([block[0] & 0xFF >> unused]) + block[1:]
    padding, mark, salt = block.partition(b"\1")
    return (salt, inner) if mark and not any(padding) else None


def _digest_info(name: str, digest: bytes) -> bytes:
    """DER of DigestInfo: the algorithm with a NULL, and the digest."""
    oid = bytes.fromhex(_OIDS[name])
    algorithm = bytes([0x30, len(oid) + 4, 0x06, len(oid)]) + oid + b"\x05\0"
    octets = bytes([0x04, len(digest) & 0x7F]) + digest
    return bytes([0x30, len(algorithm) + len(octets) & 0x7F]) + algorithm + octets


def _mask(name: str, seed: bytes, size: int) -> bytes:
    count = -(-size // DIGEST_SIZES[name])
    return b"".join(_hash(name, seed + number.to_bytes(4, "big")) for number in range(count))[:size]


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _is_on(curve: Curve, x: int, y: int) -> bool:
    return 0 <= x < curve.p and 0 <= y < curve.p and (y * y - (x * x - 3) * x - curve.b) % curve.p == 0


_Point = tuple[int, int, int]
"""Jacobian: x / z², y / z³; z is 0 at infinity."""
_INFINITY: _Point = (1, 1, 0)


def _sum_of_products(curve: Curve, one: int, other: int, point: tuple[int, int]) -> int | None:
    """The x of `one` times the base point plus `other` times `point`, both read bit by bit in one pass; None at
    infinity."""
    base, public = (curve.x, curve.y, 1), (*point, 1)
    added = (_INFINITY, base, public, _add(curve.p, base, public))
    total = _INFINITY
    for bit in range(max(one.bit_length(), other.bit_length()) - 1, -1, -1):
        total = _double(curve.p, total)
        chosen = (one >> bit & 1) | (other >> bit & 1) << 1
        if chosen:
            total = _add(curve.p, total, added[chosen])
    x, _, z = total
    return x * pow(z, -2, curve.p) % curve.p if z else None


def _double(p: int, point: _Point) -> _Point:
    x, y, z = point
    if not z or not y:
        return _INFINITY
    square = y * y % p
    middle = 4 * x * square % p
    slope = 3 * (x - z * z) * (x + z * z) % p
    new_x = (slope * slope - 2 * middle) % p
    return new_x, (slope * (middle - new_x) - 8 * square * square) % p, 2 * y * z % p


def _add(p: int, one: _Point, other: _Point) -> _Point:
    if not one[2]:
        return other
    if not other[2]:
        return one
    one_z2, other_z2 = one[2] * one[2] % p, other[2] * other[2] % p
    first, second = one[0] * other_z2 % p, other[0] * one_z2 % p
    high, low = one[1] * other_z2 * other[2] % p, other[1] * one_z2 * one[2] % p
    across, along = (second - first) % p, (low - high) % p
    if not across:
        return _INFINITY if along else _double(p, one)
    across2 = across * across % p
    across3 = across2 * across % p
    shared = first * across2 % p
    x = (along * along - across3 - 2 * shared) % p
    return x, (along * (shared - x) - high * across3) % p, across * one[2] * other[2] % p
