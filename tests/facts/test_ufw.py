"""What ufw loads, by ufw(8) and its start script."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.firewall import Firewall, Hook
from firmward.facts.packet_filter import Reach
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree, executable

START = "::sysinit:/usr/lib/ufw/ufw-init start quiet\n"


def before(prefix: str) -> str:
    hooks = ("input", "output", "forward")
    chains = "".join(f":{prefix}-before-{hook} - [0:0]\n" for hook in hooks)
    return (
        f"*filter\n{chains}:{prefix}-not-local - [0:0]\n-A {prefix}-before-input -i lo -j ACCEPT\n"
        f"-A {prefix}-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
        f"-A {prefix}-before-input -m conntrack --ctstate INVALID -j DROP\n"
        f"-A {prefix}-before-input -p icmp --icmp-type echo-request -j ACCEPT\n"
        f"-A {prefix}-before-input -j {prefix}-not-local\n"
        f"-A {prefix}-not-local -m addrtype --dst-type LOCAL -j RETURN\n-A {prefix}-not-local -j DROP\nCOMMIT\n"
    )


def user(prefix: str, *rules: str) -> str:
    lines = "".join(f"-A {prefix}-user-input {rule}\n" for rule in rules)
    return f"*filter\n:{prefix}-user-input - [0:0]\n:{prefix}-user-output - [0:0]\n{lines}COMMIT\n"


def system(
    incoming: str = "DROP", outgoing: str = "DROP", switch: str = "ENABLED=yes", ipv6: str = "yes", start: str = START
) -> dict[str, Content]:
    return {
        "etc/inittab": start,
        "etc/default/ufw": f'IPV6={ipv6}\nDEFAULT_INPUT_POLICY="{incoming}"\nDEFAULT_OUTPUT_POLICY="{outgoing}"\n'
        'DEFAULT_FORWARD_POLICY="DROP"\nMANAGE_BUILTINS=no\n',
        "etc/ufw/ufw.conf": f"# on or off\n{switch}\nLOGLEVEL=low\n",
        "etc/ufw/before.rules": before("ufw"),
        "etc/ufw/before6.rules": before("ufw6"),
        "etc/ufw/user.rules": user("ufw", "-p tcp --dport 22 -j ACCEPT", "-p tcp --dport 80 -s 192.0.2.0/24 -j ACCEPT"),
        "etc/ufw/user6.rules": user("ufw6", "-p tcp --dport 22 -j ACCEPT"),
    }


def firewall(files: dict[str, Content]) -> Firewall:
    found = Collection(MemoryTree(files)).get(Firewall)
    assert isinstance(found, Firewall), found
    return found


@pytest.mark.parametrize("policy", ["DROP", "REJECT"])
def test_what_no_rule_lets_in_is_dropped(policy: str) -> None:
    found = firewall(system(policy))
    assert found.unread == ()
    assert all(found.drops_rest(hook, family) for hook in (Hook.INPUT, Hook.OUTPUT) for family in ("ip", "ip6"))
    reached = [found.reach_by(*place) for place in (("ip", "tcp", 22), ("ip", "tcp", 80), ("ip", "tcp", 23),
                                                    ("ip6", "tcp", 80))]  # fmt: skip
    assert reached == [Reach.OPEN, Reach.NARROWED, Reach.CLOSED, Reach.CLOSED]


def test_policies_are_those_of_etc_default() -> None:
    found = firewall(system("ACCEPT", "ACCEPT"))
    assert not found.drops_rest(Hook.INPUT, "ip")
    assert not found.drops_rest(Hook.OUTPUT, "ip6")
    assert found.reach("tcp", 23) is Reach.OPEN
    [chain] = found.at(Hook.INPUT, "ip")
    assert str(chain.at) == "etc/default/ufw:2"


def test_a_policy_that_is_not_set_leaves_the_kernels() -> None:
    files = {**system(), "etc/default/ufw": "IPV6=yes\n"}
    assert not firewall(files).drops_rest(Hook.INPUT, "ip")


def test_without_ipv6_only_the_loopback_has_it() -> None:
    found = firewall(system("ACCEPT", "ACCEPT", ipv6="no"))
    assert found.reach_by("ip6", "tcp", 22) is Reach.CLOSED
    assert found.drops_rest(Hook.OUTPUT, "ip6")
    assert not found.drops_rest(Hook.OUTPUT, "ip")


@pytest.mark.parametrize("switch", ["ENABLED=no", "", "ENABLED=yes\nENABLED=no", "#ENABLED=yes"])
def test_nothing_is_loaded_until_it_is_switched_on(switch: str) -> None:
    assert firewall(system(switch=switch)).chains == ()


def test_a_call_to_enable_switches_it_on() -> None:
    found = firewall(system(switch="ENABLED=no", start="::sysinit:/usr/sbin/ufw --force enable\n"))
    assert found.drops_rest(Hook.INPUT, "ip")


@pytest.mark.parametrize("command", ["ufw allow 23", "ufw default allow", "ufw enable\n::sysinit:ufw delete 1"])
def test_a_call_that_changes_rules_makes_them_unknown(command: str) -> None:
    assert isinstance(Collection(MemoryTree(system(start=f"::sysinit:{command}\n"))).get(Firewall), Unknown)


@pytest.mark.parametrize("path", ["etc/default/ufw", "etc/ufw/ufw.conf"])
def test_without_its_settings_it_is_unknown(path: str) -> None:
    files = system()
    del files[path]
    assert isinstance(Collection(MemoryTree(files)).get(Firewall), Unknown)


def test_a_script_of_the_makers_own_is_told() -> None:
    found = firewall({**system(), "etc/ufw/before.init": executable("#!/bin/sh\niptables -I INPUT -j ACCEPT\n")})
    assert "before.init" in found.unread[0]
    assert firewall({**system(), "etc/ufw/before.init": "#!/bin/sh\n"}).unread == ()


def test_rules_that_stood_before_stay_unless_the_chains_are_managed() -> None:
    start = "::sysinit:iptables -A INPUT -p tcp --dport 99 -j ACCEPT\n" + START
    files = system(start=start)
    assert firewall(files).reach_by("ip", "tcp", 99) is Reach.OPEN
    managed = str(files["etc/default/ufw"]).replace("BUILTINS=no", "BUILTINS=yes")
    assert firewall({**files, "etc/default/ufw": managed}).reach_by("ip", "tcp", 99) is Reach.CLOSED


def test_a_file_that_is_added_keeps_the_chains_that_stand() -> None:
    start = "::sysinit:iptables -P INPUT DROP\n::sysinit:iptables-restore -n /etc/more\n"
    more = "*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"
    found = firewall({"etc/inittab": start, "etc/more": more})
    assert (found.reach_by("ip", "tcp", 22), found.reach_by("ip", "tcp", 23)) == (Reach.OPEN, Reach.CLOSED)
