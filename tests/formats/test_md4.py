"""MD4 against the vectors of RFC 1320, and the NT hash against the ones that everybody knows."""

import pytest

from firmward.formats.md4 import md4, nt_hash


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_it_is_the_digest_of_the_rfc(data: bytes, digest: str) -> None:
    assert md4(data).hex() == digest


@pytest.mark.parametrize("length", range(50, 140))
def test_every_length_has_a_digest_of_its_own(length: int) -> None:
    assert len({md4(b"x" * length), md4(b"x" * (length + 1)), md4(b"x" * length + b"\0")}) == 3


def test_a_password_is_hashed_in_sixteen_bits() -> None:
    assert nt_hash("password").hex() == "8846f7eaee8fb117ad06bdd830b7586c"
    assert nt_hash("\udcff")
