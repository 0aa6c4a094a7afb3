"""Scripts that handle requests, or events from outside, and what in them goes where it should not.

Which scripts: those that a web server's configuration runs (web_servers.py), those that lie where they are run on most
systems (cgi-bin, *.cgi, LuCI's controllers, PHP in the usual folders of servers), Python services that start, and the
hooks of DHCP clients, of hotplug and of udev. How each language is followed is told in facts/injection/.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from posixpath import dirname, join

from firmward.facts.configuration_file import inside
from firmward.facts.injection import language, python, shell, tokens
from firmward.facts.injection.record import Flow, Load, Reading, Sink, Text
from firmward.facts.startup import Start, Startup
from firmward.facts.web_servers import WebServers
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Kind, Tree

__all__ = ["Flow", "RequestScripts", "Sink", "collect"]

SIZE_LIMIT = 1 << 20
SCRIPTS_LIMIT = 5_000
"""Scripts read of one system."""

HANDLER = re.compile(
    r"(?:^|/)cgi-bin/|\.(?:cgi|haserl)$|/luci/controller/.*\.(?:lua|uc)$|(?:^|/)rpcd/ucode/.*\.uc$|"
    r"^(?:var/www|www|usr/www|srv|home/httpd|web|webroot|htdocs|opt/[^/]+/(?:www|htdocs)|usr/local/www|usr/share/www|"
    r"usr/share/nginx/html|var/lib/www|mnt/web|app/www)/.*\.(?:php\d?|phtml|lua|lp|pl|py|uc)$"
)
NO_HANDLER = re.compile(r"^usr/share/doc/|/(?:tests?|examples)/|\.(?:png|gif|jpe?g|css|js|html?|ico|svg|txt|json|xml)$")
HOOKS = (
    "usr/share/udhcpc/*", "etc/udhcpc/*", "etc/udhcpc.d/*", "etc/udhcpc.user", "etc/dhcp/dhclient-*-hooks.d/*",
    "sbin/dhclient-script", "usr/sbin/dhclient-script", "etc/dhclient-script", "lib/dhcpcd/dhcpcd-hooks/*",
    "usr/lib/dhcpcd/dhcpcd-hooks/*", "lib/netifd/dhcp.script", "etc/hotplug.d/*/*", "etc/mdev/*", "lib/mdev/*",
    "usr/share/udhcpc/*/*", "etc/udev/scripts/*", "lib/udev/*.sh", "usr/lib/udev/*.sh", "etc/ppp/ip-up",
    "etc/ppp/ip-up.d/*", "etc/ppp/ip-down.d/*",
)  # fmt: skip
SHELLS = re.compile(r"^#!\s*(?:/usr/bin/env\s+)?\S*?\b(?:sh|ash|bash|dash|ksh|hush)\b")
INTERPRETERS = (
    (re.compile(r"^#!.*\bperl"), language.PERL),
    (re.compile(r"^#!.*\blua"), language.LUA),
    (re.compile(r"^#!.*\bphp"), language.PHP),
    (re.compile(r"^#!.*\bucode"), language.UCODE),
)
SUFFIXES = {"php": language.PHP, "phtml": language.PHP, "php5": language.PHP, "php7": language.PHP, "lua": language.LUA,
            "lp": language.LUA, "pl": language.PERL, "uc": language.UCODE}  # fmt: skip
HASERL = re.compile(r"<%(?:in\b)?(=?)(.*?)(?:%>|\Z)", re.DOTALL)
PYTHON = re.compile(r"^#!.*\bpython")


@dataclass(frozen=True, slots=True)
class RequestScripts:
    """The `scripts` that were read, the `flows` in them, and what could not be read (`unread`), a sentence each.

    `events` are those among them that handle events and no requests.
    """

    scripts: tuple[str, ...]
    flows: tuple[Flow, ...] = ()
    unread: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()


def collect(tree: Tree, web: WebServers | None | Unknown, startup: Startup | None | Unknown) -> RequestScripts | None:
    unread = [web.reason] if isinstance(web, Unknown) else []
    unread += web.unread if isinstance(web, WebServers) else []
    try:
        handlers = dict.fromkeys(_handlers(tree, web, startup))
    except Unavailable as reason:
        handlers = {}
        unread.append(reason.reason)
    events = dict.fromkeys(_events(tree, startup))
    flows: list[Flow] = []
    read: list[str] = []
    for path, profile in (
        *((path, shell.CGI) for path in handlers),
        *((path, shell.EVENT) for path in events if path not in handlers),
    ):
        try:
            found = _read(tree, path, profile)
        except Unavailable as reason:
            unread.append(reason.reason)
            continue
        if found is not None:
            read.append(path)
            flows += found.flows
            unread += found.problems
    if not read and not unread:
        return None
    if not read:
        raise Unavailable("; ".join(unread[:5]))
    return RequestScripts(tuple(read), tuple(dict.fromkeys(flows)), tuple(dict.fromkeys(unread)), frozenset(events))


def _handlers(tree: Tree, web: WebServers | None | Unknown, startup: Startup | None | Unknown) -> Iterator[str]:
    roots: tuple[str, ...] = ()
    if isinstance(web, WebServers):
        yield from web.scripts
        roots = tuple(f"{root.path}/" for server in web.servers for root in server.roots if root.path)
    count = 0
    for entry in tree.entries():
        if entry.kind is not Kind.FILE or NO_HANDLER.search(entry.path):
            continue
        is_php = entry.path.endswith((".php", ".phtml")) and entry.path.startswith(roots or ("\0",))
        if is_php or HANDLER.search(entry.path):
            count += 1
            if count > SCRIPTS_LIMIT:
                raise Unavailable(f"more than {SCRIPTS_LIMIT} scripts handle requests")
            yield entry.path
    if isinstance(startup, Startup):
        yield from _services(tree, startup)


def _services(tree: Tree, startup: Startup) -> Iterator[str]:
    """Python scripts that start, by themselves or by their interpreter."""
    for process in startup.processes:
        if process.start is not Start.DISABLED:
            for word in process.argv[:4]:
                entry = tree.resolve(word) if word.startswith("/") and "$" not in word else None
                if (
                    entry is not None
                    and entry.kind is Kind.FILE
                    and (word.endswith(".py") or _is_python(tree, entry.path))
                ):
                    yield entry.path


def _is_python(tree: Tree, path: str) -> bool:
    entry = tree.lstat(path)
    head = next(iter(tree.chunks(entry)), b"")[:80] if entry is not None and entry.size else b""
    return PYTHON.match(head.decode("latin-1")) is not None


def _events(tree: Tree, startup: Startup | None | Unknown) -> Iterator[str]:
    for pattern in HOOKS:
        for path in tree.glob(pattern):
            entry = tree.resolve(path)
            if entry is not None and entry.kind is Kind.FILE:
                yield entry.path
    for process in startup.processes if isinstance(startup, Startup) else ():
        if process.program == "udhcpc" and process.start is not Start.DISABLED and "-s" in process.argv[:-1]:
            entry = tree.resolve(process.argv[process.argv.index("-s") + 1])
            if entry is not None and entry.kind is Kind.FILE:
                yield entry.path


def _read(tree: Tree, path: str, profile: shell.Profile) -> Reading | None:
    """What one script does; None for what is no script of a language that is read."""
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE or not entry.size:
        return None
    head = next(iter(tree.chunks(entry)), b"")[:200]
    if head.startswith(b"\x7fELF") or b"\0" in head:
        return None
    reader = _reader(path, head.partition(b"\n")[0].decode("latin-1"))
    if reader is None:
        return None
    script = Text(entry.path, tree.text(entry.path, SIZE_LIMIT) or "")
    return reader(script, _loader(tree), profile)


Reader = Callable[[Text, Load, shell.Profile], Reading]


def _reader(path: str, first: str) -> Reader | None:
    suffix = path.rpartition("/")[2].rpartition(".")[2].lower()
    if "haserl" in first and "lua" not in first:
        return _haserl
    for pattern, spoken in INTERPRETERS:
        if pattern.match(first):
            return _spoken(spoken)
    if PYTHON.match(first) or (suffix == "py" and not first.startswith("#!")):
        return lambda script, load, profile: python.read(script)
    if SHELLS.match(first) or (suffix == "sh" and not first.startswith("#!")):
        return shell.read
    is_hook = any(fnmatch.fnmatchcase(path, pattern) for pattern in HOOKS)
    if is_hook and not first.startswith("#!"):  # sourced
        return shell.read
    return _spoken(SUFFIXES[suffix]) if suffix in SUFFIXES else None


def _spoken(spoken: language.Language) -> Reader:
    return lambda script, load, profile: tokens.read(script, spoken)


def _haserl(script: Text, load: Load, profile: shell.Profile) -> Reading:
    """The shell's lines between `<%` and `%>`, each where it stands."""
    parts, position = [], 0
    for match in HASERL.finditer(script.text):
        parts.append("\n" * script.text.count("\n", position, match.start()))
        parts.append(f"echo {match[2]}\n" if match[1] else f"{match[2]}")
        position = match.end()
        parts.append(";" if not match[2].endswith("\n") else "")
    return shell.read(Text(script.path, "".join(parts)), load, profile)


def _loader(tree: Tree) -> Load:
    left = [20]

    def load(name: str, by: str) -> Text | None:
        path = inside(name) if name.startswith("/") else inside(join(dirname(by), name))
        left[0] -= 1
        text = tree.text(path, SIZE_LIMIT) if left[0] >= 0 and path != by else None
        return None if text is None else Text(path, text)

    return load
