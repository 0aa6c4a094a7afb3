"""Addresses with a password in them, and those whose password is none."""

import pytest

from firmward.formats import credential_address

SECRET = "Wt5rLq92xB"  # made up, as the others below


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"mqtt://gw:{SECRET}@broker.maker.net", "mqtt address"),
        (f"postgresql://app:{SECRET}@10.0.0.5:5432/db", "postgresql address"),
        (f"x=https://user:{SECRET}@updates.maker.net/fw", "https address"),
        (f'{{\n  "ProxyServer": "http://kiosk:{SECRET}@192.0.2.1:3128"\n}}', "http address"),
        (f'[\n "https://kiosk:{SECRET}@192.0.2.1",\n 7\n]', "https address"),
        (f"\t'broker': 'mqtts://gw:{SECRET}@broker.maker.net',\n", "mqtts address"),
    ],
)
def test_a_password_in_an_address(text: str, name: str) -> None:
    assert [one.name for one in credential_address.addresses(text.encode())] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "http://user:password@host/",
        "http://user:pass@example.com/",
        "http://%s:%s@%s/",
        "http://${USER}:${PASS}@host.net/",
        "https://<user>:<password>@github.com",
        "http://proxy.maker.net:8080/@scope/pkg",
        "http://www.maker.net/x:y@z",
        "ftp://anonymous@ftp.maker.net",
        "http://[::1]:8080/@x",
        f'" see http://user:{SECRET}@maker.net of the editor',
        f"  # http://user:{SECRET}@maker.net",
    ],
)
def test_no_password_in_an_address(text: str) -> None:
    assert list(credential_address.addresses(text.encode())) == []


def test_a_domain_set_aside_for_examples() -> None:
    assert list(credential_address.addresses(b"https://user:s3cret1@api.maker.example/")) == []
    assert len(list(credential_address.addresses(f"https://gw:{SECRET}@api.maker.example/".encode()))) == 1


@pytest.mark.parametrize("piece", [b"://a:b@", b"://", b"a" * 900 + b"://"])
def test_a_hostile_file_takes_no_long_time(piece: bytes) -> None:
    list(credential_address.addresses(piece * (400_000 // len(piece))))
