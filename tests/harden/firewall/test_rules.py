"""A policy's texts become addresses, ports, plain names and rates, or nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import find_program, run_program

from firmward.harden.draft import Refused
from firmward.harden.firewall import iptables, nft, rules, uci
from firmward.harden.firewall.nft import Means
from firmward.model.policy import Device, Egress, Flow, Listen, Policy, Zone

MEANS = Means(fib=True, containers=True)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ("lan", "wan", "any", "gateway", "plant", "10.0.0.0/8", "2001:db8::/32", "a.example", "*.b.example", "20/s")
    ),
    st.builds(
        lambda start, end: start + end,
        st.sampled_from(("lan", "a.example", "10.0.0.1", "plant", "20/s")),
        st.sampled_from(
            ('"', "'", "\n", "; flush ruleset", " accept", "}", "$(id)", "`id`", "#", "\\", "%eth0", "\0", "é", "\r")
        ),
    ),
)
PORTS = st.integers(1, 65535)
WORDS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.*: /-,{}[]()!#&|<>;$\"'=@\n\t+?")


PLAIN = Policy(
    device=Device("hub"),
    listen=(Listen(443, "tcp", "lighttpd", "lan"),),
    egress=(Egress("a.example", 443, "tcp", "20/s"),),
    zone=(Zone("plant", 20),),
    flow=(Flow("plant", "10.0.0.0/8", 80),),
)
ONE_TEXT: tuple[Callable[[str, int], Policy], ...] = (
    lambda text, _: replace(PLAIN, device=Device(text)),
    lambda text, port: replace(PLAIN, listen=(Listen(port, "udp", text, "any"),)),
    lambda text, port: replace(PLAIN, listen=(Listen(port, "tcp", "sshd", text),)),
    lambda text, port: replace(PLAIN, egress=(Egress(text, port),)),
    lambda text, port: replace(PLAIN, egress=(Egress("lan", port, "udp", text),)),
    lambda text, _: replace(PLAIN, zone=(*PLAIN.zone, Zone(text, 20))),
    lambda text, port: replace(PLAIN, flow=(Flow(text, "any", port),)),
    lambda text, port: replace(PLAIN, flow=(Flow("lan", text, port),)),
)
"""A policy of plain words, but for one."""


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    return draw(st.sampled_from(ONE_TEXT))(draw(TEXTS), draw(PORTS))


def written(policy: Policy) -> list[str]:
    """The rules in each language; empty where the policy is refused."""
    try:
        found = rules.of_policy(policy, {zone.name: (f"eth0.{zone.vlan}", zone.name) for zone in policy.zone})
    except Refused:
        return []
    texts = [iptables.whole(found, MEANS, version) for version in (4, 6)]
    return [nft.render(found, MEANS), *texts, uci.edited("", found, MEANS.hooks)]


@given(policies())
def test_no_text_breaks_out(policy: Policy) -> None:
    """Each rule stays on its line, and there are as many chains and statements as in a policy of plain words."""
    texts = written(policy)
    if not texts:
        return
    of_nft, v4, v6, of_uci = texts
    assert all(set(text) <= WORDS for text in texts)
    for line in of_nft.split("\n"):
        assert line.count('"') % 2 == 0
        assert ";" not in line or " hook " in line
    assert of_nft.count("chain ") in (5, 6)
    for line in (*v4.split("\n"), *v6.split("\n")):
        assert not line or line[0] in "*:#" or line == "COMMIT" or line.startswith("-A ")
        assert not {"'", "$", ";", "`"} & set(line)
    for line in of_uci.split("\n"):
        assert line.count("'") in (0, 2)


REFUSED = {
    "a name with a quote": Policy(egress=(Egress('a" accept; "', 443),)),
    "a name with a line end": Policy(egress=(Egress("a.example\n", 443),)),
    "a name without a port": Policy(egress=(Egress("a.example"),)),
    "a network with an interface": Policy(egress=(Egress("fe80::1%eth0", 443),)),
    "a rate that is none": Policy(egress=(Egress("a.example", 443, "tcp", "fast"),)),
    "a rate of nothing": Policy(egress=(Egress("a.example", 443, "tcp", "0/s"),)),
    "an unknown peer": Policy(listen=(Listen(443, peer="nobody"),)),
    "a zone that is called like a peer": Policy(zone=(Zone("lan", 20),)),
    "a zone with a blank": Policy(zone=(Zone("a b", 20),)),
    "a flow from nowhere": Policy(flow=(Flow("nowhere", "any", 80),)),
}


@pytest.mark.parametrize("policy", REFUSED.values(), ids=REFUSED)
def test_what_is_no_word_of_a_rule_is_refused(policy: Policy) -> None:
    with pytest.raises(Refused):
        rules.of_policy(policy, {})


def test_a_local_listener_is_for_the_device_and_its_containers() -> None:
    found = rules.of_policy(Policy(listen=(Listen(53, "udp", "dnsmasq", "local"),)), {})
    assert found.inward == ()
    assert "dport 53" not in nft.render(found, Means())
    assert "dport 53" not in iptables.whole(found, Means(), 4)
    assert 'iifname "docker*" jump own_containers' in nft.render(found, MEANS)
    assert "-A INPUT -i docker+ -p udp --dport 53" in iptables.whole(found, MEANS, 4)


def test_a_flow_may_end_or_begin_at_the_device() -> None:
    policy = Policy(
        device=Device("hub"),
        zone=(Zone("plant", 20),),
        flow=(Flow("plant", "hub", 80), Flow("device", "plant", 81), Flow("plant", "lan", 82)),
    )
    found = rules.of_policy(policy, {})
    assert [[one.port for one in part] for part in (found.inward, found.outward, found.across)] == [[80], [81], [82]]


def test_a_device_with_a_public_address_has_neighbours_there_unless_its_network_is_too_wide() -> None:
    networks = [rules.ip_network(text) for text in ("192.0.2.0/24", "10.1.0.0/16", "0.0.0.0/1")]
    found = rules.of_policy(Policy(listen=(Listen(443, peer="lan"),)), {}, networks)
    assert found.lan == (*rules.LAN, networks[0])


def test_dhcp_is_answered_whoever_asks() -> None:
    """Who asks for an address has none yet."""
    (found,) = rules.of_policy(Policy(listen=(Listen(67, "udp", peer="lan"),)), {}).inward
    assert (found.source_port, found.peer.networks) == (68, ())


def test_a_service_that_was_asked_by_a_broadcast_may_answer() -> None:
    found = rules.of_policy(Policy(listen=(Listen(67, "udp", peer="lan"), Listen(5353, "udp", peer="lan"))), {})
    assert [(one.source_port, one.port, one.peer.name) for one in found.outward] == [
        (67, 68, "any"),
        (None, 5353, "groups"),
        (5353, None, "lan"),
    ]


FULL = Policy(
    device=Device("hub"),
    listen=(
        Listen(443, "tcp", "lighttpd", "lan"), Listen(22, "tcp", "sshd", "bastion"), Listen(8883, peer="plant"),
        Listen(51820, "udp", None, "any"), Listen(80, "tcp", None, "wan"), Listen(5353, "udp", None, "10.2.0.0/24"),
        Listen(67, "udp", "dnsmasq", "lan"), Listen(161, "udp", "snmpd", "2001:db8:5::/48"),
        Listen(5353, "tcp", "dnsmasq", "local"),
    ),
    egress=(
        Egress("updates.maker.example", 443, "tcp", "20/s"), Egress("gateway", 53, "udp"), Egress("*.b.example", 123),
        Egress("198.51.100.10", 443, "tcp", "999999/day"), Egress("2001:db8::/32"), Egress("lan", 67, "udp"),
        Egress("x" * 50 + "." + "y" * 45, 443),
    ),
    zone=(Zone("plant", 20), Zone("guests")),
    flow=(
        Flow("plant", "hub", 8080), Flow("plant", "10.9.0.0/16", 554), Flow("wan", "guests"),
        Flow("guests", "any", 443),
    ),
)  # fmt: skip


@pytest.fixture(params=(True, False), ids=("all", "less"))
def means(request: pytest.FixtureRequest) -> Means:
    return Means(fib=request.param, containers=request.param, several_ways=request.param, counts=request.param)


FOUND = rules.of_policy(FULL, {"plant": ("eth0.20",)}).with_dhcp()


def test_nft_takes_the_rules(means: Means) -> None:
    program = find_program("nft")
    if program is None:
        pytest.skip("nft is not here (Debian: nftables)")
    done = run_program(["unshare", "-rn", program, "-c", "-f", "-"], feed=nft.render(FOUND, means).encode())
    assert not done.returncode, done.stderr.decode()


@pytest.mark.parametrize(("version", "name"), [(4, "iptables-restore"), (6, "ip6tables-restore")])
def test_iptables_takes_the_rules(means: Means, version: int, name: str) -> None:
    program = find_program(name)
    if program is None:
        pytest.skip(f"{name} is not here (Debian: iptables)")
    for text in (iptables.whole(FOUND, means, version), iptables.more(FOUND, means.hooks, version)):
        done = run_program(["unshare", "-rn", program, "--test"], feed=text.encode())
        assert not done.returncode, done.stderr.decode()


@pytest.mark.proof
def test_nft_takes_whatever_is_not_refused() -> None:
    program = find_program("nft")
    if program is None:
        pytest.skip("nft is not here (Debian: nftables)")

    @given(policies())
    def takes(policy: Policy) -> None:
        for text in written(policy)[:1]:
            done = run_program(["unshare", "-rn", program, "-c", "-f", "-"], feed=text.encode())
            assert not done.returncode, done.stderr.decode()

    takes()


def test_the_shell_is_given_the_same() -> None:
    text = iptables.whole(FOUND, MEANS, 4)
    found = iptables.commands(text, "/usr/sbin/iptables")
    filtering = text.partition("COMMIT")[0]
    assert [line.removeprefix("/usr/sbin/iptables ") for line in found if " -A " in line] == [
        line for line in filtering.split("\n") if line.startswith("-A")
    ]
    assert "/usr/sbin/iptables -P INPUT DROP" in found


def test_connections_are_counted_at_the_ports_that_others_reach_by_tcp() -> None:
    assert FOUND.counted == (22, 80, 443, 8080, 8883)
    for means in (Means(), Means(counts=True)):
        held = [line for line in nft.render(FOUND, means).split("\n") if "@held" in line]
        assert len(held) == 4
        assert all("tcp dport { 22, 80, 443, 8080, 8883 } ct state new" in line for line in held)


def test_nobody_is_counted_where_nothing_listens() -> None:
    nothing = rules.of_policy(Policy(listen=(Listen(161, "udp", "snmpd", "lan"),)), {})
    assert "held" not in nft.render(nothing, Means(counts=True))
    assert "connlimit" not in iptables.whole(nothing, Means(counts=True), 4)


def test_a_kernel_that_cannot_count_is_not_asked_to() -> None:
    """One match that is missing, and none of the rules is loaded."""
    assert "ct count" not in nft.render(FOUND, Means(fib=True, containers=True))
    assert "connlimit" not in iptables.whole(FOUND, Means(fib=True, containers=True), 4)


def test_what_is_counted_stands_before_what_is_accepted() -> None:
    for text, accepted in (
        (nft.render(FOUND, Means(counts=True)), "tcp dport 443 ct state new counter accept"),
        (iptables.whole(FOUND, Means(counts=True), 4), "--dport 443 -m conntrack --ctstate NEW -j ACCEPT"),
    ):
        assert -1 < max(text.rfind("ct count"), text.rfind("connlimit")) < text.find(accepted)
