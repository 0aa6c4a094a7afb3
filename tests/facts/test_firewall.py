"""Packet filters: held to what the kernel let through, and to what is really loaded."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts import nft_rule
from firmward.facts.collection import Collection
from firmward.facts.firewall import Firewall, Hook
from firmward.facts.iptables import Iptables
from firmward.facts.packet_filter import Reach, all_but
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, executable

MEASURED = json.loads((Path(__file__).parents[1] / "data" / "network" / "reach.json").read_text())
"""Rules that were loaded with nft and iptables (Debian 12), and the ports that two peers could then connect to."""

DROP = "table inet filter {\n chain input {\n type filter hook input priority 0; policy drop;\n }\n}\n"


def firewall(files: dict[str, Content]) -> Firewall:
    found = Collection(MemoryTree(files)).get(Firewall)
    assert isinstance(found, Firewall), found
    return found


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row["name"])
def test_it_is_what_the_kernel_let_through(row: dict[str, dict[str, str]]) -> None:
    found = firewall(row["files"])  # type: ignore[arg-type]
    assert found.unread == ()
    for place, reached in row["reach"].items():
        family, port = place.split("/")
        said = found.reach_by(family, "tcp", int(port))
        assert said == reached or said is Reach.NARROWED, (place, said)


@pytest.mark.parametrize(
    ("loads", "path"),
    [
        ("::sysinit:/usr/sbin/nft -f /etc/nftables.conf\n", "etc/nftables.conf"),
        ("::sysinit:/usr/sbin/nft --file /etc/nftables.conf\n", "etc/nftables.conf"),
    ],
)
def test_rules_that_are_loaded_count(loads: str, path: str) -> None:
    found = firewall({"etc/inittab": loads, path: DROP})
    assert found.drops_rest(Hook.INPUT, "ip")
    assert found.drops_rest(Hook.INPUT, "ip6")
    assert found.unloaded == ()


def test_rules_that_nothing_loads_do_not_count() -> None:
    found = firewall({"etc/inittab": "::respawn:/sbin/getty 9600 tty1\n", "etc/nftables.conf": DROP})
    assert found.chains == ()
    assert found.unloaded == ("etc/nftables.conf",)


def test_systemd_loads_them_when_its_unit_is_enabled() -> None:
    unit = (
        "[Service]\nType=oneshot\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n[Install]\nWantedBy=sysinit.target\n"
    )
    files: dict[str, Content] = {
        "lib/systemd/systemd": executable(b"\x7fELF"),
        "sbin/init": executable(b"\x7fELF systemd"),
        "etc/systemd/system/default.target": "[Unit]\nRequires=sysinit.target\n",
        "usr/lib/systemd/system/sysinit.target": "[Unit]\n",
        "usr/lib/systemd/system/nftables.service": unit,
        "etc/nftables.conf": DROP,
    }
    assert firewall(files).chains == ()
    enabled = "etc/systemd/system/sysinit.target.wants/nftables.service"
    assert firewall({**files, enabled: unit}).drops_rest(Hook.INPUT, "ip")


def test_ifupdown_loads_them_before_the_interface() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable("#!/bin/sh\nifup -a\n"),
        "etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n  pre-up iptables-restore /etc/rules\n",
        "etc/rules": "*filter\n:INPUT DROP [0:0]\nCOMMIT\n",
    }
    found = firewall(files)
    assert found.drops_rest(Hook.INPUT, "ip")
    assert not found.drops_rest(Hook.INPUT, "ip6")


def test_iptables_restore_from_nowhere_is_unread() -> None:
    found = Collection(MemoryTree({"etc/inittab": "::sysinit:/sbin/iptables-restore\n"})).get(Iptables)
    assert isinstance(found, Iptables)
    assert found.unread


def test_a_front_end_is_unknown() -> None:
    found = Collection(MemoryTree({"etc/inittab": "::sysinit:/usr/sbin/ufw enable\n"})).get(Firewall)
    assert isinstance(found, Unknown)
    assert "ufw" in found.reason


OPENWRT = """
config defaults
    option input REJECT
    option output ACCEPT
    option forward REJECT
config zone
    option name lan
    list network lan
    option input ACCEPT
config zone
    option name wan
    list network wan
    option input REJECT
    option masq 1
config rule
    option src wan
    option proto tcp
    option dest_port 22
    option target ACCEPT
config forwarding
    option src lan
    option dest wan
"""


def test_openwrt_zones_narrow_what_they_take() -> None:
    files: dict[str, Content] = {
        "sbin/procd": executable(b"\x7fELF"),
        "sbin/init": executable(b"\x7fELF"),
        "etc/rc.d/S19firewall": executable("#!/bin/sh /etc/rc.common\nSTART=19\nboot() { fw4 start; }\n"),
        "etc/config/firewall": OPENWRT,
    }
    found = firewall(files)
    assert found.drops_rest(Hook.INPUT, "ip")
    assert not found.drops_rest(Hook.OUTPUT, "ip")
    assert found.reach("tcp", 80) is Reach.NARROWED


OUT = "table inet f {{ chain output {{ type filter hook output priority 0; policy drop; {} }} }}\n"


@pytest.mark.parametrize(
    ("rules", "lets_out"),
    [
        ('oifname "eth*" accept', True),
        ("oif eth0 accept", True),
        ('meta oifname { "eth0", "wwan0" } accept', True),
        ("oifname eth0 jump out", False),
        ("oifname eth1 accept", False),
        ("oifname eth0 tcp dport 443 accept", False),
        ("oifname eth0 ip daddr 192.0.2.1 accept", False),
        ("oifname eth0 drop; oifname eth0 accept", False),
        ("oifname != eth1 accept", False),
        ("oifname lo accept", False),
    ],
)
def test_an_outgoing_interface_restricts_no_destinations(rules: str, lets_out: bool) -> None:
    found = firewall({"etc/inittab": "::sysinit:/usr/sbin/nft -f /etc/n\n", "etc/n": OUT.format(rules)})
    [chain] = found.at(Hook.OUTPUT, "ip")
    assert chain.drops_rest("ip")
    assert chain.lets_out("ip", "eth0") is lets_out


def test_all_but_the_loopback_interface_is_everything() -> None:
    loads: dict[str, Content] = {"etc/inittab": "::sysinit:/usr/sbin/nft -f /etc/n\n"}
    assert not firewall({**loads, "etc/n": OUT.format("oifname != lo accept")}).drops_rest(Hook.OUTPUT, "ip")
    assert firewall({**loads, "etc/n": OUT.format("oifname lo accept")}).drops_rest(Hook.OUTPUT, "ip")


@pytest.mark.parametrize(("words", "lets_out"), [("-o eth+", True), ("-o eth0", True), ("! -o eth1", False)])
def test_iptables_narrows_to_interfaces_as_well(words: str, lets_out: bool) -> None:
    rules = f"*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT {words} -j ACCEPT\nCOMMIT\n"
    found = firewall({"etc/inittab": "::sysinit:/sbin/iptables-restore /etc/r\n", "etc/r": rules})
    [chain] = found.at(Hook.OUTPUT, "ip")
    assert (chain.drops_rest("ip"), chain.lets_out("ip", "eth0")) == (True, lets_out)


def test_what_is_not_a_port_is_all_the_others() -> None:
    assert all_but(((23, 23),)) == ((0, 22), (24, 65535))
    assert all_but(((0, 65535),)) == ()


ODD = "ip ip6 tcp udp dport saddr { } , 22 vmap : accept drop jump x ct state new != @s meta l4proto limit rate log"
WORDS = st.sampled_from(ODD.split())


@given(st.lists(WORDS))
def test_no_rule_is_too_odd(words: list[str]) -> None:
    for expanded in nft_rule.expand(tuple(words)):
        nft_rule.match(expanded, Location())
