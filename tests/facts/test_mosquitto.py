"""Brokers whose configuration is written elsewhere: by OpenWrt's script, and for a container."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.mosquitto import Mosquitto
from firmward.model.memory import Content, MemoryTree

UCI: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/mosquitto -c /tmp/mosquitto.generated.conf\n"}
LISTENER = "config listener\n\toption port 1883\n"


def mosquitto(files: dict[str, Content]) -> Mosquitto:
    found = Collection(MemoryTree(files)).get(Mosquitto)
    assert isinstance(found, Mosquitto), found
    return found


@pytest.mark.parametrize(
    ("general", "anonymous"),
    [("option allow_anonymous '1'", True), ("option allow_anonymous '0'", False), ("option persistence 1", None)],
)
def test_openwrts_configuration_is_what_its_script_writes(general: str, anonymous: bool | None) -> None:
    text = f"config owrt owrt\n\toption use_uci 1\n{LISTENER}config mosquitto\n\t{general}\n"
    [broker] = mosquitto({**UCI, "etc/config/mosquitto": text}).brokers
    assert (broker.listener.key, broker.listener.at.path) == ("tcp/1883", "etc/config/mosquitto")
    assert broker.anonymous is anonymous


@pytest.mark.parametrize(
    ("options", "addresses"),
    [("", [""]), ("\toption no_remote 1\n", ["localhost"]), ("\toption enabled 0\n", ["localhost"])],
)
def test_a_listener_may_be_off_or_local(options: str, addresses: list[str]) -> None:
    found = mosquitto({**UCI, "etc/config/mosquitto": LISTENER + options})
    assert [broker.listener.address for broker in found.brokers] == addresses


def test_without_uci_the_file_is_missing() -> None:
    assert mosquitto(UCI).unread
    off = f"config owrt\n\toption use_uci 0\n{LISTENER}"
    assert mosquitto({**UCI, "etc/config/mosquitto": off}).unread
    own: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/mosquitto -c /etc/m.conf\n", "etc/m.conf": ""}
    assert [one.listener.is_local for one in mosquitto({**own, "etc/config/mosquitto": LISTENER}).brokers] == [True]


def compose(volume: str, ports: str, rest: str = "") -> dict[str, Content]:
    text = (
        f"services:\n  mqtt:\n    image: eclipse-mosquitto:2.0\n    volumes: [{volume}]\n    ports: [{ports}]\n{rest}"
    )
    return {
        "etc/inittab": "::respawn:/usr/bin/dockerd\n",
        "opt/compose.yaml": text,
        "opt/broker/mosquitto.conf": "listener 1883\nallow_anonymous true\n",
    }


@pytest.mark.parametrize(
    "volume",
    [
        "./broker/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro",
        "/opt/broker:/mosquitto/config",
        "./broker/:/mosquitto/config/",
    ],
)
def test_a_brokers_configuration_is_bound_into_its_container(volume: str) -> None:
    [broker] = mosquitto(compose(f'"{volume}"', '"1884:1883"')).brokers
    assert (broker.listener.key, broker.anonymous) == ("tcp/1884", True)


def test_a_port_that_is_not_published_is_the_containers_own() -> None:
    volume = '"./broker:/mosquitto/config"'
    assert mosquitto(compose(volume, "")).brokers == ()
    assert mosquitto(compose(volume, '"127.0.0.1:1883:1883"')).brokers[0].listener.is_local
    [host] = mosquitto(compose(volume, "", "    network_mode: host\n")).brokers
    assert host.listener.key == "tcp/1883"
