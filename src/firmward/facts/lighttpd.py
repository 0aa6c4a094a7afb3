"""The lighttpd servers that start: the sockets that they open and what of TLS they set.

Rules, from the manual and tried out with the program:

- The first socket is `server.bind` (all IPv4 addresses unless set, IPv6 with `server.use-ipv6`) and `server.port`; the
  port is 80, or 443 where the global scope sets `ssl.engine`. Each `$SERVER["socket"]` block opens one more; without
  a port it takes the first one's.
- `ssl.engine` of the global scope is not handed down to a socket block: the block must set it itself.
- A plain socket that redirects everything to HTTPS, in its block, under `$HTTP["scheme"] == "http"` or globally, serves
  nothing in clear.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.number import is_number
from firmward.facts.startup import Process, Startup
from firmward.facts.tls_setting import TlsSetting
from firmward.formats.lighttpd import Condition, Reading, Setting, mapping, parse, texts
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "lighttpd"
DEFAULT_FILE = "etc/lighttpd/lighttpd.conf"
TLS_OPTIONS = ("ssl.use-sslv2", "ssl.use-sslv3", "ssl.cipher-list", "ssl.verifyclient.enforce")
EVERY_PATH = frozenset(("", "^", ".*", "^.*", "^.*$", "(.*)", "^(.*)", "^(.*)$", "^/(.*)", "^/(.*)$", "^/"))


@dataclass(frozen=True, slots=True)
class Lighttpd:
    """All servers that start: `listeners` are their sockets, `tls` what they set of TLS, `unread` says what could
    not be read.
    """

    listeners: tuple[Listener, ...]
    tls: tuple[TlsSetting, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> Lighttpd | None:
    processes = startup.running(PROGRAM)
    if not processes:
        return None
    found = [_server(tree, process) for process in processes]
    return Lighttpd(
        tuple(listener for server in found for listener in server.listeners),
        tuple(setting for server in found for setting in server.tls),
        tuple(dict.fromkeys(reason for server in found for reason in server.unread)),
    )


def parse_server(reading: Reading, main: Location, service: str) -> Lighttpd:
    """The effective sockets of one configuration that was read."""
    main_socket = _main(reading, main, service)
    sockets = {(main_socket.address, main_socket.port): main_socket} if main_socket else {}
    unread = list(reading.unread)
    for within, at in reading.blocks:
        condition = within[-1]
        if not _is_socket(condition) or condition.value.startswith("/"):
            continue
        place = split_endpoint(condition.value, main_socket.port if main_socket else None)
        if place is None:
            unread.append(f"{at}: {condition.value} cannot be worked out")
            continue
        scope = tuple(setting for setting in reading.settings if condition in setting.within)
        known = sockets.get(place)
        if known is None or condition.value:
            speaks = _speaks(scope, reading.settings, condition)
            sockets[place] = Listener("tcp", place[1], place[0] or "0.0.0.0", PROGRAM, service, at, speaks=speaks)  # noqa: S104
    if main_socket is None and not _is_unix(reading):
        unread.append(f"{main}: the port cannot be worked out")
    return Lighttpd(tuple(sockets.values()), tuple(_tls(reading.settings)), tuple(unread))


def _server(tree: Tree, process: Process) -> Lighttpd:
    path = command_line.read(command_line.own_words(process.argv), letters="fmi").get("f") or DEFAULT_FILE
    files = ConfigurationFiles(tree)
    text = files.main(path)
    if text is None:
        guess = Listener("tcp", 80, "", PROGRAM, process.service, process.at, False, Application.HTTP)
        return Lighttpd((guess,), unread=tuple(files.unread))
    base = folder_of(path)
    try:
        reading = parse(text, path.lstrip("/"), lambda name, at: files.included(name, at, base))
    except Unavailable as reason:
        return Lighttpd((), unread=(*files.unread, str(reason)))
    server = parse_server(reading, Location(path.lstrip("/")), process.service)
    return Lighttpd(server.listeners, server.tls, (*server.unread, *files.unread))


def _main(reading: Reading, main: Location, service: str) -> Listener | None:
    everywhere = [setting for setting in reading.settings if not setting.within]
    values = {setting.name: setting for setting in everywhere}
    has_tls = _enabled(values.get("ssl.engine"))
    bind, port = values.get("server.bind"), values.get("server.port")
    number = "".join(texts(port.value)) if port else ("443" if has_tls else "80")
    address = "".join(texts(bind.value)) if bind else ""
    if address.startswith("/"):
        return None
    place = split_endpoint(address, int(number) if is_number(number) and 0 < int(number) < 65536 else None)
    if place is None:
        return None
    at = port.at if port else (bind.at if bind else main)
    if bind and bind.at.path != at.path:  # where it would be bound otherwise
        at = bind.at
    host = place[0] or ("::" if _enabled(values.get("server.use-ipv6")) else "0.0.0.0")  # noqa: S104
    condition = Condition("SERVER", "socket", "==", f"{host}:{place[1]}")
    return Listener(
        "tcp", place[1], host, PROGRAM, service, at, speaks=_speaks(everywhere, reading.settings, condition)
    )


def _is_unix(reading: Reading) -> bool:
    binds = [setting for setting in reading.settings if setting.name == "server.bind" and not setting.within]
    return bool(binds) and "".join(texts(binds[-1].value)).startswith("/")


def _speaks(scope: Iterable[Setting], settings: Iterable[Setting], socket: Condition) -> Application:
    if _enabled({setting.name: setting for setting in scope}.get("ssl.engine")):
        return Application.HTTPS
    if any(_redirects_all(setting, socket) for setting in settings):
        return Application.HTTP_REDIRECT
    return Application.HTTP


def _redirects_all(setting: Setting, socket: Condition) -> bool:
    """It sends whatever comes on this socket to HTTPS."""
    if setting.name != "url.redirect" or not all(_holds(condition, socket) for condition in setting.within):
        return False
    return any(
        pattern in EVERY_PATH and "".join(texts(target)).startswith("https://")
        for pattern, target in mapping(setting.value).items()
    )


def _holds(condition: Condition, socket: Condition) -> bool:
    match condition:
        case Condition("HTTP", "scheme", "==", "http"):
            return True
        case Condition("HTTP", "host", "=~", pattern):
            return pattern in EVERY_PATH
        case Condition("SERVER", "socket", "==", _):
            return split_endpoint(condition.value) == split_endpoint(socket.value) or condition == socket
        case _:
            return False


def _tls(settings: Iterable[Setting]) -> Iterator[TlsSetting]:
    for setting in settings:
        section = next((condition.value for condition in setting.within if _is_socket(condition)), None)
        if setting.name == "ssl.openssl.ssl-conf-cmd":
            for command, value in mapping(setting.value).items():
                yield TlsSetting(PROGRAM, command.lower(), "".join(texts(value)), setting.at, section)
        elif setting.name in TLS_OPTIONS:
            yield TlsSetting(PROGRAM, setting.name, "".join(texts(setting.value)), setting.at, section)


def _is_socket(condition: Condition) -> bool:
    return (condition.kind, condition.name, condition.sign) == ("SERVER", "socket", "==")


def _enabled(setting: Setting | None) -> bool:
    return setting is not None and setting.value in ("enable", "true", "1")
