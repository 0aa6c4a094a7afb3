"""Whom the configuration tells the device to call: time servers, log servers, brokers, update servers.

Read are the files of the usual programs, a row each: where they lie, and which words name a server. What a program is
told on its command line counts where it starts. This is what is written down and no proof that it is called.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.startup import Process, Start, Startup
from firmward.formats import uci
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

FILE_LIMIT = 256 << 10
FILES_LIMIT = 50
"""Files of one pattern."""
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[?[0-9A-Fa-f:]{2,39}\]?")
URL = re.compile(
    r"(?P<scheme>https?|ftp|mqtts?|ssl|tcp|tls)://(?:[^/@\s]{1,100}@)?(?P<host>\[[0-9A-Fa-f:]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?"
)
SCHEMES = {"http": 80, "https": 443, "ftp": 21, "mqtt": 1883, "mqtts": 8883, "ssl": 8883, "tcp": 1883, "tls": 8883}
LOCAL = re.compile(r"(?i)localhost|127\.\S+|::1|0\.0\.0\.0")


@dataclass(frozen=True, slots=True)
class Destination:
    """One server: a name or address, `to`, its `port` and `protocol`, `why` it is called; `at` is where it says so."""

    to: str
    port: int
    protocol: str
    why: str
    at: Location


@dataclass(frozen=True, slots=True)
class Destinations:
    """All `destinations`, by name and port, each once; `unread` says what could not be read."""

    destinations: tuple[Destination, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """Files, and the lines in them that name a server: group 1 is a list of `host[:port]`, or addresses follow in full
    (URL)."""

    paths: tuple[str, ...]
    line: re.Pattern[str]
    why: str
    port: int = 0
    protocol: str = "tcp"


def _line(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?m)^[ \t]*{text}")


ROWS = (
    _Row(("etc/ntp.conf", "etc/ntpsec/ntp.conf", "etc/chrony.conf", "etc/chrony/chrony.conf", "etc/ntpd.conf"),
         _line(r"(?:server|pool|servers|peer)[ \t]+(\S+)"), "time", 123, "udp"),
    _Row(("etc/systemd/timesyncd.conf", "etc/systemd/timesyncd.conf.d/*.conf",
          "usr/lib/systemd/timesyncd.conf.d/*.conf"),
         _line(r"(?:NTP|FallbackNTP)[ \t]*=[ \t]*([^\n]{1,400})"), "time", 123, "udp"),
    _Row(("etc/rsyslog.conf", "etc/rsyslog.d/*.conf"), _line(r"[^#\n]{1,60}[ \t]@@([^\s;]+)"), "logs", 514),
    _Row(("etc/rsyslog.conf", "etc/rsyslog.d/*.conf", "etc/syslog.conf"),
         _line(r"[^#@\n]{1,60}[ \t]@(?!@)([^\s;]+)"), "logs", 514, "udp"),
    _Row(("etc/mosquitto/mosquitto.conf", "etc/mosquitto/conf.d/*.conf"),
         _line(r"address(?:es)?[ \t]+([^\n]{1,300})"), "broker", 1883),
    _Row(("etc/mender/mender.conf", "etc/rauc-hawkbit-updater/config.conf", "etc/rauc-hawkbit-updater.conf",
          "etc/swupdate.cfg", "etc/swupdate/conf.d/*", "etc/swupdate/swupdate.cfg", "etc/hawkbit.conf"),
         re.compile(r"(?i)(?:url|server|ServerURL)[\"']?[ \t]*[:=]"), "updates"),
    _Row(("etc/rauc-hawkbit-updater/config.conf", "etc/rauc-hawkbit-updater.conf"),
         _line(r"(?:hawkbit_server|target_server)[ \t]*=[ \t]*([\w.:-]+)[ \t]*$"), "updates", 443),
    _Row(("etc/opkg.conf", "etc/opkg/*.conf"), _line(r"src"), "packages"),
    _Row(("etc/apt/sources.list", "etc/apt/sources.list.d/*"), _line(r"(?:deb|URIs)"), "packages"),
    _Row(("etc/apk/repositories",), _line(r"(?=https?:)"), "packages"),
)  # fmt: skip
UCI_ROWS = (
    ("etc/config/system", "timeserver", "server", 123, "udp", "time"),
    ("etc/config/system", "system", "log_ip", 514, "udp", "logs"),
)
OPTIONS = (
    ("ntpd", "-p", 123, "udp", "time"),
    ("syslogd", "-R", 514, "udp", "logs"),
    ("ntpdate", "", 123, "udp", "time"),
    ("mosquitto_sub", "-h", 1883, "tcp", "broker"),
    ("mosquitto_pub", "-h", 1883, "tcp", "broker"),
)
"""Programs, the option before a server (empty: a word of its own), and what is called there."""


def collect(tree: Tree, startup: Startup | None | Unknown) -> Destinations | None:
    if not tree.names(""):
        return None
    lost: list[str] = []
    found = [*_written(tree, lost), *_configured(tree, lost)]
    if isinstance(startup, Startup):
        for process in startup.processes:
            if process.start is not Start.DISABLED:
                found += _told(process)
    by_place = {(one.to, one.port, one.protocol): one for one in reversed(found) if not LOCAL.fullmatch(one.to)}
    return Destinations(tuple(by_place[key] for key in sorted(by_place)), tuple(dict.fromkeys(lost)))


def _text(tree: Tree, path: str, lost: list[str]) -> str:
    try:
        return tree.text(path, FILE_LIMIT) or ""
    except Unavailable as reason:
        lost.append(str(reason))
        return ""


def _written(tree: Tree, lost: list[str]) -> Iterator[Destination]:
    for row in ROWS:
        paths = [path for pattern in row.paths for path in tree.glob(pattern)[:FILES_LIMIT]]
        for path in paths:
            text = _text(tree, path, lost)
            for number, line in enumerate(text.split("\n"), 1):
                yield from _named(row, line[:600], Location(path, number))


def _named(row: _Row, line: str, at: Location) -> Iterator[Destination]:
    found = None if line.lstrip().startswith(("#", "//", ";")) else row.line.search(line)
    if found is None:
        return
    urls = list(URL.finditer(line))
    for url in urls:
        port = int(url["port"] or SCHEMES[url["scheme"]])
        yield from _destination(url["host"], port, "tcp", row.why, at)
    if not urls and row.line.groups:
        for word in found[1].split():
            host, port = _endpoint(word, row.port)
            yield from _destination(host, port, row.protocol, row.why, at)


def _configured(tree: Tree, lost: list[str]) -> Iterator[Destination]:
    for path, type_, option, port, protocol, why in UCI_ROWS:
        for section in uci.parse(_text(tree, path, lost)):
            if section.type == type_:
                for value in section.list(option):
                    yield from _destination(value.value, port, protocol, why, Location(path, value.line))


def _told(process: Process) -> Iterator[Destination]:
    words = process.argv
    for program, option, default, protocol, why in OPTIONS:
        if process.program != program:
            continue
        for position, word in enumerate(words[1:], 1):
            if (option and words[position - 1] == option) or (not option and not word.startswith("-")):
                host, port = _endpoint(word, default)
                yield from _destination(host, port, protocol, why, process.at)
    if process.program in ("swupdate", "suricatta", "hawkbit"):
        for url in (url for word in words for url in URL.finditer(word)):
            yield from _destination(
                url["host"], int(url["port"] or SCHEMES[url["scheme"]]), "tcp", "updates", process.at
            )


def _endpoint(word: str, default: int) -> tuple[str, int]:
    """`host`, `host:port`, `[address]:port`."""
    if word.count(":") > 1 and not word.startswith("["):
        return word, default
    host, sign, port = word.rpartition(":")
    is_port = bool(sign) and port.isascii() and port.isdecimal() and len(port) < 6
    return (host, int(port)) if is_port else (word, default)


def _destination(host: str, port: int, protocol: str, why: str, at: Location) -> Iterator[Destination]:
    name = host.strip("[]").rstrip(".").lower()
    if HOST.fullmatch(name) and 0 < port < 65536:
        yield Destination(name, port, protocol, why, at)
