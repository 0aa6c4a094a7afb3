import re

from firmward.checks.service.cures.closing_socket import closed
from firmward.checks.service.cures.stopping import stopped
from firmward.facts import net_program, plumbing
from firmward.facts.closings import Closings
from firmward.facts.containers import Containers
from firmward.facts.exposure import by_key, described, reach
from firmward.facts.firewall import Firewall
from firmward.facts.listeners import Listener, Listeners
from firmward.facts.packet_filter import Reach
from firmward.facts.startup import Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Remove, Safety, Stage

POLICY = '[[listen]]\nport = 22\nprotocol = "tcp"\nservice = "dropbear"\nfrom = "lan"\n'
INCLUDED = re.compile(r"/(?:conf|http|dnsmasq|sites|mods)(?:\.d|-enabled|\.conf\.d)/[^/]+$")
"""Files that a main configuration takes in, which works without them too."""
SEVERITY = {Reach.OPEN: None, Reach.NARROWED: Severity.MEDIUM, Reach.CLOSED: Severity.LOW}


@check(
    title="A socket listens that the policy does not declare",
    severity=Severity.HIGH,
    practice="P20 P17",
    cwe=1125,
    bad=(
        Example({"etc/inittab": "::respawn:/usr/sbin/telnetd -F\n::respawn:/usr/sbin/dropbear -F\n"}, POLICY),
        Example(
            {"etc/inittab": "::respawn:/usr/sbin/dnsmasq -k\n", "etc/dnsmasq.conf": "port=5300\n"},
            '[[listen]]\nport = 5300\nprotocol = "udp"\nfrom = "local"\n'
            '[[listen]]\nport = 5300\nprotocol = "tcp"\nfrom = "local"\n',
        ),
    ),
    good=(
        Example({"etc/inittab": "::respawn:/usr/sbin/dropbear -F\n"}, POLICY),
        Example(
            {
                "etc/inittab": "::respawn:/usr/sbin/dropbear -F\n::respawn:/usr/sbin/dnsmasq -k\n",
                "etc/dnsmasq.conf": "interface=lo\nbind-interfaces\n",
            },
            POLICY,
        ),
    ),
)
def undeclared_listener(
    listeners: Listeners,
    policy: Policy,
    firewall: Firewall | Unknown | None,
    closings: Closings | Unknown | None,
    startup: Startup | Unknown | None,
    containers: Containers | Unknown | None,
) -> Findings:
    """Every open socket is code that a stranger can talk to before any login, and every one that nobody decided to have
    is one that nobody updates, limits or watches. What the policy declares is also what firewall rules, containment and
    fleet alarms are made from: a service that listens beside it stands outside of all of them.
    """
    for key, group in by_key(listeners.reachable):
        listener = group[0]
        problem = _problem(listener, policy)
        if problem:
            reached = reach(listener, firewall)
            yield Finding(
                key,
                f"{described(listener)} {problem}{_firewalled(reached)}",
                at=listener.at,
                remedy=closed(key, group, _siblings(listener, listeners), policy, startup, containers)
                or _remedy(listener, listeners, policy, closings),
                severity=SEVERITY[reached] if listener.certain else Severity.MEDIUM,
                evidence=f"{listener.key} {listener.address or 'all addresses'}",
            )
    if listeners.unread:
        raise Unavailable("; ".join(listeners.unread[:5]))


def _problem(listener: Listener, policy: Policy) -> str | None:
    verb = "listens" if listener.certain else "may listen"
    declared = [one for one in policy.listen if (one.protocol, one.port) == (listener.protocol, listener.port)]
    if not declared:
        return f"{verb} and the policy does not declare it"
    if all(one.peer == "local" for one in declared):
        return f"{verb} for others, and the policy declares it for the device itself"
    return None


def _firewalled(reached: Reach) -> str:
    return {
        Reach.OPEN: "",
        Reach.NARROWED: "; the firewall lets some reach it",
        Reach.CLOSED: "; the firewall keeps others away",
    }[reached]


def _siblings(listener: Listener, listeners: Listeners) -> list[Listener]:
    """All sockets of the same program."""
    return [one for one in listeners.listeners if (one.service, one.program) == (listener.service, listener.program)]


def _remedy(listener: Listener, listeners: Listeners, policy: Policy, closings: Closings | Unknown | None) -> Remedy:
    """Of a program that cannot be told to close one socket: it starts no more when all that it opens is undeclared; a
    file of settings that opens nothing else is left out; else a person decides."""

    def is_declared(one: Listener) -> bool:
        return policy.allows_listening(one.protocol, one.port)

    siblings = _siblings(listener, listeners)
    found = closings.of(listener.service, listener.program) if isinstance(closings, Closings) else ()
    if found and not any(is_declared(one) for one in siblings):
        # what every system needs, and who calls what the policy lets it call, does more than listen
        is_basic = plumbing.is_basic(listener.program) and listener.program not in net_program.SHELLS
        is_needed = is_basic or any(
            (one.protocol, one.port) == (listener.protocol, listener.port) for one in policy.egress
        )
        return stopped(
            f"Stop starting {listener.service}, or declare {listener.key} in device.toml",
            found,
            None if is_needed else policy,
            (listener.program,),
            breaks=f"who uses {listener.program} on {listener.key} finds it gone",
        )
    path = listener.at.path or ""
    beside = [one for one in listeners.listeners if one.at.path == path]
    if INCLUDED.search(path) and not any(is_declared(one) for one in beside):
        summary = f"Leave /{path} out, which opens {listener.key}, or declare it in device.toml"
        breaks = f"{listener.program} does nothing any more of what /{path} says, more than sockets among it"
        return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, (Remove(path),), breaks)
    summary = f"Declare {listener.key} in device.toml, or take it out of {listener.at}"
    return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
