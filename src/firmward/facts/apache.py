"""The Apache servers that start: the sockets that they open and what of TLS they set.

Rules, from the manual of 2.4 (core, mod_ssl, mod_alias, mod_rewrite). Every `Listen [ADDRESS:]PORT [PROTOCOL]` opens a
socket, a virtual host opens none; it speaks TLS where `SSLEngine` is on for a virtual host of that port or for all, and
unless switched off where its protocol is https, as it is for port 443. An option of TLS holds for a virtual host where
it stands there, else as outside of all; the last one counts. `SSLProtocol` and `SSLCipherSuite` that hold for no server
with TLS decide nothing. Reading and conditions: apache_file.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from firmward.facts import apache_file
from firmward.facts.apache_file import Line
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.startup import Process, Startup
from firmward.facts.tls_setting import TlsSetting
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "apache2"
SERVER_OPTIONS = ("sslprotocol", "sslciphersuite", "sslopensslconfcmd")
PROXY_OPTIONS = ("sslproxyprotocol", "sslproxyciphersuite", "sslproxyverify", "sslproxycheckpeername")
NAMES = frozenset((*SERVER_OPTIONS, *PROXY_OPTIONS, "sslengine"))
ENGINE = ("sslengine",)
HOSTS_LIMIT = 1000
SOCKETS_LIMIT = 1000
EVERY_PATH = frozenset(("/", "^", ".*", "^.*$", "(.*)", "^(.*)$", "^/(.*)$", "^/?(.*)$", "^/?(.*)"))

Host = Location | None
"""Where a virtual host begins; None for what stands outside of all."""


@dataclass(frozen=True, slots=True)
class Apache:
    """All servers that start: `listeners` are their sockets, `tls` what they set of TLS, `unread` says what could
    not be read.
    """

    listeners: tuple[Listener, ...]
    tls: tuple[TlsSetting, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> Apache | None:
    processes = [one for one in startup.running(*apache_file.NAMES, "httpd") if apache_file.is_apache(tree, one)]
    if not processes:
        return None
    found = [_server(tree, process) for process in processes]
    return Apache(
        tuple(listener for server in found for listener in server.listeners),
        tuple(dict.fromkeys(setting for server in found for setting in server.tls)),
        tuple(dict.fromkeys(reason for server in found for reason in server.unread)),
    )


def _server(tree: Tree, process: Process) -> Apache:
    lines, unread = apache_file.read(tree, process)
    if not lines:
        reason = f"{process.at}: no configuration of {process.program} could be read"
        guess = Listener("tcp", 80, "", process.program, process.service, process.at, False, Application.HTTP)
        return Apache((guess,), unread=(*unread, reason))
    server = parse_server(lines, process)
    return Apache(server.listeners, server.tls, (*server.unread, *unread))


def parse_server(lines: tuple[Line, ...], process: Process) -> Apache:
    """The sockets and the settings of one server whose directives these are."""
    hosts = _Hosts(lines)
    listeners: dict[tuple[str, int], Listener] = {}
    unread: list[str] = []
    for line in lines:
        if line.name != "listen" or len(line.words) < 2:
            continue
        if len(listeners) >= SOCKETS_LIMIT:
            unread.append(f"{line.at}: more than {SOCKETS_LIMIT} sockets")
            break
        place = None if "$" in line.words[1] else split_endpoint(line.words[1])
        if place is None:
            unread.append(f"{line.at}: {line.words[1]} cannot be worked out")
            continue
        speaks = hosts.speaks(place[1], "".join(line.words[2:3]).lower())
        listeners[place] = Listener("tcp", place[1], place[0], process.program, process.service, line.at, speaks=speaks)
    if hosts.are_too_many:
        unread.append(f"{process.program} has more than {HOSTS_LIMIT} virtual hosts")
    return Apache(tuple(listeners.values()), tuple(hosts.tls()), tuple(unread))


class _Hosts:
    """The virtual hosts of a configuration, and what holds for each."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.are_too_many = False
        self._addresses: dict[Host, tuple[str, ...]] = {None: ()}
        self._last: dict[Host, dict[tuple[str, ...], Line]] = {None: {}}
        self._redirects: set[Host] = set()
        for line in lines:
            if line.host not in self._addresses:
                if len(self._addresses) >= HOSTS_LIMIT:
                    self.are_too_many = True
                    continue
                section = next(section for section in line.within if section[0] == "virtualhost")
                self._addresses[line.host] = section[1:]
                self._last[line.host] = {}
            if line.name in NAMES and len(line.words) > 1:
                self._last[line.host].pop(_key(line), None)  # the last one counts, and so stands last
                self._last[line.host][_key(line)] = line
            if _redirects_all(line):
                self._redirects.add(line.host)

    def speaks(self, port: int, protocol: str) -> Application:
        """What is spoken on the port that a Listen names, with the protocol that it names."""
        hosts = [host for host in self._addresses if host is not None and self._answers(host, port)]
        engines = {self._engine(host) for host in hosts or (None,)}
        if engines & {"on", "optional"}:
            return Application.HTTPS
        if "off" not in engines and (protocol == "https" or (port == 443 and not protocol)):
            return Application.HTTPS
        return Application.HTTP_REDIRECT if hosts and self._redirects.issuperset(hosts) else Application.HTTP

    def tls(self) -> Iterator[TlsSetting]:
        """The settings that hold for a server with TLS, and those for connections to servers behind."""
        for host, addresses in self._addresses.items():
            named_443 = any(_port(address) == 443 for address in addresses)
            engine = self._engine(host) or ("on" if named_443 else "")
            own = SERVER_OPTIONS if engine in ("on", "optional") else ()
            for (name, *_), line in self._in_force(host).items():
                if name in own or (name in PROXY_OPTIONS and line.host == host):
                    yield _setting(line, addresses)

    def _engine(self, host: Host) -> str:
        line = self._last[host].get(ENGINE) or self._last[None].get(ENGINE)
        return line.words[1].lower() if line is not None else ""

    def _in_force(self, host: Host) -> dict[tuple[str, ...], Line]:
        """The last of each directive for a host: its own before those outside of all hosts."""
        return self._last[None] | self._last[host]

    def _answers(self, host: Host, port: int) -> bool:
        return any(_port(address) in (None, port) for address in self._addresses[host])


def _key(line: Line) -> tuple[str, ...]:
    """Commands of OpenSSL's and ciphers of one version stand beside each other."""
    stands_beside = "cipher" in line.name or line.name == "sslopensslconfcmd"
    return (line.name, *(word.lower() for word in line.words[1:-1])) if stands_beside else (line.name,)


def _port(address: str) -> int | None:
    """The port of a virtual host; None for `*` and names, which take every port."""
    place = split_endpoint(address.replace(":*", ""), 0)
    return place[1] or None if place is not None else None


COMMANDS: Mapping[str, str] = {"minprotocol": "minprotocol", "protocol": "protocol", "cipherstring": "cipherstring"}
"""Commands of OpenSSL's configuration that say what others say too."""


def _setting(line: Line, addresses: tuple[str, ...]) -> TlsSetting:
    option, words = line.name, line.words[1:]
    if option == "sslopensslconfcmd":
        option, words = COMMANDS.get(words[0].lower(), option), words[1:]
    elif "cipher" in option and len(words) > 1:
        words = words[1:] if words[0].lower() == "ssl" else ("",)  # those of TLS 1.3 are all sound
    return TlsSetting(PROGRAM, option, " ".join(words), line.at, " ".join(addresses) or None)


def _redirects_all(line: Line) -> bool:
    """`Redirect permanent / https://...` or `RewriteRule ^ https://... [R]` for every path."""
    match line.words:
        case ("redirect" | "redirectpermanent" | "redirectmatch", *_, path, target):
            return path in EVERY_PATH and target.lower().startswith("https://") and not _is_narrow(line)
        case ("rewriterule", pattern, target, *_):
            return pattern in EVERY_PATH and target.lower().startswith("https://") and not _is_narrow(line)
    return False


def _is_narrow(line: Line) -> bool:
    """It stands in a section for some requests alone."""
    return any(
        section[0] not in ("virtualhost", "ifmodule", "ifdefine", "ifversion", "iffile") for section in line.within
    )
