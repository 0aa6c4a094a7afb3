"""Systems whose truth is known, and what their packet filters let pass: found, cured, found no more."""

from dataclasses import dataclass
from functools import cache

import pytest
from hardened import Round, cures, facts_of, findings, of_files, of_system
from truth.row import Truth

from firmward.audit.engine import families, judge
from firmward.checks.network.filtering import closing
from firmward.facts.collection import Collection
from firmward.facts.exposure import reach
from firmward.facts.firewall import Firewall
from firmward.facts.listeners import Listeners
from firmward.facts.packet_filter import Hook, Reach
from firmward.facts.process import Manager, Process, Start
from firmward.facts.segments import Segments
from firmward.facts.startup import Startup
from firmward.harden.apply import apply
from firmward.harden.draft import Draft
from firmward.harden.firewall import surroundings
from firmward.harden.plan import plan
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.finding import Severity
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import Policy, parse_policy
from firmward.model.remedy import Safety
from truth import accuracy

CHECKS = ("firewall-absent", "firewall-default-accept", "egress-unrestricted", "segmentation-missing")


def planted() -> list[Truth]:
    return [system for system in accuracy.systems() if {one.check for one in system.mistakes} & {*CHECKS}]


SYSTEMS = [pytest.param(system, id=system.name) for system in planted()]
OWN = tuple(check for check in accuracy.of_roots() if check.id in CHECKS)
FAMILIES = (*families(OWN), Firewall, Listeners, Segments)


@cache
def whole(name: str) -> Round:
    """All four, in a round that asks every check."""
    return of_system(next(one for one in planted() if one.name == name), unsafe=True, only=CHECKS)


def quick(system: Truth, *, unsafe: bool, only: tuple[str, ...]) -> tuple[Round, list[tuple[str, str]]]:
    """A round of these checks alone, and what it leaves."""
    tree, policy = MemoryTree(system.planted), parse_policy(system.policy)
    facts = Collection(tree).facts(system.name, FAMILIES)
    before = tuple(judge(check, facts, policy, accuracy.CLOCK) for check in OWN)
    chosen = plan(cures(before), unsafe=unsafe, only=only)
    site = Site(Draft(tree), facts, policy)
    applied = apply(chosen.chosen, site)
    again = Collection(site.draft).facts(system.name, FAMILIES)
    found = Round(site, before, chosen, applied, tuple(judge(one, again, policy, accuracy.CLOCK) for one in OWN))
    return found, found.left(*only)


EACH = [
    pytest.param(system, check, id=f"{system.name}-{check}")
    for system in planted()
    for check in dict.fromkeys(one.check for one in system.mistakes)
    if check in CHECKS
]


def new(found: Round) -> list[tuple[str, str]]:
    """Findings of medium or above that were not there before."""
    known = {(check, one.key) for check, one in findings(found.before)}
    grave = [(check, one.key) for check, one in findings(found.after) if _rank(one.severity) <= Severity.MEDIUM.rank]
    return [one for one in grave if one not in known]


def _rank(severity: Severity | None) -> int:
    return (severity or Severity.MEDIUM).rank


@pytest.mark.parametrize(("system", "check"), EACH)
def test_each_is_cured_by_itself(system: Truth, check: str) -> None:
    found, left = quick(system, unsafe=True, only=(check,))
    assert not left, found.reasons()


SLOW = "buildroot-hub"
"""Its kernel alone takes seconds to read."""
WHOLE = [pytest.param(one, id=one.name, marks=[pytest.mark.proof] if one.name == SLOW else []) for one in planted()]


@pytest.mark.parametrize("system", WHOLE)
def test_all_together_are_cured_and_what_is_declared_is_reached(system: Truth) -> None:
    found = whole(system.name)
    assert not found.left(*CHECKS), found.reasons()
    assert not new(found)
    after = facts_of(found.draft).families
    listeners, firewall, policy = after[Listeners], after[Firewall], parse_policy(system.policy)
    assert isinstance(listeners, Listeners)
    assert isinstance(firewall, Firewall)
    before = found.site.facts.families[Firewall]
    assert isinstance(before, Firewall)
    closed = [one for one in listeners.reachable if reach(one, firewall) is Reach.CLOSED]
    lost = [one.key for one in closed if reach(one, before) is not Reach.CLOSED]
    assert not [key for key in lost if _is_declared(policy, key)]
    for one in policy.egress:
        if one.port is not None:
            assert firewall.reach(one.protocol, one.port, Hook.OUTPUT) is not Reach.CLOSED, one


def _is_declared(policy: Policy, key: str) -> bool:
    return any(f"{one.protocol}/{one.port}" == key for one in policy.listen if one.peer != "local")


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_safe_is_promised_and_kept(system: Truth) -> None:
    found, left = quick(system, unsafe=False, only=CHECKS)
    assert not found.applied.refused
    assert not {(one.check, one.key) for one in found.plan.chosen} & set(left)


@pytest.mark.parametrize("system", SYSTEMS)
def test_applying_twice_changes_nothing(system: Truth) -> None:
    found, _ = quick(system, unsafe=True, only=CHECKS)
    before = written(found)
    assert not apply(found.plan.chosen, found.site).refused
    assert written(found) == before


def written(found: Round) -> dict[str, tuple[object, bytes | None]]:
    return {
        one.path: (one.after, found.draft.read(one.path) if found.draft.is_file(one.path) else None)
        for one in found.draft.touched()
    }


def test_every_unsafe_remedy_says_what_may_break() -> None:
    for hook in Hook:
        for policy in (None, *(parse_policy(text) for text in ("", LISTEN, EGRESS, LISTEN + EGRESS))):
            found = closing(hook, policy)
            assert (found.safety is Safety.UNSAFE) == bool(found.breaks)
            assert (found.safety is Safety.MANUAL) == (not found.changes)


# ---------------------------------------------------------------------- by the policy

START = "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/dropbear -F\n"
FILES: dict[str, Content] = {
    "etc/inittab": START,
    "etc/init.d/rcS": executable('#!/bin/sh\nfor i in /etc/init.d/S??* ; do "$i" start; done\n'),
    "etc/init.d/S40network": executable("#!/bin/sh\nifup -a\n"),
    "etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n",
    "usr/sbin/nft": executable(b"\x7fELF"),
}
LISTEN = '[[listen]]\nport = 22\nfrom = "lan"\n'
EGRESS = '[[egress]]\nto = "updates.maker.example"\nport = 443\n'


@dataclass(frozen=True)
class Case:
    policy: str
    safety: dict[str, Safety]


BY_POLICY = {
    "nothing": Case("", {"firewall-absent": Safety.MANUAL, "egress-unrestricted": Safety.MANUAL}),
    "no network": Case("[support]\n", {"firewall-absent": Safety.UNSAFE, "egress-unrestricted": Safety.MANUAL}),
    "who listens": Case(LISTEN, {"firewall-absent": Safety.SAFE, "egress-unrestricted": Safety.MANUAL}),
    "whom it calls": Case(EGRESS, {"firewall-absent": Safety.UNSAFE, "egress-unrestricted": Safety.SAFE}),
    "both": Case(LISTEN + EGRESS, {"firewall-absent": Safety.SAFE, "egress-unrestricted": Safety.SAFE}),
}


@pytest.mark.parametrize("case", BY_POLICY.values(), ids=BY_POLICY)
def test_a_cure_is_as_safe_as_the_policy_is_complete(case: Case) -> None:
    found = of_files(FILES, case.policy)
    remedies = {check: one.remedy.safety for check, one in findings(found.before) if check in CHECKS and one.remedy}
    assert remedies == case.safety


def test_nothing_leaves_unhindered_because_the_door_was_closed() -> None:
    """A policy that declares who may come in says nothing about what may leave."""
    found = of_files(FILES, LISTEN, only=("firewall-absent",))
    assert found.left("egress-unrestricted") == [("egress-unrestricted", "output")]
    assert not found.left("firewall-absent")


def test_the_second_cure_keeps_what_the_first_has_closed() -> None:
    found = of_files(FILES, EGRESS, unsafe=True, only=("firewall-absent", "egress-unrestricted"))
    firewall = facts_of(found.draft).families[Firewall]
    assert isinstance(firewall, Firewall)
    assert all(firewall.drops_rest(hook, family) for hook in (Hook.INPUT, Hook.OUTPUT) for family in ("ip", "ip6"))


def test_without_a_policy_nothing_is_written() -> None:
    assert list(of_files(FILES, unsafe=True, only=CHECKS).draft.touched()) == []


REFUSED: dict[str, tuple[dict[str, Content], str, str]] = {
    "a kernel without it": (
        {"boot/config-6.1.0": "CONFIG_NET=y\n# CONFIG_NF_TABLES is not set\n"},
        LISTEN,
        "CONFIG_NF_TABLES",
    ),
    "a text that is no peer": ({}, LISTEN.replace("lan", 'lan\\" accept'), "neither lan"),
}


@pytest.mark.parametrize(("more", "policy", "reason"), REFUSED.values(), ids=REFUSED)
def test_it_says_why_it_cannot(more: dict[str, Content], policy: str, reason: str) -> None:
    found = of_files(FILES | more, policy, only=("firewall-absent",))
    assert reason in found.reasons()["firewall-absent[firewall]"]
    assert list(found.draft.touched()) == []


def test_an_image_without_any_program_for_it_is_refused() -> None:
    files = {path: content for path, content in FILES.items() if path != "usr/sbin/nft"}
    found = of_files(files, LISTEN, only=("firewall-absent",))
    assert "neither nft nor iptables" in found.reasons()["firewall-absent[firewall]"]


def test_iptables_alone_closes_both_families() -> None:
    programs = {f"usr/sbin/{name}-restore": executable(b"\x7fELF") for name in ("iptables", "ip6tables")}
    files = {path: content for path, content in FILES.items() if path != "usr/sbin/nft"} | programs
    found = of_files(files, LISTEN + EGRESS, only=CHECKS)
    assert not found.left(*CHECKS), found.reasons()


OWN_TABLES: dict[str, Content] = {
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/dropbear -F\n",
    "etc/init.d/rcS": FILES["etc/init.d/rcS"],
    "etc/init.d/S35iptables": executable("#!/bin/sh\niptables-restore < /etc/rules\nip6tables-restore < /etc/rules6\n"),
    "etc/init.d/S40network": FILES["etc/init.d/S40network"],
    "etc/rules": "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    "-A INPUT -s 192.168.7.2 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n",
    "etc/rules6": "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n",
}
MORE = '[[listen]]\nport = 443\n[[flow]]\nfrom = "lan"\nto = "198.51.100.0/24"\nport = 554\n'


def test_the_makers_rules_stay_and_only_what_none_of_them_accepts_is_added() -> None:
    found = of_files(OWN_TABLES, LISTEN + EGRESS + MORE + '[[egress]]\nto = "10.9.0.0/16"\n', only=CHECKS)
    assert not found.left(*CHECKS), found.reasons()
    before = str(OWN_TABLES["etc/rules"])
    assert found.draft.text("etc/rules") == before.replace(" ACCEPT [0:0]", " DROP [0:0]")
    assert found.draft.text("etc/rules6") == OWN_TABLES["etc/rules6"]
    added = (found.draft.text("etc/firmward/firewall.v4") or "").split("\n")
    assert [line for line in added if "dport" in line] == [
        "-A FORWARD -s 10.0.0.0/8 -d 198.51.100.0/24 -p tcp --dport 554 -m conntrack --ctstate NEW -j ACCEPT",
        "-A FORWARD -s 172.16.0.0/12 -d 198.51.100.0/24 -p tcp --dport 554 -m conntrack --ctstate NEW -j ACCEPT",
        "-A FORWARD -s 192.168.0.0/16 -d 198.51.100.0/24 -p tcp --dport 554 -m conntrack --ctstate NEW -j ACCEPT",
        "-A FORWARD -s 169.254.0.0/16 -d 198.51.100.0/24 -p tcp --dport 554 -m conntrack --ctstate NEW -j ACCEPT",
        "-A INPUT -p tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT",
        "-A OUTPUT -p tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT",
    ]
    assert "-A OUTPUT -d 10.9.0.0/16 -p tcp -m conntrack --ctstate NEW -j ACCEPT" in added
    assert "--noflush" in (found.draft.text("etc/init.d/S35zz-firmward-firewall") or "")
    assert not found.draft.exists("etc/firmward/firewall.v6"), "IPv6 was closed on purpose"


# ---------------------------------------------------------------------- zones

ZONE = '[[zone]]\nname = "plant"\nvlan = 20\n'
MANAGERS: dict[str, dict[str, Content]] = {
    "ifupdown": {"etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n"},
    "networkd": {"etc/systemd/network/10-eth0.network": "[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n"},
    "uci": {"etc/config/network": "config interface 'lan'\n\toption device 'eth0'\n\toption proto 'dhcp'\n"},
    "NetworkManager": {
        "etc/NetworkManager/system-connections/lan.nmconnection": "[connection]\ninterface-name=eth0\ntype=ethernet\n"
    },
}


@pytest.mark.parametrize("files", MANAGERS.values(), ids=MANAGERS)
def test_a_zone_gets_its_interface_in_the_way_of_who_brings_it_up(files: dict[str, Content]) -> None:
    start: dict[str, Content] = {"etc/inittab": "::sysinit:/sbin/udhcpc -i eth0\n::respawn:/usr/sbin/dropbear -F\n"}
    found = of_files(start | files, ZONE, unsafe=True, only=("segmentation-missing",))
    assert not found.left("segmentation-missing"), found.reasons()
    segments = facts_of(found.draft).families[Segments]
    assert isinstance(segments, Segments)
    assert [(one.number, one.interface) for one in segments.vlans] in ([(20, "vlan20")], [(20, "eth0.20")])
    before = written(found)
    assert not apply(found.plan.chosen, found.site).refused
    assert written(found) == before


@pytest.mark.parametrize("policy", ['[[zone]]\nname = "plant"\n', '[[zone]]\nname = "p\'lant"\nvlan = 20\n'])
def test_a_zone_that_no_configuration_takes_is_left_to_a_person(policy: str) -> None:
    files = FILES | {"etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n"}
    found = of_files(files, policy, unsafe=True, only=("segmentation-missing",))
    assert list(found.reasons().values()) == ["only a person can do it"]


# ---------------------------------------------------------------------- hostile images


def test_an_image_adds_nothing_to_the_rules_but_names_and_narrow_networks() -> None:
    lies = {
        "etc/network/interfaces": (
            'auto eth0\niface eth0 inet static\n  address 0.0.0.0/1\niface eth0"; accept.20 inet manual\n'
            "iface $(reboot).20 inet manual\niface cams inet manual\n  vlan-id 20\n"
        ),
    }
    found = of_files(FILES | lies, LISTEN + ZONE + '[[listen]]\nport = 80\nfrom = "plant"\n', only=("firewall-absent",))
    text = found.draft.text("etc/firmward/firewall.nft") or ""
    assert not found.left("firewall-absent"), found.reasons()
    assert "0.0.0.0/1" not in text
    assert "reboot" not in text
    assert 'iifname { "cams", ' in text
    for touched in found.draft.touched():
        if touched.after is not None and touched.after.size:
            assert "reboot" not in (found.draft.text(touched.path) or "")


@pytest.mark.parametrize("called", ["/tmp/$(reboot)/nft", "/tmp/nft", "./nft", "/usr/sbin/../../tmp/nft"])
def test_a_program_is_called_by_name_where_its_place_is_none_of_the_usual(called: str) -> None:
    at = Location("etc/init.d/own", 2)
    process = Process((called,), "own", Manager.SYSV, Start.DISABLED, at)
    facts = Facts("system", Source.IMAGE, {Startup: Startup(Manager.INITTAB, (process,))})
    assert surroundings.program(Site(Draft(MemoryTree({})), facts), "nft") == "nft"
