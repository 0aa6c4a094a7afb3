from firmward.facts.exposure import by_key, described, reach
from firmward.facts.firewall import Firewall
from firmward.facts.listeners import Listener, Listeners
from firmward.facts.packet_filter import Reach
from firmward.facts.startup import Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import DisableService, Remedy, Safety, Stage

POLICY = '[[listen]]\nport = 22\nprotocol = "tcp"\nservice = "dropbear"\nfrom = "lan"\n'
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
    listeners: Listeners, policy: Policy, firewall: Firewall | Unknown | None, startup: Startup | Unknown | None
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
                remedy=_remedy(listener, listeners, policy, startup),
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


def _remedy(listener: Listener, listeners: Listeners, policy: Policy, startup: Startup | Unknown | None) -> Remedy:
    """Its service is switched off when all that it opens is undeclared; else a person decides."""
    siblings = [one for one in listeners.reachable if one.service == listener.service]
    managers = (
        [process.manager for process in startup.processes if process.service == listener.service and process.is_service]
        if isinstance(startup, Startup)
        else []
    )
    needed = any(policy.allows_listening(one.protocol, one.port) for one in siblings)
    if needed or not managers:
        return Remedy(
            f"Declare {listener.key} in device.toml, or take it out of {listener.at}", Safety.MANUAL, Stage.SOURCE
        )
    return Remedy(
        f"Stop starting {listener.service}, or declare {listener.key} in device.toml",
        Safety.UNSAFE,
        Stage.IMAGE,
        (DisableService(managers[0].value, listener.service),),
    )
