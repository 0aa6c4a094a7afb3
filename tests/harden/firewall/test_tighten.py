"""What lets everything pass in the maker's own rules goes; the rest of a line, and of a file, stays."""

import pytest

from firmward.facts.packet_filter import Hook, Reach
from firmward.facts.uplinks import Uplinks
from firmward.harden.draft import Draft, Refused
from firmward.harden.firewall.tighten import firewall_of, tighten
from firmward.model.memory import Content, MemoryTree, executable

HEAD = "#!/usr/sbin/nft -f\nflush ruleset\n"
NFT = {"etc/inittab": "::sysinit:/usr/sbin/nft -f /etc/nftables.conf\n"}
TABLES = {"etc/inittab": "::sysinit:/usr/sbin/iptables-restore /etc/rules\n"}
SCRIPT = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}


def nft(rules: str, policy: str = "drop") -> dict[str, Content]:
    chain = f"\tchain input {{\n\t\ttype filter hook input priority 0; policy {policy};\n{rules}\n\t}}\n"
    return {**NFT, "etc/nftables.conf": f"{HEAD}table inet own {{\n{chain}}}\n"}


def tables(*rules: str, policy: str = "DROP") -> dict[str, Content]:
    return {**TABLES, "etc/rules": "\n".join(["*filter", f":INPUT {policy} [3:180]", *rules, "COMMIT", ""])}


def script(*lines: str) -> dict[str, Content]:
    return {**SCRIPT, "etc/init.d/rcS": executable("\n".join(["#!/bin/sh", *lines, ""]))}


SSH_NFT, SSH_TABLES = "\t\ttcp dport 22 accept", "-A INPUT -p tcp --dport 22 -j ACCEPT"
CLOSED: dict[str, tuple[dict[str, Content], str, str]] = {
    "nft's policy": (nft(SSH_NFT, "accept"), "etc/nftables.conf", "priority 0; policy drop;"),
    "nft's rule": (nft(f"{SSH_NFT}\n\t\tct state new accept"), "etc/nftables.conf", SSH_NFT),
    "nft's rule with a comment": (
        nft(f'{SSH_NFT}\n\t\tcounter accept comment "for now"'),
        "etc/nftables.conf",
        SSH_NFT,
    ),
    "iptables' policy": (tables(SSH_TABLES, policy="ACCEPT"), "etc/rules", ":INPUT DROP [3:180]"),
    "iptables' rule": (tables(SSH_TABLES, "-A INPUT -j ACCEPT"), "etc/rules", SSH_TABLES),
    "a command's policy": (
        script("if true; then", "\tiptables -P INPUT ACCEPT", "fi", f"iptables {SSH_TABLES}"),
        "etc/init.d/rcS",
        "\tiptables -P INPUT DROP",
    ),
    "a command's rule": (
        script("iptables -P INPUT DROP", f"iptables {SSH_TABLES}", "\tiptables -A INPUT -j ACCEPT"),
        "etc/init.d/rcS",
        "\t:",
    ),
}


@pytest.mark.parametrize(("files", "path", "line"), CLOSED.values(), ids=CLOSED)
def test_it_is_closed_and_what_a_rule_names_still_passes(files: dict[str, Content], path: str, line: str) -> None:
    draft = Draft(MemoryTree(files))
    for _ in range(2):
        tighten(draft, (Hook.INPUT,), ("ip",), None)
        firewall = firewall_of(draft)
        assert firewall is not None
        assert firewall.drops_rest(Hook.INPUT, "ip")
        assert firewall.reach_by("ip", "tcp", 22) is Reach.OPEN
    assert line in (draft.text(path) or "")
    assert [touched.path for touched in draft.touched()] == [path]


LEFT = {
    "several commands": script("iptables -P INPUT DROP; iptables -A INPUT -j ACCEPT"),
    "a rule among others on its line": nft("\t\ttcp dport 22 accept; accept"),
    "a condition": script("iptables -P INPUT DROP", "[ -e /etc/x ] || iptables -A INPUT -j ACCEPT"),
}


@pytest.mark.parametrize("files", LEFT.values(), ids=LEFT)
def test_a_line_that_says_more_is_left_to_a_person(files: dict[str, Content]) -> None:
    draft = Draft(MemoryTree(files))
    with pytest.raises(Refused):
        tighten(draft, (Hook.INPUT,), ("ip",), None)
    assert list(draft.touched()) == []


def test_a_way_out_for_everything_goes() -> None:
    rules = "\n".join(["*filter", ":OUTPUT DROP [0:0]", "-A OUTPUT -o wan0 -j ACCEPT", "COMMIT", ""])
    draft = Draft(MemoryTree({**TABLES, "etc/rules": rules}))
    tighten(draft, (Hook.OUTPUT,), ("ip",), Uplinks(("wan0",)))
    assert "wan0" not in (draft.text("etc/rules") or "")


def test_what_cannot_be_known_is_refused() -> None:
    tree = MemoryTree({"etc/inittab": "::sysinit:/usr/sbin/firewalld\n"})
    with pytest.raises(Refused, match="firewalld"):
        firewall_of(Draft(tree))
