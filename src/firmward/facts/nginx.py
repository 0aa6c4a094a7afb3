"""The nginx servers that start: the sockets that they open and what of TLS they set.

Rules, from nginx's manual:

- A `server` of the `http` block opens what its `listen` directives say, port 80 without any; `listen ... ssl` (or the
  older `ssl on`) speaks TLS, `quic` is UDP. Several servers may share a socket. A `server` of `stream` and `mail` opens
  its own, UDP where it says `udp`.
- `listen [::]:80` is IPv6 alone (`ipv6only=off` for both), `listen 80` IPv4 alone.
- A server that answers everything with `return 301 https://...` serves nothing in clear.
- The file is `-c`'s, else etc/nginx/nginx.conf; `-g` adds directives; includes are relative to the file's folder.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.startup import Process, Startup
from firmward.facts.tls_setting import TlsSetting
from firmward.formats.nginx import Directive, parse, walk
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

PROGRAM = "nginx"
DEFAULT_FILE = "etc/nginx/nginx.conf"
TLS_OPTIONS = ("ssl_protocols", "ssl_ciphers", "proxy_ssl_verify", "proxy_ssl_protocols", "ssl_verify_client")
REDIRECT_CODES = ("301", "302", "307", "308")


@dataclass(frozen=True, slots=True)
class Nginx:
    """All servers that start: `listeners` are their sockets, `tls` what they set of TLS, `unread` says what could
    not be read.
    """

    listeners: tuple[Listener, ...]
    tls: tuple[TlsSetting, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> Nginx | None:
    processes = startup.running(PROGRAM)
    if not processes:
        return None
    found = [_server(tree, process) for process in processes]
    return Nginx(
        tuple(listener for server in found for listener in server.listeners),
        tuple(setting for server in found for setting in server.tls),
        tuple(dict.fromkeys(reason for server in found for reason in server.unread)),
    )


def parse_servers(directives: Iterable[Directive], service: str) -> Nginx:
    """The effective sockets of one configuration that was read."""
    top = tuple(directives)
    listeners: dict[tuple[str, str, int], Listener] = {}
    unread: list[str] = []
    for kind in ("http", "stream", "mail"):
        for server in (server for block in top if block.name == kind for server in walk(block.block or (), "server")):
            if server.block is None:
                continue
            for listener in _sockets(server, kind, service, unread):
                place = (listener.protocol, listener.address, listener.port)
                listeners[place] = _worse(listeners.get(place), listener)
    is_server = any(_is_encrypted(server.block or ()) for server in walk(top, "server"))
    names = (name for name in TLS_OPTIONS if is_server or name.startswith("proxy_"))
    tls = (_setting(option) for name in names for option in walk(top, name))
    return Nginx(tuple(listeners.values()), tuple(tls), tuple(unread))


def _server(tree: Tree, process: Process) -> Nginx:
    path = command_line.read(command_line.own_words(process.argv), letters="cgpe").get("c") or DEFAULT_FILE
    files = ConfigurationFiles(tree)
    text = files.main(path)
    if text is None:
        guess = Listener("tcp", 80, "", PROGRAM, process.service, process.at, False, Application.HTTP)
        return Nginx((guess,), unread=tuple(files.unread))
    try:
        directives = parse(text, path.lstrip("/"), lambda name, at: files.included(name, at, folder_of(path)))
    except Unavailable as reason:
        return Nginx((), unread=(*files.unread, str(reason)))
    server = parse_servers(directives, process.service)
    return Nginx(server.listeners, server.tls, (*server.unread, *files.unread))


def _sockets(server: Directive, kind: str, service: str, unread: list[str]) -> Iterator[Listener]:
    block = server.block or ()
    listens = [directive for directive in block if directive.name == "listen"]
    if not listens and kind == "http":
        speaks = Application.HTTP_REDIRECT if _redirects(block) else Application.HTTP
        yield Listener("tcp", 80, "0.0.0.0", PROGRAM, service, server.at, speaks=speaks)  # noqa: S104
    for listen in listens:
        if len(listen.words) < 2 or listen.words[1].startswith("unix:"):
            continue
        place = split_endpoint(listen.words[1], 80)
        if place is None:
            unread.append(f"{listen.at}: {listen.words[1]} cannot be worked out")
            continue
        flags = listen.words[2:]
        protocol = "udp" if "udp" in flags or "quic" in flags else "tcp"
        speaks = _speaks(flags, block, kind)
        yield Listener(
            protocol, place[1], _address(listen.words[1], place[0]), PROGRAM, service, listen.at, True, speaks
        )


def _address(written: str, address: str) -> str:
    return "::" if written.startswith("[::]") else address or "0.0.0.0"  # noqa: S104 - what nginx takes


def _speaks(flags: Iterable[str], block: Iterable[Directive], kind: str) -> Application:
    encrypted = "ssl" in flags or "quic" in flags or any(directive.words == ("ssl", "on") for directive in block)
    if kind != "http":
        return Application.UNKNOWN
    if encrypted:
        return Application.HTTPS
    return Application.HTTP_REDIRECT if _redirects(block) else Application.HTTP


def _is_encrypted(block: Iterable[Directive]) -> bool:
    """A server with TLS on one of its sockets; without one its settings are asked by nobody."""
    directives = tuple(block)
    listens = [directive.words[2:] for directive in directives if directive.name == "listen"]
    return any({"ssl", "quic"} & set(flags) for flags in listens) or any(
        one.words == ("ssl", "on") for one in directives
    )


def _redirects(block: Iterable[Directive]) -> bool:
    """It returns to HTTPS for every path: at the server's level, or in its only location, `/`."""
    directives = tuple(block)
    locations = [directive for directive in directives if directive.name == "location"]
    if any(_returns(directive) for directive in directives):
        return True
    return (
        bool(locations)
        and all(any(_returns(inner) for inner in location.block or ()) for location in locations)
        and any(location.words[1:] == ("/",) for location in locations)
    )


def _returns(directive: Directive) -> bool:
    match directive.words:
        case ("return", code, target):
            return code in REDIRECT_CODES and target.startswith("https://")
        case ("return", target):
            return target.startswith("https://")
        case ("rewrite", _, target, *_):
            return target.startswith("https://")
        case _:
            return False


def _worse(known: Listener | None, new: Listener) -> Listener:
    """Of two servers on one socket, the one that gives more away."""
    if known is None or new.speaks is Application.HTTP:
        return new
    return known


def _setting(directive: Directive) -> TlsSetting:
    return TlsSetting(PROGRAM, directive.name, " ".join(directive.words[1:]), directive.at)
