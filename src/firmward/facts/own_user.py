"""Daemons that start as root and give it up themselves, one row each, after their manuals.

The user stands on the command line, else in the configuration, else it is the one that the program was built with; that
one counts where the system has the account, since distributions build with different ones. Servers that keep a master
as root and let others handle the connections count as those others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import join

from firmward.facts import command_line
from firmward.facts.configuration_file import folder_of, inside
from firmward.facts.process import Process
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree


@dataclass(frozen=True, slots=True)
class Row:
    """How one program gives root up.

    `options` name the user on the command line, `valued` further letters that take a value; `file` is the option for
    the configuration, `paths` where it lies, `key` what names the user there. `built_in` are the users that it may have
    been built with; `always` says that one of them is taken even where the accounts do not show it. `keeps` are options
    with which it stays root.
    """

    names: tuple[str, ...]
    built_in: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    valued: str = ""
    paths: tuple[str, ...] = ()
    file: str = ""
    key: str = ""
    always: bool = False
    keeps: tuple[str, ...] = ()


ROWS = (
    Row(("lighttpd",), (), (), "fmi", ("etc/lighttpd/lighttpd.conf",), "f", r"server\.username"),
    Row(("nginx",), ("nobody",), (), "cgpe", ("etc/nginx/nginx.conf",), "c", "user", always=True),
    Row(("apache2", "httpd2"), ("www-data", "apache", "daemon", "nobody"), always=True),
    Row(("mosquitto",), ("mosquitto",), (), "cp", (), "c", "user", always=True),
    Row(("dnsmasq",), ("dnsmasq", "nobody"), ("u", "user"), "rmpclsitgaxSCATHQIBFGOMXVUjPJWY2467803",
        ("etc/dnsmasq.conf",), "C", "user", always=True),
    Row(("ntpd",), (), ("u", "user"), "cfiIklpPrstUvV"),
    Row(("chronyd",), ("_chrony", "chrony", "chronyd", "ntp"), ("u",), "fFPUlLtr",
        ("etc/chrony/chrony.conf", "etc/chrony.conf"), "f", "user"),
    Row(("avahi-daemon",), ("avahi",), always=True, keeps=("no-drop-root",)),
    Row(("avahi-autoipd",), ("avahi-autoipd",), always=True, keeps=("no-drop-root",)),
    Row(("dbus-daemon",), ("messagebus", "dbus"), always=True),
    Row(("snmpd",), (), ("u",), "cCmMOLFnpxDgIrtXA", ("etc/snmp/snmpd.conf",), "c", "agentuser"),
    Row(("snmptrapd",), (), ("u",), "cCmMOLFnpx", ("etc/snmp/snmptrapd.conf",), "c", "agentuser"),
    Row(("rpcbind", "portmap"), ("_rpc", "rpc", "daemon", "bin"), always=True),
    Row(("rpc.statd", "sm-notify"), ("statd", "rpcuser"), always=True),
    Row(("named",), (), ("u",), "cdEnpStTUx"),
    Row(("unbound",), ("unbound",), (), "c", ("etc/unbound/unbound.conf",), "c", "username", always=True),
    Row(("mini_httpd",), ("nobody", "www-data"), ("u",), "CdclTMPEYhp", (), "C", "user", always=True),
    Row(("thttpd",), ("nobody", "www-data", "thttpd"), ("u",), "CdcltMiTPhp", (), "C", "user", always=True,
        keeps=("nor",)),
    Row(("boa",), (), (), "crld", ("etc/boa/boa.conf", "etc/boa.conf"), "f", "User"),
    Row(("webfsd",), (), ("u",), "4rRfslLmahtcbnkpig"),
    Row(("httpd",), (), ("u",), "phcrdme", ("etc/httpd/conf/httpd.conf",), "f", "User"),
    Row(("ttyd",), (), ("u", "uid"), "cHgsawtTObIPKpi"),
    Row(("memcached",), (), ("u", "user"), "pmcMltsaPRCnfLbBIo"),
    Row(("mysqld", "mariadbd", "mysqld_safe"), ("mysql",), ("user", "u"), "hPp", always=True),
    Row(("postgres", "postmaster"), ("postgres",), always=True),
    Row(("squid",), ("proxy", "squid", "nobody"), (), "f", ("etc/squid/squid.conf",), "f", "cache_effective_user",
        always=True),
    Row(("tinyproxy",), (), (), "c", ("etc/tinyproxy/tinyproxy.conf", "etc/tinyproxy.conf"), "c", "User"),
    Row(("privoxy",), (), ("user",)),
    Row(("haproxy",), (), (), "fpLnN", ("etc/haproxy/haproxy.cfg",), "f", "user"),
    Row(("stunnel", "stunnel4"), (), (), "", ("etc/stunnel/stunnel.conf",), "", "setuid"),
    Row(("tor",), (), (), "f", ("etc/tor/torrc",), "f", "User"),
    Row(("openvpn",), (), ("user",), "", (), "config", "user"),
    Row(("radvd",), (), ("u", "username"), "dCmplt"),
    Row(("minidlnad", "minidlna"), (), ("u",), "fPHhsmp", ("etc/minidlna.conf",), "f", "user"),
    Row(("zabbix_agentd", "zabbix_agent2"), ("zabbix",), always=True),
    Row(("nrpe",), ("nagios", "nrpe"), (), "c", ("etc/nagios/nrpe.cfg",), "c", "nrpe_user", always=True),
    Row(("gpsd",), ("gpsd", "nobody"), always=True),
    Row(("vsftpd",), ("ftp", "nobody"), always=True),
    Row(("proftpd",), (), (), "cdpS", ("etc/proftpd/proftpd.conf", "etc/proftpd.conf"), "c", "User"),
    Row(("pure-ftpd",), ("ftp", "nobody"), always=True),
    Row(("in.tftpd",), ("tftp", "nobody"), ("u", "user"), "aUtmTrRBpP", always=True),
    Row(("atftpd",), ("nobody",), ("user",), always=True),
    Row(("exim4", "exim"), ("Debian-exim", "exim"), always=True),
    Row(("master", "postfix", "dovecot", "opensmtpd", "smtpd"), ("postfix", "dovecot", "smtpd"), always=True),
    Row(("lldpd",), ("_lldpd", "lldpd"), always=True),
    Row(("coturn", "turnserver"), (), ("proc-user",), "cL", ("etc/turnserver.conf",), "c", "proc-user"),
    Row(("tcpdump",), ("tcpdump",), ("Z",), "iwrcCGWFs", always=True),
    Row(("rsyncd",), ("nobody",), always=True),
    Row(("php-fpm",), ("www-data", "nobody", "apache"), always=True),
    Row(("zebra", "bgpd", "ospfd"), ("frr", "quagga"), ("u", "user"), "fidAP"),
    Row(("watchquagga", "tlsdated", "openntpd"), ("ntpd", "_openntpd", "openntpd"), always=True),
)  # fmt: skip
BY_NAME = {name: row for row in ROWS for name in row.names}

APPLETS = frozenset(("httpd", "in.tftpd"))
"""Rows that hold for BusyBox's applet of the name too."""

INCLUDE = re.compile(r"(?m)^[ \t]*(?:include|include_dir|conf-file)[ \t=]+\"?([^\"\s;]+)")
INCLUDES_LIMIT = 50
FILES_LIMIT = 200
LINE_LIMIT = 500
"""Characters of a line that may name a user."""


@dataclass(frozen=True, slots=True)
class OwnUser:
    """Whom a daemon becomes by itself; None when it stays what it is."""

    name: str | None


def of(tree: Tree, process: Process, accounts: frozenset[str] | None, is_applet: bool) -> OwnUser:
    """What this process becomes. Raises Unavailable when what says it cannot be read."""
    row = BY_NAME.get(process.program)
    if row is None or (is_applet and process.program not in APPLETS):
        return OwnUser(None)
    words = command_line.own_words(process.argv)
    names = tuple(name for name in (*row.options, row.file) if len(name) > 1)
    letters = row.valued + "".join(name for name in (*row.options, row.file) if len(name) == 1)
    arguments = command_line.read(words, letters, names)
    if row.keeps and arguments.has(*row.keeps):
        return OwnUser(None)
    given = arguments.get(*row.options) if row.options else None
    if given is None and row.key and not is_applet:
        given = _configured(tree, row, arguments.all(row.file) if row.file else ())
    if given is not None:
        return OwnUser(re.split(r"[:.]", given.removeprefix("#"))[0] or None)
    return OwnUser(_built_in(row, accounts))


def _built_in(row: Row, accounts: frozenset[str] | None) -> str | None:
    if not row.built_in:
        return None
    present = [name for name in row.built_in if accounts is not None and name in accounts]
    if present or row.always:
        return (present or row.built_in)[0]
    if accounts is None:
        raise Unavailable(f"whether {row.names[0]} gives up root hangs on accounts that cannot be read")
    return None


def _configured(tree: Tree, row: Row, given: tuple[str, ...]) -> str | None:
    """The user that the configuration names, the last that stands in it."""
    paths = tuple(map(inside, given)) or row.paths
    # one word more may name a group; more than that is another thing, such as haproxy's own users
    pattern = re.compile(
        rf'{row.key}(?:\s*[=:]\s*|\s+)"?([^"\s;,#]+)"?(?:\s+[^\s;#]+)?(?:\s*;)?(?:\s*#.*)?',
    )
    found: str | None = None
    for path in paths:
        for text in texts(tree, path):
            for line in text.splitlines():
                match = pattern.fullmatch(line.strip()) if len(line) <= LINE_LIMIT else None
                found = match[1] if match is not None else found
    return found


def texts(tree: Tree, path: str) -> Iterator[str]:
    """The file and those that it includes."""
    text = tree.text(path)
    if text is None:
        return
    yield text
    for match in list(INCLUDE.finditer(text))[:INCLUDES_LIMIT]:
        name = inside(join("/" + folder_of(path), match[1]))
        inside_it = tree.list(name) if tree.is_directory(name) else tree.glob(name)
        for inner in inside_it[:FILES_LIMIT]:
            included = tree.text(inner)
            if included is not None:
                yield included
