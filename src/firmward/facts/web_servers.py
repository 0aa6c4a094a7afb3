"""The web servers that start: which folders they serve, what they run for a request and as whom.

How each server is configured is told in facts/web/. A server whose configuration is not read here is in the list all
the same, without folders, and named in `unread`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmward.facts.apache_file import is_apache
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.web import apache, haproxy, lighttpd, nginx, small, uhttpd
from firmward.facts.web.record import Cgi, Feature, Root, Trait, WebServer
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, Tree

__all__ = ["Cgi", "Feature", "Root", "Trait", "WebServer", "WebServers", "collect", "files_below"]

FILES_LIMIT = 20_000
"""Files looked at below one folder that is served."""

READERS: dict[str, Callable[[Tree, Process], WebServer | None]] = {
    **small.READERS,
    "lighttpd": lighttpd.read,
    "nginx": nginx.read,
    "uhttpd": uhttpd.read,
    "haproxy": haproxy.read,
    **dict.fromkeys(("apache2", "httpd2"), apache.read),
}
UNREAD_NAMES = """
    goahead webs appweb hiawatha cherokee monkey caddy webfsd mathopd muhttpd micro_httpd nweb bozohttpd civetweb
    mongoose shttpd fnord
"""
UNREAD = frozenset(UNREAD_NAMES.split())
"""Servers whose configuration is not read here."""


@dataclass(frozen=True, slots=True)
class WebServers:
    """All `servers` that start; `unread` says in words what of them could not be worked out.

    `scripts` are the files, among those that they run, that lie in the image.
    """

    servers: tuple[WebServer, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, startup: Startup) -> WebServers | None:
    unread = list(startup.unread_servers)
    if startup.blind is not None:
        unread.append(f"it is not known what starts: {startup.blind}")
    servers: dict[tuple[object, ...], WebServer] = {}
    for process in startup.processes:
        if process.start is Start.DISABLED:
            continue
        try:
            server = _server(tree, process)
        except Unavailable as reason:
            unread.append(reason.reason)
            continue
        if server is not None:
            servers.setdefault((server.program, server.service, server.roots, server.traits), server)
            unread += server.unread
    if not servers and unread:
        raise Unavailable("; ".join(unread[:5]))
    if not servers:
        return None
    found = tuple(servers.values())
    scripts = dict.fromkeys(path for server in found for cgi in server.cgi for path in scripts_of(tree, cgi))
    return WebServers(found, tuple(scripts), tuple(dict.fromkeys(unread)))


def _server(tree: Tree, process: Process) -> WebServer | None:
    program = process.program
    reader = READERS.get(program)
    found = reader(tree, process) if reader is not None else None
    if found is None and program == "httpd":
        found = apache.read(tree, process) if is_apache(tree, process) else None
        program = "httpd" if found is None else program
    if found is None and (program in UNREAD or program == "httpd"):
        reason = f"the configuration of {program} ({process.at}) is not read"
        return WebServer(program, process.service, process.at, process.user or "root", unread=(reason,))
    return found


def scripts_of(tree: Tree, cgi: Cgi) -> tuple[str, ...]:
    """The files that such an entry runs."""
    entry = tree.resolve(cgi.path)
    if entry is not None and entry.kind is Kind.FILE:
        return (entry.path,)
    found = files_below(tree, cgi.path)
    return tuple(one.path for one in found if one.path.endswith(cgi.suffix))


def files_below(tree: Tree, folder: str) -> tuple[Entry, ...]:
    """The files and links to files in a folder and below it; links to folders are not followed."""
    start = tree.resolve(folder)
    if start is None or start.kind is not Kind.DIRECTORY or not start.path:
        return ()
    found: list[Entry] = []
    pending = [start.path]
    for path in pending:  # which grows meanwhile
        for name in tree.names(path):
            entry = tree.lstat(f"{path}/{name}")
            if entry is None:
                continue
            if entry.kind is Kind.DIRECTORY:
                pending.append(entry.path)
            elif (target := tree.resolve(entry.path)) is not None and target.kind is Kind.FILE:
                found.append(target)
            if len(found) + len(pending) > FILES_LIMIT:
                raise Unavailable(f"{start.path} holds more than {FILES_LIMIT} files")
    return tuple(found)
