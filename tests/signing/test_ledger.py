"""What a store says of its keys, as text and back."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.model.errors import InputError
from firmward.signing import ledger
from firmward.signing.ledger import KeyRecord, Ledger, RoleRecord
from firmward.signing.role import Role

DAY = date(2026, 11, 22)
KEY = KeyRecord("fleet", 1, "ab" * 32, "ed25519", "file", DAY)
LEDGER = Ledger(role=(RoleRecord("fleet", 2),), key=(KEY,))
LINE = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and text.strip() != "")


@given(reason=LINE, label=LINE)
def test_what_is_written_is_read_again(reason: str, label: str) -> None:
    gone = replace(KEY, number=2, id="cd" * 32, state="revoked", since=DAY, reason=reason)
    token = replace(KEY, number=3, id="ef" * 32, custody="pkcs11", module="/lib/x.so", token=label, label=label)
    boot = replace(KEY, role="boot", id="01" * 32, algorithm="rsa2048", spare=True)
    whole = Ledger(role=(RoleRecord("fleet", 2), RoleRecord("boot")), key=(KEY, gone, token, boot))
    assert ledger.parse(ledger.to_text(whole).encode(), "keys.toml") == whole


def test_a_list_that_was_cut_off_is_refused() -> None:
    """Else the last key would lose the line that says it was revoked."""
    gone = replace(KEY, number=2, id="cd" * 32, state="revoked", since=DAY, reason="stolen")
    whole = ledger.to_text(replace(LEDGER, key=(KEY, gone))).encode()
    for size in range(len(whole)):
        with pytest.raises(InputError):
            ledger.parse(whole[:size], "keys.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema = 1", "schema = 2", "schema 2"),
        ("schema = 1", "", "schema None"),
        ('role = "fleet"', 'role = "root"', "not known"),
        ('id = "ab', 'id = "..', "64 hexadecimal"),
        ('id = "ab', 'id = "', "64 hexadecimal"),
        ('state = "active"', 'state = "activ"', "did you mean active"),
        ('state = "active"', 'state = "revoked"', "since"),
        ("number = 1", "number = 0", "not between"),
        ("number = 1", "number = true", "a whole number"),
        ("threshold = 2", "threshold = -1", "not between"),
        ("threshold = 2", "treshold = 2", "did you mean threshold"),
        ('custody = "file"', 'custody = "pkcs11"', "needs module"),
        ('custody = "file"', 'custody = "file"\nspare = true', "only boot"),
        ('custody = "file"', 'custody = "file"\nreason = "a\\nb"', "one line"),
        ('name = "fleet"', 'name = "boot"', "no [[role]]"),
        ("schema = 1", "schema = 1\nx = " + "[" * 5000, "not TOML"),
    ],
)
def test_a_list_that_was_tampered_with_is_refused(old: str, new: str, said: str) -> None:
    text = ledger.to_text(LEDGER)
    assert old in text
    with pytest.raises(InputError) as refused:
        ledger.parse(text.replace(old, new, 1).encode(), "keys.toml")
    assert said in str(refused.value)
    assert str(refused.value).startswith("keys.toml: ")
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("second", [KEY, replace(KEY, number=2), replace(KEY, role="boot", algorithm="rsa2048")])
def test_a_key_serves_one_role_and_stands_once(second: KeyRecord) -> None:
    whole = Ledger(role=(RoleRecord("fleet"), RoleRecord("boot")), key=(KEY, second))
    with pytest.raises(InputError, match="twice"):
        ledger.parse(ledger.to_text(whole).encode(), "keys.toml")


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"\0" * 100, b"schema", b"schema = 1\nkey = 3\n# end\n", b"schema = 1\nkey = [3]\n# end\n"]
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        ledger.parse(data, "keys.toml")


def test_a_number_never_comes_again() -> None:
    assert LEDGER.next_number(Role.FLEET) == 2
    assert LEDGER.next_number(Role.BOOT) == 1
