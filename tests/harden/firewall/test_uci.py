"""OpenWrt's configuration: the maker's zones and rules stay, what takes all rejects, what is missing is added."""

from firmward.facts.packet_filter import Hook
from firmward.facts.uci_firewall import Verdict, parse
from firmward.formats import uci
from firmward.harden.firewall import rules
from firmward.harden.firewall.uci import edited
from firmward.model.policy import Egress, Flow, Listen, Policy, Zone

HOOKS = frozenset(Hook)
TEXT = """
config defaults
	option input 'ACCEPT'
	option output 'ACCEPT' # until the installation is done

config zone
	option name 'lan'
	list network 'lan'
	option input 'ACCEPT'
	option forward 'ACCEPT'

config zone
	option name 'wan'
	option masq '1'
	option input 'DROP'
	option output 'ACCEPT'

config rule
	option name 'SSH of the office'
	option src 'wan'
	option src_ip '198.51.100.7'
	option proto 'tcp'
	option dest_port '22'
	option target 'ACCEPT'
"""
POLICY = Policy(
    listen=(
        Listen(22, peer="lan"),
        Listen(443, peer="lan"),
        Listen(9000, "udp", None, "any"),
        Listen(8883, peer="cams"),
    ),
    egress=(Egress("updates.maker.example", 443, "tcp", "20/s"), Egress("192.0.2.53", 53, "udp")),
    zone=(Zone("cams", 20),),
    flow=(Flow("lan", "wan", 443),),
)
RULES = rules.of_policy(POLICY, {"cams": ("br-lan.20",)})


def own(text: str) -> list[dict[str, str]]:
    return [
        {key: " ".join(value.value for value in values) for key, values in section.options.items()}
        for section in uci.parse(text)
        if (section.name or "").startswith("firmward_") and "icmp_type" not in section.options
    ]


def test_defaults_and_zones_reject() -> None:
    found = parse(uci.parse(edited(TEXT, RULES, HOOKS)))
    assert (found.input, found.output, found.forward) == (Verdict.DROP,) * 3
    assert [(zone.name, zone.input, zone.output) for zone in found.zones] == [
        ("lan", Verdict.DROP, Verdict.DROP),
        ("wan", Verdict.DROP, Verdict.DROP),
    ]
    assert found.zones[0].forward is Verdict.ACCEPT, "neighbours go on to reach each other"


def test_what_is_missing_is_added_and_no_more() -> None:
    found = own(edited(TEXT, RULES, HOOKS))
    assert [(one.get("src"), one.get("dest"), one["proto"], one["dest_port"]) for one in found] == [
        ("lan", None, "tcp", "443"),
        ("*", None, "udp", "9000"),
        ("*", None, "tcp", "8883"),
        (None, "*", "tcp", "443"),
        (None, "*", "udp", "53"),
        ("lan", "wan", "tcp", "443"),
    ]
    assert (found[2]["device"], found[2]["direction"]) == ("br-lan.20", "in")
    assert found[3]["limit"] == "20/second"
    assert found[4]["dest_ip"] == "192.0.2.53/32"


def test_the_makers_lines_stay() -> None:
    before, after = (text.strip().split("\n") for text in (TEXT, edited(TEXT, RULES, HOOKS)))
    gone = {line for line in before if "put 'ACCEPT'" in line}
    rest = iter(after)
    assert all(line in rest for line in before if line not in gone), "in their order"
    assert len(gone) == 3


def test_only_the_hooks_that_are_asked_for_are_closed() -> None:
    found = parse(uci.parse(edited(TEXT, RULES, frozenset((Hook.OUTPUT,)))))
    assert (found.input, found.output) == (Verdict.ACCEPT, Verdict.DROP)


def test_twice_is_once() -> None:
    once = edited(TEXT, RULES, HOOKS)
    assert edited(once, RULES, HOOKS) == once


def test_a_file_without_anything_gets_defaults() -> None:
    assert parse(uci.parse(edited("", RULES, HOOKS))).input is Verdict.DROP
