"""Schemes are told by their form, and dear hashes by their own numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.crypt_hash import Scheme, cost, scheme

HASHES = {
    "abOV.DfJmdnYw": Scheme.DES,
    "_J9..abcduxpccHhkA5E": Scheme.BSDI,
    "$1$abcdefgh$9TGIeGNv5uBM9y1yTvtK6.": Scheme.MD5,
    "$3$$05eba93b5849ffe4b1dc698f94a02e03": Scheme.NT,
    "$5$abcdefgh$cwRxweKGkV3tFsFGs4l8SfunPDoKpY4tslHRoMwSH80": Scheme.SHA256,
    "$6$rounds=1000$ab$" + "a" * 86: Scheme.SHA512,
    "$2b$10$abcdefghijklmnopqrstuuId0yXfb1oDZJBvVflBl4NzbelJmRE8q": Scheme.BCRYPT,
    "$y$j9T$abcdefghijklmnop$TskyISVs5iK7FncbfzhRWAlgZIbzSfBDcUw9cGJmLj2": Scheme.YESCRYPT,
    "$gy$j9T$abcdefghijklmnop$Wog6CAY3Ct0owFSA.g8YD1.5IzqvPwYZ8TPJyXr2iq5": Scheme.GOST_YESCRYPT,
    "$7$CU..../....abcdefgh$y0KrDxa.lhh9YDervIT/A1kurvyoVqvYs4vlLA3Sds2": Scheme.SCRYPT,
    "$sha1$20000$abcdefgh$KV6QOstiT.CKhqeUlzcVgsLPkxe5": Scheme.SHA1,
    "$md5$abcdefgh$$X8yDV/3LrgcaNSJ4gKOLM.": Scheme.SUN_MD5,
    "hunter2": Scheme.UNRECOGNISED,
    "$6$tooshort$abc": Scheme.UNRECOGNISED,
}


@pytest.mark.parametrize(("field", "expected"), HASHES.items())
def test_a_scheme_is_told_by_its_form(field: str, expected: Scheme) -> None:
    assert scheme(field) is expected


@pytest.mark.parametrize("field", [field for field, kind in HASHES.items() if kind is not Scheme.UNRECOGNISED])
def test_every_scheme_has_a_price_below_a_second(field: str) -> None:
    price = cost(field)
    assert price is not None
    assert 0 < price < 1_000_000


@pytest.mark.parametrize(
    "field",
    [
        "$6$rounds=999999999$ab$" + "a" * 86,
        "$2b$31$" + "a" * 53,
        "$sha1$4000000000$abcdefgh$" + "a" * 28,
    ],
)
def test_a_hash_that_asks_for_hours_says_so(field: str) -> None:
    price = cost(field)
    assert price is not None
    assert price > 60_000_000


@given(st.text(alphabet="$_./019AZaz=,roundsyg2bmd5\n", max_size=120))
def test_any_field_has_a_scheme_and_a_price_or_none(field: str) -> None:
    assert isinstance(scheme(field), Scheme)
    price = cost(field)
    assert price is None or price >= 0
