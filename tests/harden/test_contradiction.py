"""A policy that says one thing and another is told where; one that can be meant is believed."""

from pathlib import Path

import pytest

from firmward.harden.contradiction import contradictions
from firmward.model.policy import parse_policy
from truth import accuracy

CAMERA = Path(__file__).parents[2] / "examples" / "camera" / "device.toml"
PRODUCT = '[device]\nproduct = "camera"\n'
WRITES = '[[service]]\nname = "app"\nwrites = ["{}"]\n[filesystem]\nwritable = ["/data"]\n'
UPDATE = '[update]\nserver = "{}"\n[[egress]]\nto = "{}"\nport = {}\n'


def listen(port: int = 443, service: str | None = "lighttpd", protocol: str = "tcp") -> str:
    whose = "" if service is None else f'service = "{service}"\n'
    return f'[[listen]]\nport = {port}\nprotocol = "{protocol}"\n{whose}'


def told(text: str) -> list[str]:
    return [f"{one.place}: {one.message}" for one in contradictions(parse_policy(text))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (listen() + listen(service="nginx"), "listen[2].service: tcp/443 is given to nginx, and to lighttpd before"),
        (
            '[[service]]\nname = "a"\nuser = "x"\n[[service]]\nname = "a"\nuser = "y"\n',
            "service[2].name: a is declared before, and otherwise",
        ),
        (
            '[[account]]\nname = "a"\nlogin = true\n[[account]]\nname = "a"\n',
            "account[2].name: a is declared before, and otherwise",
        ),
        (
            '[[zone]]\nname = "a"\nvlan = 5\n[[zone]]\nname = "b"\nvlan = 5\n',
            "zone[2].vlan: VLAN 5 is b's, and a's before",
        ),
        (
            PRODUCT + '[[flow]]\nfrom = "lan"\nto = "camera"\nport = 80\n' + listen(),
            "flow[1].port: lan may reach tcp/80, on which no [[listen]] lets anything listen",
        ),
        (
            WRITES.format("/etc/app"),
            "service[1].writes: app writes /etc/app, which is in no folder of [filesystem] writable",
        ),
        (
            WRITES.format("/database"),
            "service[1].writes: app writes /database, which is in no folder of [filesystem] writable",
        ),
        (
            '[filesystem]\nverified = "verity"\nwritable = ["/data", "/"]\n',
            "filesystem.writable: / is writable, and verified by verity, which allows no write",
        ),
        (
            '[update]\nmechanism = "none"\nserver = "https://u.example"\n',
            "update.server: https://u.example is named, and the mechanism is none",
        ),
        (
            UPDATE.format("https://u.example", "other.example", 443),
            "update.server: https://u.example is no destination of [[egress]], so that it could not be reached",
        ),
        (
            UPDATE.format("https://u.example:8443", "u.example", 443),
            "update.server: https://u.example:8443 is no destination of [[egress]], so that it could not be reached",
        ),
        (
            UPDATE.format("https://evil-u.example", "*.u.example", 443),
            "update.server: https://evil-u.example is no destination of [[egress]], so that it could not be reached",
        ),
        (
            UPDATE.format("https://192.0.2.1", "198.51.100.0/24", 443),
            "update.server: https://192.0.2.1 is no destination of [[egress]], so that it could not be reached",
        ),
        (
            '[agent]\nserver = "https://f.example"\n[[egress]]\nto = "f.example"\nport = 443\nprotocol = "udp"\n',
            "agent.server: https://f.example is no destination of [[egress]], so that it could not be reached",
        ),
    ],
)
def test_what_contradicts_itself_is_told_with_its_place(text: str, words: str) -> None:
    assert told(text) == [words]


@pytest.mark.parametrize(
    "text",
    [
        "",
        listen() + listen(),
        listen() + listen(service=None),
        listen() + listen(protocol="udp", service="quic"),
        '[[zone]]\nname = "a"\nvlan = 5\n[[zone]]\nname = "b"\nvlan = 6\n',
        '[[flow]]\nfrom = "lan"\nto = "camera"\nport = 80\n',
        PRODUCT + '[[flow]]\nfrom = "lan"\nto = "camera"\nport = 443\n' + listen(),
        PRODUCT + '[[flow]]\nfrom = "lan"\nto = "recorder"\nport = 80\n',
        WRITES.format("/data"),
        WRITES.format("/data/app"),
        WRITES.format("/run/app"),
        '[[service]]\nname = "app"\nwrites = ["/etc"]\n',
        '[filesystem]\nverified = "verity"\nwritable = ["/data"]\n',
        '[update]\nserver = "https://u.example"\n',
        UPDATE.format("https://u.example", "u.example", 443),
        UPDATE.format("https://U.example.", "u.example", 443),
        UPDATE.format("u.example", "u.example", 8443),
        UPDATE.format("https://a.u.example", "*.u.example", 443),
        UPDATE.format("https://192.0.2.1", "192.0.2.0/24", 443),
        UPDATE.format("https://u.example", "192.0.2.0/24", 443),
        UPDATE.format("https://u.example", "lan", 443),
        UPDATE.format("https://[", "lan", 443),
        UPDATE.format("https://u.example:99999", "lan", 443),
        '[update]\nserver = "https://u.example"\n[[egress]]\nto = "u.example"\n',
    ],
)
def test_what_can_be_meant_is_believed(text: str) -> None:
    assert told(text) == []


def test_no_known_products_policy_contradicts_itself() -> None:
    policies = {system.name: system.policy for system in accuracy.systems()}
    policies["camera"] = CAMERA.read_text(encoding="utf-8")
    assert {name: told(text) for name, text in policies.items() if told(text)} == {}
