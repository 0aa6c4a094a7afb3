"""ssh-forwarding"""

from collections.abc import Iterator

from firmward.facts.declared_logins import nothing_goes_through
from firmward.facts.dropbear import DropbearServer
from firmward.facts.running_ssh import RunningSsh
from firmward.facts.sshd import Case, Server, Setting
from firmward.model.check import Example, Findings, check
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Safety, SetOption, by_changes

SSHD = "etc/ssh/sshd_config"
FORWARDING = ("allowtcpforwarding", "allowstreamlocalforwarding", "allowagentforwarding", "x11forwarding")


@check(
    title="SSH forwards connections",
    severity=Severity.LOW,
    practice="P21 P35",
    cwe=441,
    bad=(
        Example({SSHD: "PermitRootLogin no\n"}),
        Example({SSHD: "DisableForwarding yes\nPermitTunnel yes\n"}),
        Example({"etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-j -a"\n'}),
    ),
    good=(
        Example({SSHD: "DisableForwarding yes\n"}),
        Example({SSHD: "AllowTcpForwarding no\nAllowStreamLocalForwarding no\nAllowAgentForwarding no\n"}),
        Example({"etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-j -k"\n'}),
    ),
)
def ssh_forwarding(ssh: RunningSsh, policy: Policy | None) -> Findings:
    """Through a forwarded port, whoever logs in, even to an account that may run nothing, reaches what lies behind the
    device: its own local services and the network that a firewall keeps from him. It is medium where others may use the
    forwarded ports (GatewayPorts, -a) or where whole networks are tunnelled. It is safe to switch off where the policy
    declares the network, and neither a flow between zones nor an account for tunnels.
    """
    safety = Safety.SAFE if nothing_goes_through(policy) else Safety.UNSAFE
    for server in ssh.openssh:
        yield from _openssh(server, server.general, safety)
    for small in ssh.dropbear:
        if small.local_forwarding or small.remote_forwarding:
            yield _dropbear(small, safety)
    ssh.require_all_read()


BREAKS = "who reaches another service or network through the device's SSH does so no more"
SINCE = (7, 4)
"""The version that knows DisableForwarding."""


def _openssh(server: Server, case: Case, safety: Safety) -> Iterator[Finding]:
    is_off = case.get("disableforwarding").is_on
    open_ways = [case.get(keyword) for keyword in FORWARDING if case.get(keyword).is_on and not is_off]
    gateway = case.get("gatewayports")
    if open_ways:
        is_wide = gateway.is_on and open_ways[0].keyword == "allowtcpforwarding"
        words = [str(setting) for setting in (*open_ways, *([gateway] if is_wide else []))]
        yield Finding(
            server.name,
            f"{server.name} forwards: {', '.join(words)}",
            at=next((setting.at for setting in open_ways if setting.at), Location(server.path)),
            remedy=by_changes("Switch all forwarding off", safety, tuple(_off(server, case, open_ways)), BREAKS),
            severity=Severity.MEDIUM if is_wide else None,
        )
    tunnel = case.get("permittunnel")
    if tunnel.is_on:
        yield Finding(
            f"{server.name} tunnel",
            f"{server.name} tunnels networks: {tunnel}",
            at=tunnel.at or Location(server.path),
            remedy=by_changes("Forbid tunnels", safety, (server.change(tunnel, "no"),), BREAKS),
            severity=Severity.MEDIUM,
        )


def _off(server: Server, case: Case, ways: list[Setting]) -> Iterator[SetOption]:
    """By the one option for all where the program knows it; a server would not start with one that it does not."""
    if server.version is None or server.version >= SINCE:
        yield server.change(case.get("disableforwarding"), "yes")
    else:
        yield from (server.change(way, "no") for way in ways)


def _dropbear(server: DropbearServer, safety: Safety) -> Finding:
    # OpenWrt's script knows GatewayPorts alone, and has nothing for forwarding itself
    changes = server.change("GatewayPorts" if server.gateway_ports else "", "off", "-j", "-k", "no -a")
    ways = {"local": server.local_forwarding, "remote": server.remote_forwarding}
    words = [way for way, is_on in ways.items() if is_on]
    others = ", for others than the device too" if server.gateway_ports else ""
    return Finding(
        server.name,
        f"{server.name} forwards {' and '.join(words)} ports{others}",
        at=server.at,
        remedy=by_changes("Start dropbear with -j -k", safety, changes, BREAKS),
        severity=Severity.MEDIUM if server.gateway_ports else None,
    )
