"""What is added by hand to OpenWrt's firewall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.firewall import Firewall, Hook
from firmward.facts.packet_filter import Reach
from firmward.model.memory import Content, MemoryTree, executable

RULES = """
config defaults
    option input REJECT
    option output REJECT
    option forward REJECT
config zone
    option name wan
    list network wan
    option input REJECT
"""
INCLUDE = "config include user\n    option path /etc/firewall.user\n"


def system(program: str, rules: str = RULES, **files: str) -> dict[str, Content]:
    return {
        "sbin/procd": executable(b"\x7fELF"),
        "sbin/init": executable(b"\x7fELF"),
        "etc/rc.d/S19firewall": executable(f"#!/bin/sh /etc/rc.common\nSTART=19\nstart() {{ {program} start; }}\n"),
        "etc/config/firewall": rules,
        **files,
    }


def firewall(files: dict[str, Content]) -> Firewall:
    found = Collection(MemoryTree(files)).get(Firewall)
    assert isinstance(found, Firewall), found
    return found


def user(text: str, program: str = "fw3", options: str = "") -> Firewall:
    return firewall(system(program, RULES + INCLUDE + options) | {"etc/firewall.user": text})


@pytest.mark.parametrize(
    "text",
    [
        "# iptables -P INPUT ACCEPT is for the bench\n\nexit 0\n",
        "",
        "logger firewall\n",
        "iptables -t nat -A POSTROUTING -o $WAN -j MASQUERADE\n",
        "iptables -A input_rule -p tcp --dport 8080 -s 192.168.1.0/24 -j ACCEPT\n",
    ],
)
def test_a_script_that_opens_nothing_changes_nothing(text: str) -> None:
    found = user(text)
    assert found.unread == ()
    assert all(found.drops_rest(hook, family) for hook in Hook for family in ("ip", "ip6"))


@pytest.mark.parametrize(
    "text",
    [
        "iptables -P INPUT ACCEPT\niptables -F INPUT\n",
        "iptables --policy INPUT ACCEPT; iptables -F",
        "iptables -I INPUT -j ACCEPT\n",
        "iptables -A input_rule -j ACCEPT\n",
        "if [ -e /tmp/bench ]; then iptables -I INPUT 1 -j ACCEPT; fi\n",
    ],
)
def test_a_script_that_opens_the_input_is_seen(text: str) -> None:
    found = user(text)
    assert not found.drops_rest(Hook.INPUT, "ip")
    assert found.drops_rest(Hook.INPUT, "ip6")
    assert [chain.decides_at("ip").path for chain in found.at(Hook.INPUT, "ip")] == ["etc/firewall.user"]


def test_flushing_leaves_the_policy() -> None:
    assert user("iptables -F INPUT\n").drops_rest(Hook.INPUT, "ip")


def test_a_port_that_a_script_opens_is_open() -> None:
    assert user("iptables -I INPUT -p tcp --dport 8080 -j ACCEPT\n").reach_by("ip", "tcp", 8080) is Reach.OPEN
    assert user("iptables -I input_wan_rule -p tcp --dport 8080 -j ACCEPT\n").reach("tcp", 8080) is Reach.NARROWED


@pytest.mark.parametrize(
    "text", ["iptables -I INPUT -s $(cat /tmp/admin) -j ACCEPT\n", "iptables-restore < /tmp/rules\n"]
)
def test_what_cannot_be_worked_out_is_told(text: str) -> None:
    assert user(text).unread


def test_an_include_that_is_off_or_not_there_adds_nothing() -> None:
    assert user("iptables -P INPUT ACCEPT\n", options="    option enabled 0\n").drops_rest(Hook.INPUT, "ip")
    assert firewall(system("fw3", RULES + INCLUDE)).unread == ()
    elsewhere = RULES + INCLUDE.replace("/etc/firewall.user", "/data/rules")
    assert firewall(system("fw3", elsewhere)).unread


def test_rules_that_are_restored_are_added() -> None:
    rules = RULES + INCLUDE + "    option type restore\n"
    text = "*filter\n:INPUT ACCEPT [0:0]\n-A input_rule -p tcp --dport 80 -j ACCEPT\nCOMMIT\n"
    found = firewall(system("fw3", rules) | {"etc/firewall.user": text})
    assert not found.drops_rest(Hook.INPUT, "ip")
    assert found.drops_rest(Hook.OUTPUT, "ip")


def test_fw4_passes_over_the_old_script_unless_it_is_called_compatible() -> None:
    text = "nft insert rule inet fw4 input accept\n"
    assert user(text, "fw4").drops_rest(Hook.INPUT, "ip")
    found = user(text, "fw4", "    option fw4_compatible 1\n")
    assert not found.drops_rest(Hook.INPUT, "ip")
    assert not found.drops_rest(Hook.INPUT, "ip6")


@pytest.mark.parametrize(
    "path",
    ["usr/share/nftables.d/chain-pre/input/10-trial.nft", "usr/share/nftables.d/chain-post/input/10-trial.nft"],
)
def test_fw4_reads_its_folders(path: str) -> None:
    found = firewall(system("fw4") | {path: 'counter accept comment "trial"\n'})
    assert not found.drops_rest(Hook.INPUT, "ip6")
    assert found.drops_rest(Hook.OUTPUT, "ip6")
    assert [chain.decides_at("ip").path for chain in found.at(Hook.INPUT, "ip")] == [path]
    assert firewall(system("fw3") | {path: "accept\n"}).drops_rest(Hook.INPUT, "ip")


def test_fw4_inserts_what_the_configuration_names() -> None:
    rules = RULES + "config include\n  option type nftables\n  option path /etc/open.nft\n"
    rules += "  option position chain-prepend\n  option chain output\n"
    found = firewall(system("fw4", rules) | {"etc/open.nft": "meta nfproto { ipv4, ipv6 } accept\n"})
    assert not found.drops_rest(Hook.OUTPUT, "ip")
    assert found.drops_rest(Hook.INPUT, "ip")


def test_what_a_zones_chain_takes_is_narrowed_to_the_zone() -> None:
    found = firewall(system("fw4") | {"usr/share/nftables.d/chain-pre/input_wan/1.nft": "tcp dport 81 accept\n"})
    assert found.drops_rest(Hook.INPUT, "ip")
    assert found.reach("tcp", 81) is Reach.NARROWED


def test_chains_of_the_makers_own_stand_in_the_table() -> None:
    files = system("fw4") | {
        "etc/nftables.d/10-custom.nft": "## chain example { type filter hook input priority -1; policy accept; }\n",
        "etc/nftables.d/20-own.nft": "chain own { type filter hook input priority -1; policy drop; }\n",
    }
    found = firewall(files)
    assert found.unread == ()
    assert len(found.at(Hook.INPUT, "ip")) == 2


@given(st.text(max_size=80), st.sampled_from(["fw3", "fw4"]))
def test_no_include_is_too_odd(text: str, program: str) -> None:
    rules = f"{RULES}config include\n  option path '/etc/{text}'\n  option type nftables\n  option chain '{text}'\n"
    files = system(program, rules + INCLUDE) | {"etc/firewall.user": text}
    files |= {"usr/share/nftables.d/chain-pre/input/1.nft": text}
    assert Collection(MemoryTree(files)).get(Firewall) is not None
