"""Sockets of a maker's own programs, as far as their command line or their script says.

A program that no row knows has options that are its own, but what `--listen 0.0.0.0:6000` or `--port 502` means is
plain. `-p 8081` is taken where the program is able to listen. A port beside the name of another host is that host's. A
script in Python tells its address where it makes the server: `HTTPServer(("", 8000), ...)`, `app.run(port=5000)`,
`socket.bind(("0.0.0.0", 9000))`. None of this is certain but a literal in a script.
"""

import re
from collections.abc import Iterator
from posixpath import basename

from firmward.facts import command_line
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.number import is_number
from firmward.facts.scripts.places import located
from firmward.facts.startup import Process
from firmward.model.location import Location
from firmward.model.tree import Tree

A = Application
LISTEN = (
    *("listen", "listen-addr", "listen-address", "listen-on", "bind", "bind-addr", "bind-address"),
    *("http-listen", "http-addr", "web.listen-address"),
)
PORT = ("port", "listen-port", "http-port", "server-port", "tcp-port", "bind-port", "web-port")
ELSEWHERE_NAMES = """
    host hostname server broker remote connect url uri peer target to address addr dest destination proxy
"""
ELSEWHERE = frozenset(ELSEWHERE_NAMES.split())
SCRIPT_LIMIT = 1 << 20
RESERVED = 1024
MEANT = frozenset((1883, 5683))
"""Ports above the reserved ones that nobody takes for anything else."""

_CONSTANT = re.compile(
    r"^([A-Z][A-Z0-9_]*)[ \t]*=[ \t]*(?:int\()?[\"']?([\w.:]*)[\"']?\)?[ \t]*(?:#.*)?$", re.MULTILINE
)
_VALUE = r"[\"']?([\w.:]*)[\"']?"
_HTTP = re.compile(
    rf"(?:HTTPServer|WSGIServer|make_server|TCPServer|UDPServer|Server)\(\s*\(?\s*{_VALUE}\s*,\s*{_VALUE}\s*[),]"
)
_BIND = re.compile(rf"\.bind\(\(\s*{_VALUE}\s*,\s*{_VALUE}\s*\)\)")
_RUN = re.compile(r"^[ \t]*(?:app|application|run|server)(?:\.run)?\(([^()\n]{0,300})\)", re.MULTILINE)
_FRAMEWORK = re.compile(r"^\s*(?:import|from)\s+(?:flask|bottle|werkzeug|uvicorn|aiohttp|waitress)\b", re.MULTILINE)
_TLS = re.compile(r"\bwrap_socket\(|ssl_context\s*=|\bkeyfile\s*=|ssl_keyfile")
_DATAGRAM = re.compile(r"SOCK_DGRAM")


def of_words(process: Process, able: bool | None, usual: dict[tuple[str, int], Application]) -> list[Listener]:
    """The sockets that the words name. `able` is None where the program does not show whether it can listen."""
    if able is False:
        return []
    line = command_line.read(command_line.own_words(process.argv), "p" if able else "", (*LISTEN, *PORT))
    texts = [text for name in LISTEN for text in line.all(name)]
    if not any(name in ELSEWHERE for name, _ in line.options):
        texts += [text for text in line.all(*PORT, *(("p",) if able else ())) if is_number(text)]
    places = [place for text in texts if (place := split_endpoint(text)) is not None]
    return [
        Listener(
            *("tcp", port, address, process.program, process.service, process.at),
            certain=False,
            speaks=usual.get(("tcp", port), A.UNKNOWN) if port < RESERVED or port in MEANT else A.UNKNOWN,
        )
        for address, port in dict.fromkeys(places)
    ]


def script_of(tree: Tree, process: Process) -> str | None:
    """The script in Python that this process runs."""
    words = process.argv
    if basename(words[0]).startswith("python"):
        name = next((word for word in words[1:] if word.startswith("/")), None)
        return located(tree, name) if name and "-m" not in words and "-c" not in words else None
    path = located(tree, words[0])
    entry = tree.resolve(path) if path else None
    if entry is None or path is None or not tree.is_file(path):
        return None
    head = next(iter(tree.chunks(entry)), b"")[:128].partition(b"\n")[0]
    return path if head.startswith(b"#!") and b"python" in head else None


def of_script(tree: Tree, process: Process, path: str) -> Iterator[Listener]:
    """The sockets that a script in Python opens at addresses that stand in it."""
    text = re.sub(r"(?m)^[ \t]*#.*$", "", tree.text(path, SCRIPT_LIMIT) or "")
    constants = dict(_CONSTANT.findall(text)) | {"": ""}
    seen = set()
    for match, address, port, speaks in _calls(text):
        number = constants.get(port, port)
        host = constants.get(address, address)
        if not is_number(number) or not 0 < int(number) < 65536 or (number, host) in seen:
            continue
        seen.add((number, host))
        at = Location(path, text.count("\n", 0, match.start()) + 1)
        protocol = "udp" if _DATAGRAM.search(text) and speaks is A.UNKNOWN else "tcp"
        known = A.HTTPS if speaks is A.HTTP and _TLS.search(text) else speaks
        yield Listener(protocol, int(number), host, basename(path), process.service, at, speaks=known)


def _calls(text: str) -> Iterator[tuple[re.Match[str], str, str, Application]]:
    for match in _HTTP.finditer(text):
        speaks = A.HTTP if "HTTPServer" in match[0] or "WSGI" in match[0] or "make_server" in match[0] else A.UNKNOWN
        yield match, match[1], match[2], speaks
    for match in _BIND.finditer(text):
        yield match, match[1], match[2], A.UNKNOWN
    if _FRAMEWORK.search(text):
        for match in _RUN.finditer(text):
            given = dict(re.findall(r"\b(host|port)\s*=\s*[\"']?([\w.:]+)[\"']?", match[1]))
            yield match, given.get("host", "127.0.0.1"), given.get("port", "5000"), A.HTTP
