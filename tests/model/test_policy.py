"""The policy is read strictly: what is misspelt is refused with the nearest known word."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.model.errors import InputError
from firmward.model.policy import Policy, parse_policy

REFUSED = [
    ("[devise]\nproduct = 'x'", "did you mean device"),
    ("[device]\nmodel = 'x'", "device.product: is required"),
    ("[device]\nproduct = 7", "device.product: expected a text"),
    ("[[listen]]\nport = 70000", r"listen\[1\].port: 70000 is not between"),
    ("[[listen]]\nport = true", "expected a whole number"),
    ("[[listen]]\nport = 22\nprotocol = 'tpc'", "did you mean tcp"),
    ("[[listen]]\nport = 22\nform = 'lan'", "did you mean from"),
    ("[listen]\nport = 22", "listen: expected a list"),
    ("[support]\nuntil = 2031-06-30T10:00:00Z", "expected a date"),
    ("schema = 2", "schema 2 is not known"),
    ("[device", "device.toml"),
    ("[[account]]\nname = 'a'\npassword = 'b'", "secrets do not belong"),
    ("[device]\nproduct = '''-----BEGIN RSA PRIVATE KEY-----'''", "private key"),
    ("[device]\nproduct = '$6$saltsalt$hashhashhash'", "password hash"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_wrong_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_policy(text)


def test_an_empty_policy_allows_nothing() -> None:
    assert not parse_policy("").allows_listening("tcp", 22)


def test_words_that_python_reserves_are_read() -> None:
    policy = parse_policy("[[listen]]\nport = 22\nfrom = 'bastion'\n[[flow]]\nfrom = 'a'\nto = 'b'\n")
    assert policy.listen[0].peer == "bastion"
    assert policy.flow[0].source == "a"
    assert policy.allows_listening("tcp", 22)
    assert not policy.allows_listening("udp", 22)


def test_a_risk_is_accepted_through_its_last_day() -> None:
    text = "[[accepted]]\ncheck = 'a'\nreason = 'r'\nowner = 'o'\nexpires = 2027-01-31\n"
    risk = parse_policy(text).accepted[0]
    assert not risk.is_expired(date(2027, 1, 31))
    assert risk.is_expired(date(2027, 2, 1))


def test_the_sample_policy_is_read() -> None:
    path = Path(__file__).parents[2] / "examples" / "camera" / "device.toml"
    assert parse_policy(path.read_text(encoding="utf-8")).device is not None


@given(st.text(max_size=200))
def test_rubbish_is_refused_and_nothing_else(text: str) -> None:
    with suppress(InputError):
        assert isinstance(parse_policy(text), Policy)
