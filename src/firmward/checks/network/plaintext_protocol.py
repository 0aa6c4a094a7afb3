from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.declared_services import is_alone, undeclared
from firmward.facts.exposure import described, reach
from firmward.facts.firewall import Firewall
from firmward.facts.listeners import Application, Listener, Listeners
from firmward.facts.packet_filter import Reach
from firmward.facts.plain_clients import PlainClient, PlainClients
from firmward.facts.startup import Start, Startup
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Change, CloseSocket, DisableService, Remedy, Safety, SetOption, Stage, by_changes


@dataclass(frozen=True, slots=True)
class Row:
    """One protocol in clear. `protocol` narrows it to TCP or UDP."""

    key: str
    speaks: tuple[Application, ...]
    severity: Severity
    why: str
    instead: str
    protocol: str | None = None


A = Application
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

ROWS = (
    Row("telnet", (A.TELNET,), CRITICAL, "passwords and commands cross the network in clear", "use SSH with keys"),
    Row("rsh", (A.RSH,), CRITICAL, "commands cross the network in clear, trusted by address", "use SSH with keys"),
    Row("udp-command", (A.COMMAND,), CRITICAL, "unencrypted datagrams are taken as commands",
        "take commands over TLS with a client certificate, or over SSH", protocol="udp"),
    Row("docker", (A.DOCKER,), CRITICAL, "whoever connects is root, and nothing is encrypted",
        "keep the socket local, or demand client certificates with --tlsverify"),
    Row("ftp", (A.FTP,), HIGH, "passwords and files cross the network in clear", "use SFTP, or HTTPS"),
    Row("tftp", (A.TFTP,), HIGH, "files are handed out in clear to whoever asks", "fetch files by HTTPS"),
    Row("http", (A.HTTP,), HIGH, "pages, passwords and sessions cross the network in clear",
        "serve HTTPS, and answer plain HTTP with nothing but a redirection"),
    Row("mqtt", (A.MQTT,), HIGH, "messages and passwords cross the network in clear",
        "give the listener a certfile and a keyfile, on port 8883"),
    Row("snmp", (A.SNMP,), HIGH, "versions 1 and 2c send their community in clear",
        "take SNMPv3 users with authPriv alone, or switch the agent off"),
    Row("modbus", (A.MODBUS,), HIGH, "whoever reaches it may read and write every register",
        "keep it on an inside zone, or put it behind TLS (Modbus Security, port 802)"),
    Row("coap", (A.COAP,), HIGH, "requests and answers cross the network in clear", "use CoAP over DTLS or OSCORE"),
    Row("debugger", (A.DEBUGGER,), CRITICAL, "whoever connects controls a process", "take the debugger out"),
    Row("vnc", (A.VNC,), HIGH, "the screen, keys and a weak password cross the network in clear",
        "bind it to the device itself and reach it through SSH"),
    Row("x11", (A.X11,), HIGH, "the screen and every key pressed cross the network in clear",
        "start the server without -listen tcp"),
    Row("redis", (A.REDIS,), HIGH, "data and passwords cross the network in clear", "bind it to 127.0.0.1"),
    Row("database", (A.DATABASE,), MEDIUM, "data cross the network in clear unless each client asks for TLS",
        "bind it to 127.0.0.1, or demand TLS"),
    Row("rtsp", (A.RTSP,), MEDIUM, "pictures and passwords cross the network in clear", "use RTSPS, or SRTP with keys"),
)  # fmt: skip

LOWER = {CRITICAL: MEDIUM, HIGH: LOW, MEDIUM: LOW}


@check(
    title="A service speaks without encryption",
    severity=Severity.HIGH,
    practice="P18 P17",
    cwe=319,
    bad=(
        Example({"etc/inittab": "::respawn:/usr/sbin/telnetd -F\n"}),
        Example(
            {
                "etc/inittab": "::respawn:/usr/bin/sensord --config=/etc/sensor.toml\n",
                "etc/sensor.toml": '[broker]\nurl = "mqtt://broker.example:1883"\n',
            }
        ),
        Example(
            {
                "etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\n",
                "etc/lighttpd/lighttpd.conf": 'server.port = 80\nserver.document-root = "/var/www"\n',
            }
        ),
    ),
    good=(
        Example(
            {
                "etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\n",
                "etc/lighttpd/lighttpd.conf": (
                    'server.port = 443\nssl.engine = "enable"\n'
                    '$SERVER["socket"] == ":80" { url.redirect = ("" => "https://${url.authority}${url.path}") }\n'
                ),
            }
        ),
        Example({"etc/inittab": "::respawn:/usr/sbin/dropbear -F\n"}),
    ),
)
def plaintext_protocol(
    listeners: Listeners,
    firewall: Firewall | Unknown | None,
    clients: PlainClients | Unknown | None,
    startup: Startup | Unknown | None,
    policy: Policy | None,
) -> Findings:
    """Whoever shares the network (an infected device beside it, the owner's router, the provider) reads and changes
    what is sent in clear. Passwords seen once open the device for good; commands and updates in clear can be forged. A
    protocol that has no encryption cannot be repaired by a strong password. A client of a broker counts like a server.

    What the policy declares is the product: to give it encryption takes certificates, and is for a person. A socket
    that it does not declare is kept for the device itself, or its service is started no more, and both are safe.
    Without a policy that is done for what nobody should have (telnet, rsh, debuggers), and is not safe.
    """
    reachable = listeners.reachable
    for row in ROWS:
        found = [one for one in reachable if _is(row, one)]
        if found:
            ordered = sorted(found, key=lambda one: (one.port, not one.everywhere))
            yield _finding(row, ordered, firewall, _remedy(row, ordered, startup, policy))
    unread = listeners.unread
    if isinstance(clients, PlainClients):
        yield from (_client(client) for client in clients.clients)
        unread += clients.unread
    if unread:
        raise Unavailable("; ".join(unread[:5]))


def _client(client: PlainClient) -> Finding:
    return Finding(
        f"{client.program} {client.protocol} {client.host}",
        f"{client.program} speaks {client.protocol} with {client.host}: "
        "passwords and messages cross the network in clear",
        at=client.at,
        remedy=Remedy(
            f"Speak {client.protocol}s with {client.host}, and verify it by the maker's CA certificate",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
        evidence=f"{client.protocol}://{client.host}",
    )


def _is(row: Row, listener: Listener) -> bool:
    return listener.speaks in row.speaks and row.protocol in (None, listener.protocol)


def _finding(row: Row, found: list[Listener], firewall: Firewall | Unknown | None, remedy: Remedy) -> Finding:
    order = (Reach.OPEN, Reach.NARROWED, Reach.CLOSED)
    reached = min((reach(one, firewall) for one in found), key=order.index)
    places = dict.fromkeys(described(one) for one in found)
    severity = row.severity if reached is Reach.OPEN else LOWER[row.severity]
    blocked = "; the firewall keeps others away" if reached is Reach.CLOSED else ""
    return Finding(
        row.key,
        f"{', '.join(places)}: {row.why}{blocked}",
        at=found[0].at,
        remedy=remedy,
        severity=severity if found[0].certain else max(severity, MEDIUM, key=lambda one: one.rank),
        evidence=" ".join(dict.fromkeys(one.key for one in found)),
    )


NEVER = (A.TELNET, A.RSH, A.DEBUGGER, A.COMMAND)
"""What no product should have, whoever declares nothing."""
LOCAL = "127.0.0.1"


def _remedy(row: Row, found: list[Listener], startup: Startup | Unknown | None, policy: Policy | None) -> Remedy:
    summary = f"{row.instead[0].upper()}{row.instead[1:]}"
    manual = Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    safeties = {undeclared(policy, one.program, one.service, [(one.protocol, one.port)]) for one in found}
    declares = policy is not None and bool(policy.listen or policy.service)
    if safeties != {Safety.SAFE} and (declares or not all(one.speaks in NEVER for one in found)):
        return manual
    changes: dict[Change, None] = {}
    for one in found:
        closing = tuple(_closed(one, startup))
        if not closing:
            return manual
        changes |= dict.fromkeys(closing)
    breaks = "who uses it from elsewhere does so no more"
    (safety,) = safeties
    return by_changes(f"Close it, since nothing declares it; or {row.instead}", safety, tuple(changes), breaks)


def _closed(listener: Listener, startup: Startup | Unknown | None) -> Iterator[Change]:
    """A socket kept for the device itself where its program can, else the service that has it started no more."""
    path = listener.at.path or ""
    match listener.program, listener.speaks:
        case "mosquitto", _ if path.endswith(".conf") and listener.at.line and not listener.forwarded_to:
            yield CloseSocket(listener.program, path, listener.protocol, listener.port)
        case "redis-server", _ if path.endswith(".conf"):
            yield SetOption(path, "bind", LOCAL)
        case "dnsmasq", A.TFTP if path.endswith((".conf", "etc/config/dhcp")):
            yield CloseSocket(listener.program, path, listener.protocol, listener.port)
        case _:
            yield from _unstarted(listener, startup)


def _unstarted(listener: Listener, startup: Startup | Unknown | None) -> Iterator[Change]:
    for process in startup.processes if isinstance(startup, Startup) else ():
        is_its = process.service == listener.service and process.start is not Start.DISABLED
        if is_its and isinstance(startup, Startup) and is_alone(startup, process):
            yield DisableService(process.manager.value, process.service)
            return
