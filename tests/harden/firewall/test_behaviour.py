"""The rules do what they say, with real packets: what gets through without them does not with them, and what is
declared does."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fenced import World, world
from program import find_program

from firmward.facts.packet_filter import Hook
from firmward.harden.firewall import iptables, nft, rules
from firmward.harden.firewall.nft import Means
from firmward.harden.firewall.rules import HELD, HELD_FAR, Rules
from firmward.model.policy import parse_policy

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(find_program, ("unshare", "nsenter", "ip", "nft"))),
        reason="needs root, iproute2 and nft for networks of its own",
    ),
]

POLICY = parse_policy("""
[[listen]]
port = 443
from = "lan"
[[listen]]
port = 9000
from = "any"
[[listen]]
port = 8883
from = "wan"
[[listen]]
port = 5000
protocol = "udp"
from = "any"
[[egress]]
to = "203.0.113.2"
port = 443
[[egress]]
to = "198.51.100.5"
port = 444
rate = "2/min"
[[egress]]
to = "gateway"
port = 53
protocol = "udp"
[[egress]]
to = "updates.maker.example"
port = 8080
[[flow]]
from = "lan"
to = "198.51.100.0/24"
port = 554
""")
RULES = rules.of_policy(POLICY, {})
MEANS = Means(fib=True, counts=True)
LANGUAGES = ("nft", "iptables")


def close(place: World, language: str, allowed: Rules = RULES) -> None:
    if language == "nft":
        place.device.run("nft", "-f", "-", feed=nft.render(allowed, MEANS))
        return
    if find_program("iptables-restore") is None:
        pytest.skip("iptables is not here")
    for version, program in ((4, "iptables-restore"), (6, "ip6tables-restore")):
        place.device.run(program, feed=iptables.whole(allowed, MEANS, version))


@pytest.fixture(scope="module")
def open_world() -> Iterator[World]:
    """Where nothing filters."""
    with world() as found:
        serve(found)
        yield found


@pytest.fixture(scope="module", params=LANGUAGES)
def closed_world(request: pytest.FixtureRequest) -> Iterator[World]:
    with world() as found:
        serve(found)
        close(found, request.param)
        yield found


def serve(place: World) -> None:
    place.device.serve(443, 9000, 8883, 8080)
    place.router.serve(443, 81, 8080)
    place.far.serve(444, 554, 555)


def test_without_rules_everything_gets_through(open_world: World) -> None:
    place = open_world
    assert place.neighbour.reaches("192.168.7.1", 8080)
    assert place.neighbour.reaches("fd07::1", 8080)
    assert place.router.reaches("203.0.113.1", 443)
    assert place.device.reaches("203.0.113.2", 81)
    assert place.neighbour.reaches("198.51.100.5", 555)
    assert all(place.device.reaches("198.51.100.5", 444) for _ in range(5))
    with place.device.hearing(5000) as heard:
        place.router.spoof("192.168.7.99", "203.0.113.1", 5000)
    assert heard == {"192.168.7.99": 1}
    with place.router.hearing(5001) as heard:
        place.device.spoof("192.168.7.77", "203.0.113.2", 5001)
    assert heard == {"192.168.7.77": 1}
    with place.far.hearing(53) as heard:
        place.device.send("198.51.100.5", 53)
    assert sum(heard.values()) == 1
    with place.device.hearing(5000) as heard:
        place.neighbour.send("192.168.7.1", 5000, 400)
    assert sum(heard.values()) == 400


@pytest.mark.parametrize(
    ("where", "port"), [("192.168.7.1", 443), ("192.168.7.1", 9000), ("fd07::1", 443), ("fd07::1", 9000)]
)
def test_a_neighbour_reaches_what_is_declared(closed_world: World, where: str, port: int) -> None:
    assert closed_world.neighbour.reaches(where, port)


@pytest.mark.parametrize(
    ("where", "port"), [("192.168.7.1", 8080), ("192.168.7.1", 8883), ("fd07::1", 8080), ("fd07::1", 8883)]
)
def test_a_neighbour_does_not_reach_what_is_not_declared_for_it(closed_world: World, where: str, port: int) -> None:
    assert not closed_world.neighbour.reaches(where, port)


def test_the_world_reaches_what_is_declared_for_it_alone(closed_world: World) -> None:
    assert closed_world.router.reaches("203.0.113.1", 8883)
    assert closed_world.router.reaches("2001:db8:1::1", 8883)
    assert closed_world.router.reaches("203.0.113.1", 9000)
    assert not closed_world.router.reaches("203.0.113.1", 443)
    assert not closed_world.router.reaches("2001:db8:1::1", 443)


def test_the_device_calls_whom_it_declares_alone(closed_world: World) -> None:
    assert closed_world.device.reaches("203.0.113.2", 443)
    assert closed_world.device.reaches("203.0.113.2", 8080), "a name's port is open to any address"
    assert closed_world.device.reaches("2001:db8:1::2", 8080)
    assert not closed_world.device.reaches("203.0.113.2", 81)
    assert not closed_world.device.reaches("2001:db8:1::2", 81)
    assert not closed_world.device.reaches("2001:db8:1::2", 443)


def test_the_device_talks_to_itself(closed_world: World) -> None:
    assert closed_world.device.reaches("127.0.0.1", 8080)
    assert closed_world.device.reaches("::1", 8080)


def test_a_rate_holds(closed_world: World) -> None:
    assert [closed_world.device.reaches("198.51.100.5", 444) for _ in range(4)] == [True, True, False, False]


def test_a_flow_crosses_alone(closed_world: World) -> None:
    assert closed_world.neighbour.reaches("198.51.100.5", 554)
    assert not closed_world.neighbour.reaches("198.51.100.5", 555)


def test_a_sender_whose_answer_would_go_elsewhere_is_not_heard(closed_world: World) -> None:
    with closed_world.device.hearing(5000) as heard:
        closed_world.router.spoof("192.168.7.99", "203.0.113.1", 5000)
        closed_world.router.spoof("203.0.113.77", "203.0.113.1", 5000)
    assert heard == {"203.0.113.77": 1}


@pytest.mark.parametrize(
    ("where", "own", "another"),
    [("192.168.7.1", "192.168.7.2", "192.168.7.3"), ("fd07::1", "fd07::2", "fd07::3")],
    ids=["IPv4", "IPv6"],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_neighbour_that_holds_connections_keeps_no_other_one_out(
    language: str, where: str, own: str, another: str
) -> None:
    with world() as place:
        place.device.serve(443, keeps=True)
        close(place, language)
        with place.neighbour.holding(where, 443, 60, own) as held:
            assert held == HELD
            assert not place.neighbour.reaches(where, 443, own)
            assert place.neighbour.reaches(where, 443, another)
        assert place.neighbour.reaches(where, 443, own), "connections that ended still count"


def test_without_rules_a_neighbour_holds_what_he_opens(open_world: World) -> None:
    open_world.device.serve(444, keeps=True)
    with open_world.neighbour.holding("192.168.7.1", 444, 60) as held:
        assert held == 60


@pytest.mark.parametrize("where", ["203.0.113.1", "2001:db8:1::1"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_of_the_world_may_stand_for_many_clients(language: str, where: str) -> None:
    with world() as place:
        place.device.serve(9000, keeps=True)
        close(place, language)
        with place.router.holding(where, 9000, HELD_FAR + 20) as held:
            assert held == HELD_FAR


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_customer_of_the_world_gets_no_more_by_another_address_of_his_network(language: str) -> None:
    with world() as place:
        place.router.run("ip", "addr", "add", "2001:db8:1::22/64", "dev", "peer-wan", "nodad")
        place.device.serve(9000, keeps=True)
        close(place, language)
        with place.router.holding("2001:db8:1::1", 9000, HELD_FAR, "2001:db8:1::2") as held:
            assert held == HELD_FAR
            assert not place.router.reaches("2001:db8:1::1", 9000, "2001:db8:1::22")


def test_one_address_holds_so_much_at_all_ports_together() -> None:
    with world() as place:
        place.device.serve(443, 9000, keeps=True)
        close(place, "nft")
        with place.neighbour.holding("192.168.7.1", 443, 10), place.neighbour.holding("192.168.7.1", 9000, 10) as held:
            assert held == HELD - 10


def test_a_kernel_that_does_not_count_lets_a_neighbour_connect_slowly() -> None:
    with world() as place:
        place.device.serve(443, keeps=True)
        place.device.run("nft", "-f", "-", feed=nft.render(RULES, Means()))
        with place.neighbour.holding("192.168.7.1", 443, 60) as held:
            assert HELD <= held <= HELD + 3
        assert place.neighbour.reaches("192.168.7.1", 443, "192.168.7.3")
        time.sleep(1.2)
        assert place.neighbour.reaches("192.168.7.1", 443)


@pytest.fixture(scope="module")
def fenced() -> Iterator[World]:
    """What nftables alone can do."""
    with world() as found:
        close(found, "nft")
        yield found


def test_a_sender_that_the_device_is_not_does_not_leave_it(fenced: World) -> None:
    with fenced.router.hearing(53) as heard:
        fenced.device.spoof("192.168.7.77", "203.0.113.2", 53)
        fenced.device.send("203.0.113.2", 53)
    assert heard == {"203.0.113.1": 1}


def test_what_goes_to_the_gateway_goes_no_further(fenced: World) -> None:
    with fenced.far.hearing(53) as far:
        fenced.device.send("198.51.100.5", 53)
    with fenced.router.hearing(53) as near:
        fenced.device.send("203.0.113.2", 53)
    assert (sum(far.values()), sum(near.values())) == (0, 1)


def test_one_neighbour_that_floods_keeps_no_other_one_out(fenced: World) -> None:
    with fenced.device.hearing(5000) as heard:
        fenced.neighbour.send("192.168.7.1", 5000, 400, sender="192.168.7.2")
        fenced.neighbour.send("192.168.7.1", 5000, 5, sender="192.168.7.3")
    assert heard["192.168.7.3"] == 5
    assert 50 <= heard["192.168.7.2"] < 300


def test_the_makers_own_table_still_counts(fenced: World) -> None:
    own = "table inet own { chain input { type filter hook input priority 10; policy accept; tcp dport 443 drop; }; }"
    fenced.device.serve(443, 9000)
    assert fenced.neighbour.reaches("192.168.7.1", 443)
    fenced.device.run("nft", "-f", "-", feed=own)
    assert not fenced.neighbour.reaches("192.168.7.1", 443)
    assert fenced.neighbour.reaches("192.168.7.1", 9000)


@pytest.mark.parametrize("language", LANGUAGES)
def test_addresses_are_given_and_taken(language: str) -> None:
    if not (find_program("dnsmasq") and find_program("busybox")):
        pytest.skip("dnsmasq or busybox is not here (Debian: dnsmasq-base, busybox)")
    policy = parse_policy('[[listen]]\nport = 67\nprotocol = "udp"\nfrom = "lan"\n[[egress]]\nto = "10.0.0.1"\n')
    allowed = rules.of_policy(policy, {}).with_dhcp()
    ask = ("busybox", "udhcpc", "-n", "-q", "-f", "-t", "3", "-T", "1", "-s", "/bin/true", "-i")
    with world() as place:
        close(place, language, allowed)
        place.device.give_addresses("eth0", "192.168.7.50,192.168.7.60")
        assert "obtained" in place.neighbour.run("sh", "-c", f"{' '.join(ask)} peer-eth0 2>&1")
        place.router.give_addresses("peer-wan", "203.0.113.50,203.0.113.60")
        assert "obtained" in place.device.run("sh", "-c", f"{' '.join(ask)} wan 2>&1")


def test_what_is_missing_is_added_to_the_makers_own_rules() -> None:
    own = (
        "*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
        "-A INPUT -s 192.168.7.2 -p tcp --dport 443 -j ACCEPT\nCOMMIT\n"
    )
    missing = replace(RULES, inward=tuple(one for one in RULES.inward if one.port == 9000), outward=())
    with world() as place:
        serve(place)
        place.device.run("iptables-restore", feed=own)
        place.device.run("iptables-restore", "--noflush", feed=iptables.more(missing, (Hook.INPUT,), 4))
        reached = {
            (sender, port)
            for sender in ("192.168.7.2", "192.168.7.3")
            for port in (443, 9000, 8080)
            if place.neighbour.reaches("192.168.7.1", port, sender)
        }
    assert reached == {("192.168.7.2", 443), ("192.168.7.2", 9000), ("192.168.7.3", 9000)}


def test_the_makers_file_takes_ours_along(tmp_path: Path) -> None:
    ours, own = tmp_path / "ours.nft", tmp_path / "own.nft"
    ours.write_text(nft.render(RULES, MEANS))
    own.write_text(
        "flush ruleset\ntable inet own {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n"
        f'\t\ttcp dport 443 drop\n\t}}\n}}\n\ninclude "{ours}"\n'
    )
    with world() as place:
        serve(place)
        for _ in range(2):
            place.device.run("nft", "-f", str(own))
        assert not place.neighbour.reaches("192.168.7.1", 443)
        assert not place.neighbour.reaches("192.168.7.1", 8080)
        assert place.neighbour.reaches("192.168.7.1", 9000)


def test_hooks_that_are_not_closed_stay_as_they_are() -> None:
    with world() as place:
        serve(place)
        place.device.run("nft", "-f", "-", feed=nft.render(RULES, Means(frozenset((Hook.INPUT,)))))
        assert place.device.reaches("203.0.113.2", 81)
        assert not place.neighbour.reaches("192.168.7.1", 8080)
