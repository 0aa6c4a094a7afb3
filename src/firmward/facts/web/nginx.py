"""What an nginx serves, hands on and shows.

Rules, from its manual: a block has what the one around it sets; `deny all` after what is allowed, `auth_basic`,
`auth_request` and client certificates keep others away, `internal` all. Workers run as `user`, by default one without
rights. What `fastcgi_pass` leads to runs elsewhere, with rights of its own. Which file that is, SCRIPT_FILENAME says
(for fcgiwrap also DOCUMENT_ROOT before the script's name), with the address of the request where it holds a variable;
`fastcgi_param` of an outer block holds where the inner one has none at all.

A visitor has `client_header_timeout` for TLS and for all headers of a request together, 60 s unless it is set.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from firmward.facts import command_line
from firmward.facts.configuration_file import ConfigurationFiles, folder_of, inside
from firmward.facts.listener import is_loopback
from firmward.facts.startup import Process
from firmward.facts.web.record import PATIENT, Cgi, Feature, Root, Trait, WebServer
from firmward.formats.nginx import Directive, parse, walk
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

DEFAULT_FILE = "etc/nginx/nginx.conf"
WRITES = frozenset(("PUT", "DELETE", "MKCOL", "COPY", "MOVE"))
HEADER_TIMEOUT = "client_header_timeout"
PART = re.compile(r"\d+\D*|\D+")
TIME = re.compile(r"(\d{1,9})(ms|[smhdwMy]?)")
DAY = 86_400_000
UNITS = {"ms": 1, "": 1000, "s": 1000, "m": 60_000, "h": 3_600_000, "d": DAY, "w": 7 * DAY, "M": 30 * DAY,
         "y": 365 * DAY}  # fmt: skip
FOR_EVER = 1 << 40
SUFFIX = re.compile(r"\\(\.\w+)")
PATTERN = re.compile(r"\^(/[\w/-]*/)")
ADDRESS = re.compile(r"\{?(?:fastcgi_script_name|document_uri|uri|request_uri)\b")
"""Variables that hold the address of a request, from its first slash on."""


@dataclass(frozen=True, slots=True)
class _Scope:
    root: str = "usr/share/nginx/html"
    where: str = "/"
    is_guarded: bool = False
    filename: str | None = None
    """What `fastcgi_param SCRIPT_FILENAME` is set to."""


def read(tree: Tree, process: Process) -> WebServer:
    path = command_line.read(command_line.own_words(process.argv), letters="cgpe").get("c") or DEFAULT_FILE
    files = ConfigurationFiles(tree)
    text = files.main(path)
    top: tuple[Directive, ...] = ()
    if text is not None:
        try:
            top = parse(text, path.lstrip("/"), lambda name, at: files.included(name, at, folder_of(path)))
        except Unavailable as reason:
            files.lose(reason.reason)
    return replace(judged(top, process, tuple(files.unread)), file=inside(path))


def judged(top: tuple[Directive, ...], process: Process, unread: tuple[str, ...] = ()) -> WebServer:
    users = [directive.words[1] for directive in top if directive.name == "user" and len(directive.words) > 1]
    roots: list[Root] = []
    cgi: list[Cgi] = []
    traits: list[Trait] = []
    for http in (directive for directive in top if directive.name == "http"):
        traits += _patience(http, is_whole=not unread)
        for found in _scan(http.block or (), _Scope()):
            match found:
                case Root():
                    roots.append(found)
                case Cgi():
                    cgi.append(found)
                case Trait():
                    traits.append(found)
    user = users[-1] if users else "nobody"
    return WebServer(
        "nginx",
        process.service,
        process.at,
        process.user or user,
        tuple(dict.fromkeys(roots)),
        tuple(dict.fromkeys(cgi)),
        tuple(traits),
        confined=True,
        unread=unread,
    )


def _scan(block: Iterable[Directive], scope: _Scope) -> Iterator[Root | Cgi | Trait]:
    directives = tuple(block)
    scope = _entered(directives, scope)
    for directive in directives:
        match directive.words:
            case ("root" | "alias", path, *_) if "$" not in path:
                yield Root(inside(path), directive.at)
            case ("fastcgi_pass" | "scgi_pass" | "uwsgi_pass", _):
                suffix = SUFFIX.search(scope.where)
                yield Cgi(_run(scope), suffix[1] if suffix else "", directive.at)
            case words if not scope.is_guarded:
                yield from _shown(words, directive, scope)
        if directive.block is not None and directive.name in ("server", "location", "if", "limit_except"):
            where = directive.words[-1] if directive.name == "location" else scope.where
            yield from _scan(directive.block, replace(scope, where=where))


def _patience(http: Directive, *, is_whole: bool) -> Iterator[Trait]:
    said = list(walk(http.block or (), HEADER_TIMEOUT))
    for one in said:
        if _seconds(one.words[1:]) > PATIENT:
            yield Trait(Feature.SLOW, "", " ".join(one.words)[:200], one.at)
    if is_whole and not said:
        yield Trait(Feature.SLOW, "", f"{HEADER_TIMEOUT} is not set", http.at)


def _seconds(words: tuple[str, ...]) -> int:
    """Of nginx' units, which may follow each other (`1m 30s`); what is none of them is as good as for ever."""
    parts = [TIME.fullmatch(part) for word in words for part in PART.findall(word)]
    if not parts or not all(parts):
        return FOR_EVER
    return sum(int(part[1]) * UNITS[part[2]] for part in parts if part is not None) // 1000


def _run(scope: _Scope) -> str:
    """The file, or the folder of those, that a request may run."""
    prefix = _prefix(scope.where)
    default = inside(f"{scope.root}/{prefix}") if prefix.strip("/") else scope.root
    if scope.filename is None:
        return default
    known, dollar, variable = scope.filename.replace("$document_root", f"/{scope.root}").partition("$")
    if not known.startswith("/"):
        return default
    return inside(f"{known}/{prefix}" if ADDRESS.match(variable) else known) if dollar else inside(known)


def _prefix(where: str) -> str:
    """What a location's address begins with: its own text, or what stands first in its pattern."""
    match = PATTERN.match(where)
    return where if where.startswith("/") else match[1] if match is not None else ""


def _filename(directives: tuple[Directive, ...]) -> tuple[bool, str | None]:
    """Whether a block sets parameters at all, and which file they name."""
    rows = (one.words for one in directives if one.name == "fastcgi_param")
    given = {words[1]: words[2] for words in rows if len(words) > 2}
    folder = given.get("DOCUMENT_ROOT", "")
    by_folder = f"{folder}$fastcgi_script_name" if folder.startswith("/") else None
    return bool(given), given.get("SCRIPT_FILENAME", by_folder)


def _shown(words: tuple[str, ...], directive: Directive, scope: _Scope) -> Iterator[Trait]:
    text = " ".join(words)[:200]
    if words == ("autoindex", "on"):
        yield Trait(Feature.LISTING, scope.where, text, directive.at)
    elif words[0] in ("stub_status", "status") and words[1:] in ((), ("on",)):
        yield Trait(Feature.STATUS, scope.where, text, directive.at)
    elif words[0] == "dav_methods" and WRITES & set(words[1:]):
        yield Trait(Feature.WRITE, scope.where, text, directive.at)


def _entered(directives: tuple[Directive, ...], scope: _Scope) -> _Scope:
    """What holds within a block. Within `limit_except` what is denied is what it names not."""
    guarded = scope.is_guarded
    for directive in directives:
        match directive.words:
            case ("deny", "all") | ("internal",) | ("auth_request", _) | ("ssl_verify_client", "on"):
                guarded = True
            case ("auth_basic" | "auth_jwt" | "auth_request", realm, *_):
                guarded = realm != "off"
            case ("return", code, *_) if code in ("403", "404", "444") or "://" in directive.words[-1]:
                guarded = True
            case ("root", path):
                scope = replace(scope, root=inside(path))
    sets, filename = _filename(directives)
    if sets:
        scope = replace(scope, filename=filename)
    excepted = [inner for one in directives if one.name == "limit_except" for inner in walk(one.block or (), "deny")]
    return replace(scope, is_guarded=guarded or bool(excepted) or _is_local(directives))


def _is_local(directives: tuple[Directive, ...]) -> bool:
    """A server whose every socket is the device's own."""
    listens = [one.words[1] for one in directives if one.name == "listen" and len(one.words) > 1]
    return bool(listens) and all(
        listen.startswith("unix:") or is_loopback(listen.rpartition(":")[0].strip("[]")) for listen in listens
    )
