"""web-server-misconfigured"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from firmward.facts.accounts import Accounts
from firmward.facts.listener import Application
from firmward.facts.listeners import Listeners
from firmward.facts.web_content import Exposed, Kinds, WebContent
from firmward.facts.web_servers import Feature, Trait, WebServer, WebServers
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Content, Node, executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, Remove, RemoveLine, Safety, SetMode, SetOption, Stage
from firmward.model.tree import Kind


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a web server should not do, and the cure."""

    key: str
    why: str
    instead: str
    severity: Severity = Severity.MEDIUM
    breaks: str = ""


LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

ROWS = (
    Row(
        Feature.LISTING,
        "visitors read the names of all files, those that no page names too",
        "Switch listings off",
        breaks="visitors find no file any more that no page leads to",
    ),
    Row(
        Feature.STATUS,
        "it tells everybody addresses, load and paths",
        "Let this device alone see it, or drop it",
        breaks="who watches the server by this page from elsewhere sees nothing",
    ),
    Row(
        Feature.WRITE,
        "everybody may put files there",
        "Ask for a password, or make it read-only",
        breaks="who puts files there by WebDAV cannot do so any more",
    ),
    Row(
        Feature.ADMIN,
        "everybody may take servers out of service there",
        "Ask for a password (stats auth), or drop it",
        HIGH,
        breaks="the page of statistics is gone, and with it the switch for servers",
    ),
    Row(
        Feature.SLOW,
        "a few who connect and go silent keep all others out",
        "Wait for ten seconds; the packet filter bounds how many connections one address holds",
        LOW,
        breaks="a visitor whose line pauses for longer than ten seconds within a request has to begin anew",
    ),
    Row(
        Kinds.BACKUP,
        "a copy that nobody runs is handed out as text, passwords in it too",
        "Leave it out",
        LOW,
        breaks="a page or script that reads the file as it lies there fails",
    ),
    Row(Kinds.KEY, "everybody may fetch it", "Move it out of what is served", HIGH),
    Row(
        Kinds.PHPINFO,
        "it shows paths, modules and variables to everybody",
        "Leave it out",
        breaks="Who looks at this page finds it no more",
    ),
    Row(
        Kinds.REPOSITORY,
        "the whole history of the source can be fetched from it",
        "Leave it out",
        breaks="An update of the pages by the version control itself is not possible any more",
    ),
    Row(Kinds.ROOT, "the system's own files are handed out", "Serve a folder that holds nothing but pages", HIGH),
    Row(
        Kinds.WRITABLE,
        "whoever can write a file there has it run",
        "Take the right to write away",
        breaks="a program that puts files there without root's rights cannot do so any more",
    ),
    Row(
        "cgi-as-root",
        "one hole in one of them is root's",
        "Run the server, or its programs, as a user of their own",
        breaks="a program that needs root's rights to answer a request fails, and so does a log that is root's",
    ),
    Row("no-tls", "it has no socket with TLS", "Give it a certificate and a socket with TLS", LOW),
)
WHY = {str(row.key): row for row in ROWS}

CONF = "etc/lighttpd/lighttpd.conf"
START: dict[str, Content] = {"etc/inittab": f"::respawn:/usr/sbin/lighttpd -D -f /{CONF}\n"}
TLS = 'server.port = 443\nssl.engine = "enable"\nserver.document-root = "/www"\nserver.max-read-idle = 10\n'
UCI = "config uhttpd 'main'\n\tlist listen_https '0.0.0.0:443'\n\toption cert '/c'\n\toption key '/k'\n"
UHTTPD: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/uhttpd -f -h /www -s 443\n", "etc/config/uhttpd": UCI}
HTTPD: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/httpd -f -p 127.0.0.1:80 -h /www -u www\n",
                             "usr/sbin/httpd": link("/bin/busybox"), "bin/busybox": executable(b"\x7fELF")}  # fmt: skip
CGI: dict[str, Content] = {"www/index.html": "", "www/cgi-bin/status": executable("#!/bin/sh\necho\n")}
NGINX: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/nginx -g 'daemon off;'\n"}
SERVER = "user www;\nhttp {{ client_header_timeout 10s; server {{ listen 443 ssl; root /www; {} }} }}\n"
HAPROXY: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/haproxy -db -f /etc/haproxy/haproxy.cfg\n"}
STATISTICS = "defaults\n mode http\nlisten statistics\n bind :8443 ssl crt /data/device.pem\n {}\n"
SITE = "<Directory /var/www>\nOptions {}\nRequire all granted\n</Directory>\nDocumentRoot /var/www\nListen 443\n"


@check(
    title="A web server shows, runs or takes more than it should",
    severity=Severity.MEDIUM,
    practice="P22",
    cwe=16,
    bad=(
        Example({**START, CONF: TLS + 'dir-listing.activate = "enable"\n'}),
        Example({**START, CONF: TLS + 'server.modules = ("mod_cgi")\ncgi.assign = (".sh" => "/bin/sh")\n',
                 "www/go.sh": "#!/bin/sh\n"}),
        Example({**START, CONF: TLS.replace("10", "60")}),
        Example({**NGINX, "etc/nginx/nginx.conf": SERVER.replace("10s", "1m").format("")}),
        Example({**UHTTPD, **CGI}),
        Example({**HTTPD, **CGI, "etc/inittab": "::respawn:/usr/sbin/httpd -f -p 127.0.0.1:80 -h /www\n"}),
        Example({**HTTPD, "www/index.html": "", "www/cgi-bin": Node(kind=Kind.DIRECTORY, mode=0o777)}),
        Example({**HTTPD, "www/index.html": "", "www/login.php.bak": "<?php\n"}),
        Example({**HTTPD, "www/files": link("/"), "www/index.html": ""}),
        Example({**NGINX, "etc/nginx/nginx.conf": SERVER.format("location /s { stub_status; }")}),
        Example({**NGINX, "etc/nginx/nginx.conf": SERVER.format("location /d { dav_methods PUT DELETE; }")}),
        Example({"etc/inittab": "::respawn:/usr/sbin/apache2 -DFOREGROUND\n",
                 "etc/apache2/apache2.conf": "User www\n" + SITE.format("Indexes FollowSymLinks")}),
        Example({**HAPROXY, "etc/haproxy/haproxy.cfg": STATISTICS.format("stats uri /")}),
    ),
    good=(
        Example({**START, CONF: TLS + 'server.username = "www"\nserver.modules = ("mod_cgi")\n'
                 'cgi.assign = (".sh" => "/bin/sh")\n', "www/go.sh": "#!/bin/sh\n"}),
        Example({**HTTPD, **CGI}),
        Example({**NGINX, "etc/nginx/nginx.conf": SERVER.format(
            "location /s { stub_status; allow 127.0.0.1; deny all; }")}),
        Example({"etc/inittab": "::respawn:/usr/sbin/apache2 -DFOREGROUND\n",
                 "etc/apache2/apache2.conf": "User www\n" + SITE.format("-Indexes")}),
        Example({**HAPROXY, "etc/haproxy/haproxy.cfg": STATISTICS.format("stats auth watch:$PASSWORD")}),
    ),
)  # fmt: skip
def web_server_misconfigured(
    web: WebServers,
    content: WebContent | Unknown,
    listeners: Listeners | Unknown | None,
    accounts: Accounts | Unknown | None,
    policy: Policy | None,
) -> Findings:
    """The web server is the widest door of most devices. Listings, status pages, copies of scripts and a folder that is
    too wide give an intruder what he needs to know; a folder that takes files, or programs that run as root for a
    request, give him the device. A server that waits long for visitors who say nothing soon has no room for others.
    What needs the network in clear is told by plaintext-protocol; here it is low.
    """
    told: set[str] = set()
    names = _users(accounts, policy)
    for server in web.servers:
        is_local = isinstance(listeners, Listeners) and _is_local(server, listeners)
        for finding in _of_server(server, web, content, listeners, names):
            if finding.key not in told:
                told.add(finding.key)
                yield replace(finding, severity=LOW) if is_local else finding
    unread = [*web.unread, *(content.unread if isinstance(content, WebContent) else (content.reason,))]
    unread += [listeners.reason] if isinstance(listeners, Unknown) else []
    if unread:
        raise Unavailable("; ".join(unread[:5]))


USERS = ("www-data", "www", "http", "httpd", "apache", "nginx", "lighttpd", "uhttpd", "web", "nobody")
"""Accounts that distributions make for a web server; `nobody` is the last resort."""


def _users(accounts: Accounts | Unknown | None, policy: Policy | None) -> tuple[str, ...]:
    """The accounts of the image that a web server may have, those first that the policy names for one."""
    if not isinstance(accounts, Accounts):
        return ()
    declared = [one.user for one in policy.service if one.user] if policy is not None else []
    known = [name for name in USERS if (account := accounts.get(name)) is not None and account.uid != 0]
    return tuple(dict.fromkeys((*(name for name in declared if name in known), *known)))


def _of_server(
    server: WebServer,
    web: WebServers,
    content: WebContent | Unknown,
    listeners: Listeners | Unknown | None,
    users: tuple[str, ...],
) -> Iterator[Finding]:
    known = content if isinstance(content, WebContent) else WebContent(())
    for trait in server.traits:
        yield _of_trait(server, trait, known)
    yield from _of_programs(server, web, users)
    for one in known.exposed:
        if one.by in (*server.roots, *server.cgi):
            yield _of_content(server, one)
    if isinstance(listeners, Listeners):
        yield from _of_sockets(server, listeners)


def _of_trait(server: WebServer, trait: Trait, content: WebContent) -> Finding:
    """A listing of nothing but the parts of pages tells little, and uhttpd lists unless told otherwise."""
    seen = bool(content.seen) or server.program == "uhttpd"
    is_little = trait.feature is Feature.LISTING and seen and not content.unhidden
    return _finding(
        server,
        trait.feature,
        trait.where,
        f"{server.program} {_DOES[trait.feature]} {trait.where}".rstrip(),
        trait.at,
        _change(server, trait),
        severity=LOW if is_little else None,
        evidence=trait.text,
    )


def _is_local(server: WebServer, listeners: Listeners) -> bool:
    """Nobody but the device itself reaches it."""
    own = [one for one in listeners.listeners if one.program == server.program and one.service == server.service]
    return bool(own) and all(one.is_local for one in own) and not listeners.unread


_DOES = {
    Feature.LISTING: "lists the folders of",
    Feature.STATUS: "shows its status to all at",
    Feature.WRITE: "takes files from all at",
    Feature.ADMIN: "lets all switch servers off at",
    Feature.SLOW: "waits longer than half a minute for who says nothing",
}


def _change(server: WebServer, trait: Trait) -> tuple[Change, ...]:
    """What switches a feature off, or keeps it for the device itself, in the program's own language."""
    say = LANGUAGES.get(server.program)
    return say(trait, trait.at.path, trait.text.partition(" ")[0]) if say is not None and trait.at.path else ()


def _lighttpd(trait: Trait, path: str, name: str) -> tuple[Change, ...]:
    if trait.feature is Feature.SLOW:
        return (SetOption(path, name, "10"),)
    return (SetOption(path, name, "" if trait.feature is Feature.STATUS else "disable"),)


def _nginx(trait: Trait, path: str, name: str) -> tuple[Change, ...]:
    if trait.feature is Feature.SLOW:
        return (SetOption(path, name, "10s", "http"),)
    if trait.feature is Feature.STATUS:
        return (SetOption(path, "deny", "all", name), SetOption(path, "allow", "127.0.0.1", name))
    return (SetOption(path, name, "off"),)


def _apache(trait: Trait, path: str, name: str) -> tuple[Change, ...]:
    if trait.section is None:
        return ()
    option, value = {
        Feature.LISTING: ("Options", _without_indexes(trait.text)),
        Feature.STATUS: ("Require", "local"),
    }.get(trait.feature, ("Dav", "Off"))
    return (SetOption(path, option, value, trait.section),)


def _haproxy(trait: Trait, path: str, name: str) -> tuple[Change, ...]:
    """The last line first, so that the numbers of the others hold."""
    lines = sorted(trait.lines, key=lambda one: -(one[0].line or 0))
    return tuple(RemoveLine(at.path, at.line, text) for at, text in lines if at.path and at.line)


def _boa(trait: Trait, path: str, name: str) -> tuple[Change, ...]:
    return (RemoveLine(path, trait.at.line, trait.text),) if trait.at.line is not None else ()


def _darkhttpd(trait: Trait, path: str, name: str) -> tuple[Change, ...]:
    return (SetOption(path, "--no-listing", "yes", "command darkhttpd"),)


def _uhttpd(trait: Trait, path: str, name: str) -> tuple[Change, ...]:
    """OpenWrt's start script asks the configuration."""
    if path.startswith(("etc/init.d/", "etc/config/")):
        return (SetOption("etc/config/uhttpd", "no_dirlists", "1", "uhttpd"),)
    return (SetOption(path, "-D", "yes", "command uhttpd"),)


LANGUAGES: Mapping[str, Callable[[Trait, str, str], tuple[Change, ...]]] = {
    "lighttpd": _lighttpd,
    "nginx": _nginx,
    "apache2": _apache,
    "haproxy": _haproxy,
    "boa": _boa,
    "darkhttpd": _darkhttpd,
    "uhttpd": _uhttpd,
}


def _without_indexes(text: str) -> str:
    """The words of `Options`; signs belong to all or to none, and `All` names more than anybody needs."""
    words = [word for word in text.split()[1:] if word.lower().lstrip("+") not in ("indexes", "all")]
    signed = all(word[:1] in "+-" for word in text.split()[1:])
    return " ".join(["-Indexes", *words] if signed else words or ["None"])


def _of_programs(server: WebServer, web: WebServers, users: tuple[str, ...]) -> Iterator[Finding]:
    """Programs that lie in the image and run as root for a request; or workers that a configuration makes root."""
    run = [cgi for cgi in server.cgi if any(_belongs(path, cgi.path, cgi.suffix) for path in web.scripts)]
    if server.is_root and run:
        example = next(path for path in web.scripts if _belongs(path, run[0].path, run[0].suffix))
        yield _finding(
            server,
            "cgi-as-root",
            "",
            f"{server.program} runs /{example} for a request as root",
            run[0].at,
            _as_user(server, users),
        )
    elif server.is_root and server.confined and server.program in ("nginx", "apache2"):
        yield _finding(
            server, "cgi-as-root", "", f"{server.program} serves requests as root", server.at, _as_user(server, users)
        )


def _as_user(server: WebServer, users: tuple[str, ...]) -> tuple[Change, ...]:
    """The server with a user of its own, where the image has one."""
    user = next(iter(users), None)
    if user is None:
        return ()
    match server.program:
        case "lighttpd" if server.file:
            return (SetOption(server.file, "server.username", user),)
        case "nginx" if server.file:
            return (SetOption(server.file, "user", user),)
        case "apache2" | "boa" if server.file:
            return (SetOption(server.file, "User", user),)
        case "mini_httpd" | "thttpd" if server.file:
            return (SetOption(server.file, "user", user),)
        case "httpd" | "mini_httpd" | "thttpd" if server.at.path:
            return (SetOption(server.at.path, "-u", user, f"command {server.program}"),)
    return ()


def _belongs(path: str, folder: str, suffix: str) -> bool:
    return path == folder or (path.startswith(f"{folder}/") and path.endswith(suffix))


def _of_content(server: WebServer, one: Exposed) -> Finding:
    verb = "lets all write to" if one.kind is Kinds.WRITABLE else "hands out"
    removable = one.kind in (Kinds.BACKUP, Kinds.PHPINFO, Kinds.REPOSITORY)
    changes: tuple[Change, ...] = (Remove(one.path),) if removable else ()
    if one.kind is Kinds.WRITABLE:
        changes = (SetMode(one.path, 0o755),)
        return _finding(server, one.kind, one.path, f"everybody may write in /{one.path}, from where "
                        f"{server.program} runs programs", Location(one.path), changes)  # fmt: skip
    return _finding(server, one.kind, one.path, f"{server.program} {verb} /{one.path}", Location(one.path), changes)


def _of_sockets(server: WebServer, listeners: Listeners) -> Iterator[Finding]:
    own = [one for one in listeners.reachable if one.program == server.program and one.service == server.service]
    if any(one.speaks is Application.HTTP for one in own) and not any(
        one.speaks is Application.HTTPS for one in listeners.reachable if one.program == server.program
    ):
        yield _finding(server, "no-tls", "", f"{server.program} has no socket with TLS", own[0].at, ())


def _finding(
    server: WebServer,
    key: str,
    where: str,
    message: str,
    at: Location,
    changes: tuple[Change, ...],
    severity: Severity | None = None,
    evidence: str | None = None,
) -> Finding:
    row = WHY[str(key)]
    return Finding(
        " ".join(filter(None, (server.program, str(key), where))),
        message if key == "no-tls" else f"{message}: {row.why}",
        at=at,
        severity=severity or row.severity,
        evidence=evidence,
        remedy=Remedy(
            row.instead,
            Safety.UNSAFE if changes else Safety.MANUAL,
            Stage.IMAGE,
            changes,
            breaks=row.breaks if changes else "",
        ),
    )
