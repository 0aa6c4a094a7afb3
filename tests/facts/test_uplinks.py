"""The interfaces by which a device reaches the rest of the world."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.uplinks import Uplinks
from firmward.model.memory import Content, MemoryTree

START: dict[str, Content] = {"etc/inittab": "::respawn:/sbin/getty 9600 tty1\n"}


def names(files: dict[str, Content]) -> tuple[str, ...]:
    found = Collection(MemoryTree({**START, **files})).get(Uplinks)
    return found.names if isinstance(found, Uplinks) else ()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"etc/network/interfaces": "auto lo\niface lo inet loopback\niface eth0 inet dhcp\n"}, ("eth0",)),
        ({"etc/network/interfaces": "iface eth1 inet static\n  address 10.0.0.2/24\n"}, ()),
        ({"etc/network/interfaces": "iface eth1 inet static\n  gateway 10.0.0.1\n"}, ("eth1",)),
        ({"etc/systemd/network/a.network": "[Match]\nName=en*\n[Network]\nDHCP=yes\n"}, ("en*",)),
        ({"etc/systemd/network/a.network": "[Match]\nName=en*\n[Network]\nDHCP=no\n"}, ()),
        ({"etc/systemd/network/a.network": "[Match]\nName=eth2\n[Route]\nGateway=10.0.0.1\n"}, ("eth2",)),
        ({"etc/inittab": "::respawn:/sbin/udhcpc -f -i wlan0\n"}, ("wlan0",)),
        ({"etc/inittab": "::sysinit:/sbin/ip route add default via 10.0.0.1 dev eth0\n"}, ("eth0",)),
        ({"etc/inittab": "::respawn:/usr/sbin/pppd call modem\n"}, ("ppp0",)),
    ],
)
def test_a_default_route_leads_out(files: dict[str, Content], expected: tuple[str, ...]) -> None:
    assert names(files) == expected


def test_a_pattern_of_the_filter_means_an_interface() -> None:
    assert Uplinks(("eth0",)).have("eth*")
    assert Uplinks(("en*",)).have("enp3s0")
    assert not Uplinks(("eth0",)).have("eth1")
