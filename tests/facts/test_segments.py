"""Where VLANs are configured, what their interfaces are called, and which interfaces could carry one."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.segments import NetworkManager, Segments
from firmward.model.memory import Content, MemoryTree

START: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/dropbear -F\n"}
INTERFACES = "auto lo\niface lo inet loopback\niface eth0 inet dhcp\niface eth0.20 inet manual\n"
NAMED = "iface eth1 inet dhcp\niface cams inet manual\n  vlan-raw-device eth1\n  vlan-id 20\n"
UCI = "config interface 'loopback'\n\toption device 'lo'\nconfig interface 'cams'\n\toption device 'br-lan.20'\n"
NETDEV = "[NetDev]\nName=cams\nKind=vlan\n\n[VLAN]\nId=20\n"
PROFILE = "[connection]\ninterface-name=vlan20\n\n[vlan]\nid=20\nparent=eth0\n"
FILES: dict[str, tuple[dict[str, Content], str, NetworkManager, tuple[str, ...]]] = {
    "ifupdown": ({"etc/network/interfaces": INTERFACES}, "eth0.20", NetworkManager.IFUPDOWN, ("eth0",)),
    "named": (
        {"etc/network/interfaces": NAMED},
        "cams",
        NetworkManager.IFUPDOWN,
        ("eth1", "cams"),
    ),
    "networkd": (
        {
            "etc/systemd/network/20-cams.netdev": NETDEV,
            "etc/systemd/network/10-lan.network": "[Match]\nName=end0\n\n[Network]\nVLAN=cams\n",
        },
        "cams",
        NetworkManager.NETWORKD,
        ("end0",),
    ),
    "uci": (
        {"etc/config/network": UCI + "config interface 'lan'\n\toption device 'br-lan'\n"},
        "br-lan.20",
        NetworkManager.UCI,
        ("br-lan",),
    ),
    "NetworkManager": (
        {"etc/NetworkManager/system-connections/cams.nmconnection": PROFILE},
        "vlan20",
        NetworkManager.NETWORK_MANAGER,
        ("vlan20",),
    ),
}


def segments(files: dict[str, Content]) -> Segments:
    found = Collection(MemoryTree(START | files)).get(Segments)
    assert isinstance(found, Segments)
    return found


@pytest.mark.parametrize(("files", "name", "manager", "bases"), FILES.values(), ids=FILES)
def test_a_vlan_is_known_by_number_and_name(
    files: dict[str, Content], name: str, manager: NetworkManager, bases: tuple[str, ...]
) -> None:
    found = segments(files)
    assert [(one.number, one.interface) for one in found.vlans] == [(20, name)]
    assert (found.manager, found.bases) == (manager, bases)


def test_the_file_of_the_first_interface_is_named() -> None:
    assert segments(FILES["networkd"][0]).trunk == "10-lan.network"


@pytest.mark.parametrize("name", ["eth*", 'eth0"', "eth0;reboot", "a" * 20, "$IF", "-x"])
def test_what_is_no_plain_name_carries_no_vlan(name: str) -> None:
    found = segments({"etc/systemd/network/10.network": f"[Match]\nName={name}\n\n[Network]\nDHCP=yes\n"})
    assert found.bases == ()


def test_where_nobody_brings_interfaces_up_there_is_no_manager() -> None:
    found = segments({})
    assert (found.manager, found.bases, found.trunk) == (None, (), "")
