"""What this system's programs ask of TLS: servers, clients, the library's own file, and commands in scripts.

Rules: lighttpd's, nginx's, Apache's, HAProxy's and mosquitto's settings come from their families. stunnel reads
etc/stunnel/*.conf or the file on its command line, and the folder that `include` names, with services in
`[brackets]`; a client without `verifyChain`, `verifyPeer` or `verify` checks nobody. vsftpd has `ssl_*` keys.
OpenSSL's own file holds for programs that set nothing: the section that `openssl_conf` leads to by `ssl_conf` and
`system_default`. `curl -k`, `wget --no-check-certificate` and their like are looked for in what starts and in the
scripts that run at boot, by cron and by timers; what tells a browser to take any certificate
(`--ignore-certificate-errors`, `--ignore-tls-errors` of cog and its like) in the files too that its start script
reads. Clients of other kinds: tls_clients.py and unverified_settings.py.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from firmward.facts import command_line, tls_clients, unverified_settings
from firmward.facts.apache import Apache
from firmward.facts.configuration_file import ConfigurationFiles, inside, lines, unquoted
from firmward.facts.haproxy import Haproxy
from firmward.facts.jobs import Jobs
from firmward.facts.lighttpd import Lighttpd
from firmward.facts.listener import Application
from firmward.facts.mosquitto import Mosquitto
from firmward.facts.nginx import Nginx
from firmward.facts.scripts.trace import Traced
from firmward.facts.startup import Process, Start, Startup
from firmward.facts.tls_setting import TlsSetting
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

LIBRARY_FILES = ("etc/ssl/openssl.cnf", "etc/pki/tls/openssl.cnf", "usr/lib/ssl/openssl.cnf")
LIBRARIES = ("usr/lib/libssl.so.*", "lib/libssl.so.*", "usr/lib/*/libssl.so.*", "lib/*/libssl.so.*")
CRON = ("etc/cron.*/*", "etc/periodic/*/*", "etc/network/if-up.d/*", "etc/udhcpc/*", "usr/share/udhcpc/*")
BROWSERS = (
    *("etc/chromium.d/*", "etc/chromium/default", "etc/chromium-browser/default", "etc/chromium-flags.conf"),
    *("etc/chromium-browser/customizations/*", "etc/default/chromium*", "etc/default/cog", "etc/environment"),
    *("etc/xdg/autostart/*.desktop", "etc/xdg/openbox/autostart", "etc/xdg/openbox/environment", "etc/profile.d/*"),
    *("etc/xdg/lxsession/*/autostart", "etc/X11/xinit/xinitrc", "etc/X11/Xsession.d/*", "etc/xdg/labwc/autostart"),
    *(f"{home}/{file}" for home in ("root", "home/*") for file in (".xinitrc", ".xsession", ".config/*/autostart")),
    *(f"{home}/.config/autostart/*.desktop" for home in ("root", "home/*")),
    *("etc/xdg/weston/weston.ini", "etc/sway/config", "etc/sway/config.d/*", "usr/share/applications/*.desktop"),
)
"""Where the options of a browser in a kiosk stand beside scripts that start it."""

ANY_CERTIFICATE = re.compile(
    r"(?<![\w-])--(?P<option>ignore-certificate-errors|ignore-tls-errors)(?![\w-])(?:=(?P<value>\w+))?"
)
VSFTPD_FILES = ("etc/vsftpd.conf", "etc/vsftpd/vsftpd.conf")
SCRIPTS_LIMIT = 500
LINE_LIMIT = 4000
SCRIPT_BYTES = 1 << 20
UNVERIFIED = re.compile(
    r"(?<![\w/-])(?P<program>curl|wget|uclient-fetch|mosquitto_pub|mosquitto_sub|git|lftp)\b[^\n#|;&]*?"
    r"(?:\s(?P<option>--insecure|--no-check-certificate|--no-verify-peer)\b|\s(?P<letters>-[a-zA-Z]*k[a-zA-Z]*)\b"
    r"|(?P<git>http\.sslVerify=false))"
)


@dataclass(frozen=True, slots=True)
class UnverifiedCommand:
    """A client, `program`, told by `option` to take any certificate; `at` is where."""

    program: str
    option: str
    at: Location


@dataclass(frozen=True, slots=True)
class Tls:
    """All `settings` of servers and clients, and `unverified`, the commands that take any certificate.

    `undecided` names servers that leave the lowest version to a library whose default is old or unknown, `unread` says
    what could not be read.
    """

    settings: tuple[TlsSetting, ...]
    unverified: tuple[UnverifiedCommand, ...] = ()
    undecided: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree,
    startup: Startup,
    lighttpd: Lighttpd | Unknown | None,
    nginx: Nginx | Unknown | None,
    apache: Apache | Unknown | None,
    mosquitto: Mosquitto | Unknown | None,
    jobs: Jobs | Unknown | None,
    haproxy: Haproxy | Unknown | None,
) -> Tls:
    files = ConfigurationFiles(tree)
    settings: list[TlsSetting] = []
    unread = list(startup.unread_servers)
    undecided: list[str] = []
    for family in (lighttpd, nginx, apache, mosquitto, haproxy):
        if isinstance(family, Unknown):
            unread.append(family.reason)
        elif family is not None:
            settings += family.tls
            unread += family.unread
            if not isinstance(family, Mosquitto | Haproxy):
                undecided += _undecided(tree, family)
    for process in startup.running("stunnel", "stunnel4", "stunnel5"):
        settings += _stunnel(tree, process, files)
    if startup.running("vsftpd"):
        settings += _vsftpd(tree, files)
    settings += tls_clients.settings(tree, startup, files, unread)
    settings += _library(tree)
    if isinstance(jobs, Unknown):
        unread.append(jobs.reason)
    commands = tuple(dict.fromkeys(_unverified(tree, startup, jobs, unread)))
    return Tls(tuple(settings), commands, tuple(undecided), tuple(dict.fromkeys((*unread, *files.unread))))


def _undecided(tree: Tree, family: Lighttpd | Nginx | Apache) -> Iterator[str]:
    names = {setting.option for setting in family.tls}
    server = next((one for one in family.listeners if one.speaks is Application.HTTPS), None)
    if server is None or names & {"minprotocol", "protocol", "ssl_protocols", "sslprotocol"}:
        return
    if any(path.endswith((".1.0.0", ".1.0.2", ".1.1", ".0.9.8")) for glob in LIBRARIES for path in tree.glob(glob)):
        yield f"{server.program} leaves the lowest TLS version to an OpenSSL before 3, whose default may be TLS 1.0"


def _stunnel(tree: Tree, process: Process, files: ConfigurationFiles) -> Iterator[TlsSetting]:
    words = [word for word in process.argv[1:] if word.startswith("/") or word.endswith(".conf")]
    paths = (inside(words[0]),) if words else tree.glob("etc/stunnel/*.conf")
    for path in paths:
        text = files.main(path)
        yield from parse_stunnel(text or "", path, files.folder)


Folder = Callable[[str, Location], Iterable[tuple[str, str]]]


def parse_stunnel(text: str, path: str, folder: Folder = lambda path, at: ()) -> Iterator[TlsSetting]:
    """The settings of each service; a client that verifies nobody gets `verify` = `none`. `folder` reads what
    `include` names."""
    shared: dict[str, TlsSetting] = {}
    services: dict[str, dict[str, TlsSetting]] = {}
    section: str | None = None
    place: dict[str, Location] = {}
    for at, line in _stunnel_lines(text, path, folder):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            services[section] = dict(shared)
            place[section] = at
            continue
        key, _, value = line.partition("=")
        setting = TlsSetting("stunnel", key.strip().lower(), value.strip(), at, section)
        (shared if section is None else services[section])[setting.option] = setting
    wanted = ("sslversion", "sslversionmin", "ciphers", "options")
    for name, settings in services.items():
        yield from (settings[option] for option in wanted if option in settings)
        is_client = "client" in settings and settings["client"].value.lower() == "yes"
        verifies = any(_yes(settings.get(option)) for option in ("verifychain", "verifypeer", "verify"))
        if is_client and not verifies:
            yield TlsSetting("stunnel", "verify", "none", place[name], name)


def _stunnel_lines(text: str, path: str, folder: Folder) -> Iterator[tuple[Location, str]]:
    """The lines with those of the files that `include = FOLDER` inserts, by their names."""
    for number, line in lines(text, ";#"):
        at = Location(path, number)
        key, sign, value = line.partition("=")
        if sign and key.strip().lower() == "include":
            for inner_path, inner in folder(value.strip(), at):
                yield from _stunnel_lines(inner, inner_path, folder)
        else:
            yield at, line


def _yes(setting: TlsSetting | None) -> bool:
    return setting is not None and setting.value.lower() not in ("no", "0", "")


def _vsftpd(tree: Tree, files: ConfigurationFiles) -> Iterator[TlsSetting]:
    path = next((path for path in VSFTPD_FILES if tree.is_file(path)), None)
    for number, line in lines((files.main(path) if path else None) or ""):
        key, _, value = line.partition("=")
        if key.startswith("ssl_"):
            yield TlsSetting("vsftpd", key.strip().lower(), value.strip(), Location(path, number))


def _library(tree: Tree) -> Iterator[TlsSetting]:
    path = next((path for path in LIBRARY_FILES if tree.is_file(path)), None)
    if path is not None:
        yield from parse_library(tree.text(path) or "", path)


def parse_library(text: str, path: str) -> Iterator[TlsSetting]:
    """The settings that hold by default, where the file leads to them at all."""
    sections: dict[str, dict[str, TlsSetting]] = {"default": {}}
    section = "default"
    for number, line in lines(text):
        if line.startswith("[") and "]" in line:
            section = line[1 : line.index("]")].strip()
            sections.setdefault(section, {})
            continue
        key, sign, value = line.partition("=")
        if sign:
            bare = unquoted(value.partition("#")[0].strip())
            option = key.strip()
            sections[section][option.lower()] = TlsSetting("openssl", option.lower(), bare, Location(path, number))
    name = "default"
    for step in ("openssl_conf", "ssl_conf", "system_default"):
        pointer = sections.get(name, {}).get(step)
        if pointer is None:
            return
        name = pointer.value
    wanted = ("minprotocol", "cipherstring", "protocol", "ciphersuites")
    yield from (setting for option, setting in sections.get(name, {}).items() if option in wanted)


def _unverified(
    tree: Tree, startup: Startup, jobs: Jobs | Unknown | None, unread: list[str]
) -> Iterator[UnverifiedCommand]:
    for told in unverified_settings.unverified(tree, unread):
        yield UnverifiedCommand(*told)
    for command in _commands(startup, jobs):
        yield from _in_words(command)
    options = dict.fromkeys(path for pattern in BROWSERS for path in tree.glob(pattern))
    for path in dict.fromkeys((*_scripts(tree, startup, jobs), *options)):
        try:
            text = tree.text(path, SCRIPT_BYTES) if path in options or _is_script(tree, path) else None
        except Unavailable as reason:
            unread.append(str(reason))
            continue
        if text is not None:
            yield from find_unverified(text, path)
            yield from _in_source(text, path)
    for path in tls_clients.scripts(tree):
        try:
            yield from _in_source(tree.text(path, tls_clients.BYTES_LIMIT) or "", path)
        except Unavailable as reason:
            unread.append(str(reason))


def _commands(startup: Startup, jobs: Jobs | Unknown | None) -> Iterator[Process | Traced]:
    """What starts, and what jobs do by their own line."""
    yield from (process for process in startup.processes if process.start is not Start.DISABLED)
    yield from (command for job in (jobs.jobs if isinstance(jobs, Jobs) else ()) for command in job.commands)


def _in_source(text: str, path: str) -> Iterator[UnverifiedCommand]:
    for option, at in tls_clients.in_source(text, path):
        yield UnverifiedCommand(path.rpartition("/")[2], option, at)


def _is_script(tree: Tree, path: str) -> bool:
    """A program's head tells it from a script, without the rest being read."""
    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE:
        return False
    return next(tree.chunks(entry), b"").startswith(b"#!")


def _scripts(tree: Tree, startup: Startup, jobs: Jobs | Unknown | None) -> Iterable[str]:
    started = [process.at.path for process in startup.processes if process.at.path]
    programs = [inside(process.argv[0]) for process in startup.processes if process.start is not Start.DISABLED]
    timed = [path for pattern in CRON for path in tree.glob(pattern)]
    for job in jobs.jobs if isinstance(jobs, Jobs) else ():
        timed += [*(file.path for file in job.files), *(one.at.path for one in job.commands if one.at.path)]
    return tuple(dict.fromkeys((*startup.scripts, *started, *programs, *timed)))[:SCRIPTS_LIMIT]


def _in_words(process: Process | Traced) -> Iterator[UnverifiedCommand]:
    program = process.program
    arguments = command_line.read(command_line.own_words(process.argv), letters="oHdXuATFeb")
    if (program == "curl" and arguments.has("k", "insecure")) or (
        program in ("wget", "uclient-fetch") and arguments.has("no-check-certificate")
    ):
        yield UnverifiedCommand(program, "-k" if program == "curl" else "--no-check-certificate", process.at)
    if any(_takes_any(match) for word in process.argv[1:] for match in ANY_CERTIFICATE.finditer(word[:LINE_LIMIT])):
        yield UnverifiedCommand(program, "--ignore-certificate-errors", process.at)


def find_unverified(text: str, path: str) -> Iterator[UnverifiedCommand]:
    """Clients in a script that are told to take any certificate, comments left out and joined lines followed."""
    joined = re.sub(r"\\\n", lambda _: " \x00", text)
    line = 0
    for written in joined.split("\n"):
        line += 1
        if not written.lstrip().startswith("#"):
            for match in ANY_CERTIFICATE.finditer(written[:LINE_LIMIT]):
                if _takes_any(match):
                    at = Location(path, line + written[: match.start()].count("\x00"))
                    yield UnverifiedCommand("browser", f"--{match['option']}", at)
            for match in UNVERIFIED.finditer(written[:LINE_LIMIT]):
                if match["letters"] and match["program"] != "curl":
                    continue
                option = match["option"] or match["letters"] or match["git"]
                at = Location(path, line + written[: match.start()].count("\x00"))
                yield UnverifiedCommand(match["program"], option, at)
        line += written.count("\x00")


def _takes_any(match: re.Match[str]) -> bool:
    return match["value"] not in ("false", "0", "no")
