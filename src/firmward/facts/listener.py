"""One socket that waits for others, and the words for what is spoken on it."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.number import is_number
from firmward.model.location import Location


class Application(StrEnum):
    """What is spoken on a socket, as far as its configuration tells."""

    UNKNOWN = "unknown"
    COAP = "coap"
    COAPS = "coaps"
    COMMAND = "command"
    """A program gets what the socket receives, or executes it."""
    DATABASE = "database"
    DEBUGGER = "debugger"
    DHCP = "dhcp"
    DNS = "dns"
    DOCKER = "docker"
    FTP = "ftp"
    FTPS = "ftps"
    HTTP = "http"
    HTTP_REDIRECT = "http-redirect"
    """Plain HTTP that answers with nothing but a redirection to HTTPS."""
    HTTPS = "https"
    MDNS = "mdns"
    MODBUS = "modbus"
    MQTT = "mqtt"
    MQTTS = "mqtts"
    NAT_PMP = "nat-pmp"
    NFS = "nfs"
    NTP = "ntp"
    PRINTING = "printing"
    PROXY = "proxy"
    REDIS = "redis"
    RSH = "rsh"
    RTSP = "rtsp"
    SMB = "smb"
    SNMP = "snmp"
    SNMP_V3 = "snmp-v3"
    """SNMP that knows no community, only users of version 3."""
    SSH = "ssh"
    TELNET = "telnet"
    TFTP = "tftp"
    TUNNEL = "tunnel"
    UPNP = "upnp"
    VNC = "vnc"
    X11 = "x11"


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that a program opens, or that a manager opens for it.

    `address` is empty for all addresses; `0.0.0.0` and `::` are all of one family. It is a host's or interface's name
    where the configuration says no more. `certain` is false where something that cannot be read may change it.
    """

    protocol: str
    port: int
    address: str
    program: str
    service: str
    at: Location
    certain: bool = True
    speaks: Application = Application.UNKNOWN
    forwarded_to: int | None = None
    """The port of a container that an engine leads what comes here to, past the rules for the device's own sockets."""

    @property
    def key(self) -> str:
        return f"{self.protocol}/{self.port}"

    @property
    def is_local(self) -> bool:
        """Only the device itself can reach it."""
        return is_loopback(self.address)

    @property
    def everywhere(self) -> bool:
        return self.address in ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound


def is_loopback(address: str) -> bool:
    if address in ("localhost", "lo", "ip6-localhost", "localhost.localdomain"):
        return True
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def plain_address(text: str) -> str:
    """An address as configuration files write it, without brackets; empty where it means all."""
    bare = text.strip().strip("[]")
    return "" if bare in ("*", "any", "ANY") else bare


def split_endpoint(text: str, default: int | None = None) -> tuple[str, int] | None:
    """The address and port of `80`, `:80`, `*:80`, `10.0.0.1:80`, `[::]:80`, `[::1]` or `host`; None when neither."""
    host, port = _split(text.strip())
    if port is None:
        return None if default is None else (plain_address(host), default)
    if not is_number(port) or not 0 < int(port) < 65536:
        return None
    return plain_address(host), int(port)


def _split(text: str) -> tuple[str, str | None]:
    if is_number(text):
        return "", text
    if text.startswith("["):
        host, _, rest = text.partition("]")
        return host, rest[1:] if rest.startswith(":") else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None
