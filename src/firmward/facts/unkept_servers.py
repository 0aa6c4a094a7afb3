"""Web servers that nobody keeps: dead ones, those that are for development alone, and a vendor's own.

A program is somebody's own server when it starts, no row names it, and it has all that one needs: it imports `listen`
and `accept`, and holds the first line of an answer, the words for a wrong request and the methods that it takes. One
that is linked with a kept library, or carries one (Go, Mongoose, CivetWeb and the like), is not meant. Nothing else is
said of a program: what is packed or built without names of imports is told as not known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from firmward.facts import daemon, net_program
from firmward.facts.net_program import is_busybox
from firmward.facts.process import is_multi_call
from firmward.facts.scripts.places import located
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.web_servers import READERS
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

BINARY_LIMIT = 32 << 20
SCRIPT_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Dead:
    """A server whose makers have stopped: its `names`, and the `fault`. `is_still` as in Unkept."""

    names: tuple[str, ...]
    fault: str
    is_still: bool = False


DEAD = (
    Dead(("boa",), "its last release is of 2005, and it has holes that nobody closes"),
    Dead(("nweb",), "it is a teaching example"),
    Dead(("mathopd", "fnord", "shttpd", "cherokee", "webfsd", "webfs"), "nobody works on it any more"),
    Dead(("muhttpd", "micro_httpd"), "nobody looks after it, and devices with it have been broken into"),
    Dead(("thttpd", "mini_httpd"), "there is no release of it since 2018", is_still=True),
    Dead(("monkey",), "nobody works on it any more", is_still=True),
)
BY_NAME = {name: row for row in DEAD for name in row.names}
OTHERS = """
    caddy hiawatha bozohttpd gunicorn uwsgi node java php-fpm fcgiwrap icecast icecast2 privoxy transmission-daemon
    aria2c ntopng monit tntnet yaws varnishd haproxy polipo asterisk janus kamailio motion uhub mpd shairport-sync
    gerbera rygel ushare owntone forked-daapd qbittorrent-nox mediatomb tvheadend oscam squeezelite lircd upsd coturn
    turnserver collectd telegraf grafana-server prometheus nodogsplash opennds chilli coova-chilli wsdd freeswitch
    vdr dump1090 mjpg_streamer ser2net gpsd systemd-journal-gatewayd systemd-journal-remote systemd-pull
"""
"""Kept programs that take HTTP among other things, and are no web server of somebody's own."""
KEPT = frozenset(
    (daemon.OWN_FAMILY | daemon.ROWS.keys() | net_program.PROGRAMS.keys() | READERS.keys() | net_program.QUIET)
    - BY_NAME.keys()
    - {"httpd", "goahead", "webs", "appweb", "onvif_srvd", "onvif_simple_server", "onvif-server"}
) | frozenset(OTHERS.split())

ANSWER = re.compile(rb"HTTP/1\.[01] (?:200|%d|%s|%u|404|400)|HTTP/%d\.%d %d")
WRONG = re.compile(rb"404 Not Found|400 Bad Request|501 (?:Not )?[Ii]mplemented|405 Method Not|%d %s\r\n")
METHODS = (b"GET", b"POST", b"HEAD")
LIBRARIES = re.compile(
    rb"lib(?:microhttpd|civetweb|mongoose|websockets|soup-\d|ulfius|onion|fcgi|event_extra|evhtp|httpserver|"
    rb"pistache|uv_http|Qt\dHttpServer|Poco\w*Net|cpprest|boost_beast|oatpp|node|uwebsockets|h2o)[-.\w]*\.so"
)
CARRIED = re.compile(
    rb"Go build(?:inf| ID)|\bmongoose\b|mg_http_listen|mg_set_protocol_http|civetweb|CivetWeb|cpp-httplib|lws_create|"
    rb"evhttp_|MHD_start_daemon|boost::beast|library/std/src|rustc|Poco::Net::HTTP|Apache/2\.|lighttpd/|nginx/|"
    rb"gSOAP/|esp_http_server|uWebSockets|Drogon|oatpp"
)
GOAHEAD = re.compile(rb"GoAhead-Webs|GoAhead/2\.|webs: Listening|websHomePageHandler|websAspDefine")
PYTHON_SERVER = re.compile(
    r"^\s*(?:import|from)\s+(?:http\.server|BaseHTTPServer|SimpleHTTPServer|wsgiref\.simple_server)\b", re.MULTILINE
)
FLASK = re.compile(r"^\s*(?:app|application)\.run\s*\(", re.MULTILINE)
FLASK_IMPORT = re.compile(r"^\s*(?:import|from)\s+(?:flask|bottle|werkzeug)\b", re.MULTILINE)
WEB_PORTS = frozenset(("80", "8080", "8000", "8081", "8888", "443", "8443"))


@dataclass(frozen=True, slots=True)
class Unkept:
    """One such server that starts: its `program`, what is wrong with it (`fault`) and `at` where it is started.

    `service` is who starts it; `is_still` says that no hole in it is known, only that its makers are silent.
    """

    program: str
    fault: str
    at: Location
    service: str
    is_still: bool = False


@dataclass(frozen=True, slots=True)
class UnkeptServers:
    """All `servers` of this kind that start; `unread` says in words what could not be looked into."""

    servers: tuple[Unkept, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> UnkeptServers | None:
    if not startup.processes and not startup.unread_servers and startup.blind is None:
        return None
    unread = list(startup.unread_servers)
    if startup.blind is not None:
        unread.append(f"it is not known what starts: {startup.blind}")
    found: dict[tuple[str, str], Unkept] = {}
    for process in startup.processes:
        if process.start is Start.DISABLED:
            continue
        try:
            for one in _of_process(tree, process):
                found.setdefault((one.program, one.service), one)
        except Unavailable as reason:
            unread.append(reason.reason)
    if not found and not startup.processes:
        raise Unavailable("; ".join(unread[:5]))
    return UnkeptServers(tuple(found.values()), tuple(dict.fromkeys(unread)))


def _of_process(tree: Tree, process: Process) -> Iterator[Unkept]:
    program = process.program
    if program in BY_NAME and not is_busybox(tree, process):
        row = BY_NAME[program]
        yield Unkept(program, row.fault, process.at, process.service, row.is_still)
        return
    fault = _by_words(process)
    if fault:
        yield Unkept(*fault, process.at, process.service)
        return
    if program in KEPT and not program.startswith("python"):
        return
    path = located(tree, process.argv[1] if is_multi_call(process.argv[0]) else process.argv[0])
    entry = tree.resolve(path) if path else None
    if program.startswith("python") or (entry is not None and entry.kind is Kind.FILE and _is_python(tree, path)):
        yield from _of_python(tree, process)
    elif entry is not None and not is_busybox(tree, process):
        own = _of_binary(tree.read(entry.path, BINARY_LIMIT) or b"")
        if own is not None:
            yield Unkept(program, own, process.at, process.service)


def _by_words(process: Process) -> tuple[str, str] | None:
    """Interpreters' own servers, and nc with a web server's port."""
    words = process.argv
    if process.program.startswith("python") and {"http.server", "SimpleHTTPServer"} & set(words):
        return "http.server", "its makers say that it is not for production"
    if process.program.startswith("php") and "-S" in words:
        return "php -S", "its makers say that it is for development alone"
    if process.program in ("nc", "netcat", "ncat") and WEB_PORTS & set(words) and any("l" in word for word in words):
        is_listening = any(word.startswith("-") and "l" in word for word in words)
        return ("nc", "it answers whatever it is sent, without reading it") if is_listening else None
    if process.program == "flask" and "run" in words:
        return "flask run", "its makers say that it is for development alone"
    return None


def _is_python(tree: Tree, path: str) -> bool:
    entry = tree.resolve(path)
    if entry is None:
        return False
    head = next(iter(tree.chunks(entry)), b"")[:128].partition(b"\n")[0]
    return head.startswith(b"#!") and b"python" in head


def _of_python(tree: Tree, process: Process) -> Iterator[Unkept]:
    """The script that it runs, where that makes a server of the standard library's or of a framework's own."""
    script = next((word for word in process.argv if word.startswith("/") and not _is_interpreter(word)), "")
    text = tree.text(script.strip("/"), SCRIPT_LIMIT) if script else None
    if text is None:
        return
    if PYTHON_SERVER.search(text) and ("serve_forever" in text or "handle_request" in text):
        fault = "it is built on Python's http.server, which is not for production"
        yield Unkept(basename(script), fault, process.at, process.service)
    elif FLASK.search(text) and FLASK_IMPORT.search(text) and "waitress" not in text:
        fault = "it runs the framework's own server, which is for development alone"
        yield Unkept(basename(script), fault, process.at, process.service)


def _is_interpreter(word: str) -> bool:
    return basename(word).startswith("python")


def _of_binary(content: bytes) -> str | None:
    """Why this program is a web server of somebody's own; None where it is none, or nothing shows that it is."""
    if not content.startswith(b"\x7fELF"):
        return None
    if GOAHEAD.search(content):
        return "it is GoAhead of a version 2 that its maker has given up"
    imports = all(b"\0" + name + b"\0" in content for name in (b"listen", b"bind")) and (
        b"\0accept\0" in content or b"\0accept4\0" in content
    )
    if not imports or LIBRARIES.search(content) or CARRIED.search(content):
        return None
    speaks = ANSWER.search(content) and WRONG.search(content) and sum(word in content for word in METHODS) >= 2
    return "it is a program of its own that takes HTTP requests" if speaks and b"Content-" in content else None
