"""The HAProxy servers that start: their sockets, what of TLS they set, and the pages of statistics.

Rules, from the configuration and the management manual, held to `haproxy -c`:

- `-f` may come several times and name folders, of which the files ending in `.cfg` are read by their names; words
  behind `--` are files as well.
- `bind [ADDRESS]:PORT[-PORT][, ...]` of a frontend, a `listen` section, `peers` or `log-forward` opens sockets, with
  `ssl` it speaks TLS. Before 2.0 an address could stand behind the section's name. A `stats socket` may be TCP.
- `mode http` stands in the section or in the defaults before it (or those that `from` names); `tcp` without it, of
  which nobody knows what it carries. A section that redirects every request to https serves nothing in clear.
- `ssl-min-ver`, `ciphers` and `verify` stand on the line, else the global `ssl-default-bind-options`,
  `ssl-default-bind-ciphers`, `ssl-default-server-options` and `ssl-server-verify` hold; `default-server` of the section
  or of its defaults comes before a server's own words.
- Every `stats` keyword but `stats socket` switches the page on; `stats auth` asks for a password, `stats http-request`
  and `http-request auth` or `deny` keep others away, `stats admin` lets who sees it switch servers off.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from posixpath import join

from firmward.facts.command_line import own_words
from firmward.facts.configuration_file import ConfigurationFiles, inside
from firmward.facts.listener import Application, Listener, plain_address
from firmward.facts.number import is_number
from firmward.facts.startup import Process, Startup
from firmward.facts.tls_setting import TlsSetting
from firmward.formats import haproxy
from firmward.formats.haproxy import Configuration, Line, Section
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

PROGRAM = "haproxy"
DEFAULT_FILE = "etc/haproxy/haproxy.cfg"
RANGE_LIMIT = 100
"""Ports of one bind line that are told apart."""
LINES_LIMIT = 200_000
"""Lines of all sections with those of their defaults: every section has them again."""
SHARED_LIMIT = 50
"""Lines for all servers of which the last are looked at; a configuration has one or two."""
PROXIES = ("frontend", "backend", "listen")
OPENING = ("frontend", "listen", "peers", "log-forward")
FAMILIES = ("ipv4@", "ipv6@", "tcp4@", "tcp6@", "tcp@", "quic4@", "quic6@", "udp@", "udp4@", "udp6@", "rev@")
OLD_VERSIONS = ("force-sslv3", "force-tlsv10", "force-tlsv11")
REFUSALS = ("deny", "reject", "tarpit", "auth", "silent-drop")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of statistics that anybody sees, in `section`, switched on at `at` by the line `text`; `is_admin` says
    that he may switch servers off there, too. `lines` are all that are about it.
    """

    section: str
    at: Location
    text: str
    is_admin: bool = False
    lines: tuple[tuple[Location, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """One HAProxy that starts, `process`, with its `user` where it names one.

    `listeners` are its sockets, `tls` what they and the servers behind set, `pages` the statistics that anybody sees;
    `unread` says what could not be read.
    """

    process: Process
    listeners: tuple[Listener, ...]
    tls: tuple[TlsSetting, ...] = ()
    pages: tuple[Page, ...] = ()
    user: str | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Haproxy:
    """All servers that start: `listeners` are their sockets, `tls` what they set of TLS, `unread` says what could
    not be read.
    """

    listeners: tuple[Listener, ...]
    tls: tuple[TlsSetting, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> Haproxy | None:
    found = [server(tree, process) for process in startup.running(PROGRAM)]
    if not found:
        return None
    return Haproxy(
        tuple(listener for one in found for listener in one.listeners),
        tuple(dict.fromkeys(setting for one in found for setting in one.tls)),
        tuple(dict.fromkeys(reason for one in found for reason in one.unread)),
    )


def server(tree: Tree, process: Process) -> Server:
    """What the configuration of one process says."""
    files = ConfigurationFiles(tree)
    known = Configuration()
    for path in _named(process) or (DEFAULT_FILE,):
        for name, text in _texts(tree, files, path, process):
            haproxy.parse(text, name, known)
    found = parse_server(known, process)
    return replace(found, unread=tuple(dict.fromkeys((*files.unread, *known.problems, *found.unread))))


def _named(process: Process) -> tuple[str, ...]:
    """The files and folders that the command line names."""
    words = own_words(process.argv)
    plain = words[: words.index("--")] if "--" in words else words
    folder = next((after for word, after in pairwise(plain) if word == "-C"), "")
    found = [after for word, after in pairwise(plain) if word == "-f"]
    found += [word[2:] for word in plain if word.startswith("-f") and len(word) > 2]
    return tuple(join("/", folder, path) for path in (*found, *words[len(plain) + 1 :]))


def _texts(tree: Tree, files: ConfigurationFiles, path: str, process: Process) -> Iterator[tuple[str, str]]:
    if "$" in path:
        files.lose(f"{process.at}: the configuration {path} of {PROGRAM} cannot be worked out")
    elif tree.is_directory(inside(path)):
        yield from (found for found in files.folder(path, process.at) if found[0].endswith(".cfg"))
    elif (text := files.main(path)) is not None:
        yield inside(path), text


def parse_server(known: Configuration, process: Process) -> Server:
    """One configuration, whatever files it stands in."""
    bound = [one for section in _inherited(known) for one in _of_section(section)]
    listeners: dict[tuple[str, str, int], Listener] = {}
    unread = []
    for protocol, text, speaks, line in bound:
        places = list(_places(text))
        if not places and not _is_elsewhere(text):
            unread.append(f"{line.at}: where {text[:80]} listens cannot be worked out")
        for address, port in places:
            kind = "udp" if protocol == "udp" or text.startswith(("quic", "udp")) else "tcp"
            found = Listener(kind, port, address, PROGRAM, process.service, line.at, speaks=speaks)
            listeners[kind, address, port] = found
    users = [
        line.words[1] for one in known.sections if one.kind == "global" for line in one.all("user") if line.words[1:]
    ]
    return Server(
        process,
        tuple(listeners.values()),
        tuple(_tls(known)),
        tuple(_pages(known)),
        users[-1] if users else None,
        tuple(unread),
    )


def _inherited(known: Configuration) -> Iterator[Section]:
    """The sections, proxies with the lines of their defaults before their own."""
    defaults: dict[str, Section] = {}
    last = Section("defaults", "", Line(("defaults",), Location()))
    left = LINES_LIMIT
    for section in known.sections:
        base = defaults.get(section.base, last) if section.base else last
        if section.kind == "defaults":
            own = defaults.get(section.base or "")
            left -= len(section.lines) + (len(own.lines) if own else 0)
            last = replace(section, lines=[*(own.lines if own else ()), *section.lines])
            if section.name:
                defaults[section.name] = last
        elif section.kind in PROXIES:
            left -= len(base.lines) + len(section.lines)
            if left < 0:
                raise Unavailable(f"{section.head.at}: more lines of defaults than are followed")
            yield replace(section, lines=[*base.lines, *section.lines])
        else:
            yield section


Bound = tuple[str, str, Application, Line]


def _of_section(section: Section) -> Iterator[Bound]:
    """Protocol, address, what is spoken, and the line, of each address that a section binds."""
    if section.kind == "global":
        for line in section.all("stats", "socket"):
            yield from (("tcp", text, Application.UNKNOWN, line) for text in line.words[2:3])
    if section.kind not in OPENING:
        return
    old = section.head.words[2:3] if section.kind in ("frontend", "listen") else ()
    for text in (text for text in old if ":" in text):
        yield from (("tcp", part, _speaks(section, ()), section.head) for part in text.split(","))
    for line in section.all("bind"):
        addresses, options = _split(line)
        yield from (("tcp", part, _speaks(section, options), line) for part in addresses)
    for line in section.all("dgram-bind"):
        yield from (("udp", part, Application.UNKNOWN, line) for part in _split(line)[0])


def _split(line: Line) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses, which commas part, and the options behind them."""
    words = list(line.words[1:])
    text = words.pop(0) if words else ""
    while words and (text.endswith(",") or words[0].startswith(",")):
        text += words.pop(0)
    return tuple(part for part in text.split(",") if part), tuple(words)


def _speaks(section: Section, options: tuple[str, ...]) -> Application:
    modes = [line.words[1] for line in section.all("mode") if line.words[1:]]
    if section.kind not in PROXIES or modes[-1:] != ["http"]:
        return Application.HTTPS if "ssl" in options else Application.UNKNOWN
    if "ssl" in options:
        return Application.HTTPS
    return Application.HTTP_REDIRECT if any(map(_redirects, section.lines)) else Application.HTTP


def _redirects(line: Line) -> bool:
    """`http-request redirect scheme https`, for all or for what came in clear."""
    words = line.words[1:] if line.name == "http-request" else line.words
    if words[:3] != ("redirect", "scheme", "https"):
        return False
    told = next((place for place, word in enumerate(words) if word in ("if", "unless")), None)
    condition = "" if told is None else " ".join(words[told:])
    return condition in ("", "if !{ ssl_fc }", "unless { ssl_fc }")


def _places(text: str) -> Iterator[tuple[str, int]]:
    """The addresses and ports of one part of a bind line; nothing where it is no socket of the network."""
    written = next((text[len(family) :] for family in FAMILIES if text.startswith(family)), text)
    host, sign, ports = written.rpartition(":")
    low, _, high = ports.partition("-")
    if not sign or not is_number(low) or (high and not is_number(high)) or len(low) > 5 or len(high) > 5:
        return
    address = plain_address(host) or ("::" if text.startswith(("ipv6@", "tcp6@", "quic6@")) else "")
    for port in range(int(low), min(int(high or low), int(low) + RANGE_LIMIT) + 1):
        if 0 < port < 65536:
            yield address, port


def _is_elsewhere(text: str) -> bool:
    """A socket of the file system, of the device itself, or handed over."""
    return text.startswith(("/", "unix@", "abns@", "abnsz@", "fd@", "sockpair@", "uxst@", "uxdg@"))


# TLS


def _tls(known: Configuration) -> Iterator[TlsSetting]:
    globals_ = [line for section in known.sections if section.kind == "global" for line in section.lines]
    bind = _options(globals_, "ssl-default-bind-options", "ssl-default-bind-ciphers")
    behind = _options(globals_, "ssl-default-server-options", "ssl-default-server-ciphers")
    unverified = [line for line in globals_ if line.begins("ssl-server-verify", "none")]
    for section in _inherited(known):
        for line in section.all("bind") if section.kind in OPENING else ():
            if "ssl" in line.words:
                yield from _settings(bind, line, _split(line)[1], section)
        defaults = tuple(word for line in section.all("default-server") for word in line.words[1:])
        defaults = defaults[-SHARED_LIMIT:]
        for line in section.lines if section.kind in PROXIES else ():
            words = (*defaults, *line.words[3:])
            if line.name in ("server", "server-template") and "ssl" in words and "no-ssl" not in words:
                yield from _settings(behind, line, words, section)
                yield from _verification(unverified, line, words, section)


def _options(lines: Iterable[Line], options: str, ciphers: str) -> list[tuple[Line, tuple[str, ...]]]:
    """The words that hold for all, as they would stand on a line of their own."""
    found = [(line, line.words[1:]) for line in lines if line.name == options]
    found += [(line, ("ciphers", *line.words[1:2])) for line in lines if line.name == ciphers]
    return found[-SHARED_LIMIT:]


def _settings(
    shared: list[tuple[Line, tuple[str, ...]]], line: Line, words: tuple[str, ...], section: Section
) -> Iterator[TlsSetting]:
    """The version and the ciphers that hold on a line, its own before those for all."""
    for name in ("ssl-min-ver", "ciphers"):
        own = [(line, value) for value in _values(words, name)]
        others = [(one, value) for one, given in shared for value in _values(given, name)]
        for place, value in (own or others)[-1:]:
            yield TlsSetting(PROGRAM, name, value, place.at, section.name or None)
    for place, given in ((line, words), *shared):
        for word in (word for word in given if word in OLD_VERSIONS):
            yield TlsSetting(PROGRAM, word, "on", place.at, section.name or None)


def _verification(shared: list[Line], line: Line, words: tuple[str, ...], section: Section) -> Iterator[TlsSetting]:
    own = _values(words, "verify")
    if own[-1:] == ["none"] or (not own and shared):
        yield TlsSetting(PROGRAM, "verify", "none", line.at if own else shared[-1].at, section.name or None)


def _values(words: tuple[str, ...], name: str) -> list[str]:
    return [after for word, after in pairwise(words) if word == name]


# statistics


def _pages(known: Configuration) -> Iterator[Page]:
    for section in _inherited(known):
        if section.kind not in PROXIES or any(map(_keeps_away, section.lines)):
            continue
        shown = [line for line in section.lines if line.name == "stats" and line.words[1:2] not in ((), ("socket",))]
        shown += [line for line in section.lines if line.name == "http-request" and "prometheus-exporter" in line.words]
        admin = next((line for line in shown if line.begins("stats", "admin")), None)
        if shown:
            line = admin or shown[0]
            lines = tuple((one.at, " ".join(one.words)) for one in shown)
            yield Page(section.name, line.at, " ".join(line.words)[:200], admin is not None, lines)


def _keeps_away(line: Line) -> bool:
    """A password, or a refusal that asks for the caller's address."""
    if line.begins("stats", "auth"):
        return True
    if line.begins("stats", "http-request"):
        return line.words[2:3] != ("allow",)
    if line.begins("http-request", "auth"):
        return True
    refuses = line.name in ("http-request", "tcp-request") and any(word in REFUSALS for word in line.words[1:3])
    return refuses and any(word == "src" or word.startswith("src") for word in line.words)
