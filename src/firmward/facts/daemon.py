"""Programs that listen, one row each: the sockets they open by default, and what moves them.

A row holds for a program by its own name, whatever its folder. Its options and defaults are those of the program's
manual. Programs whose configuration says more (sshd, dropbear, lighttpd, nginx, Apache, mosquitto, dnsmasq, snmpd,
uhttpd, miniupnpd, HAProxy) have families of their own; `OWN_FAMILY` names them.
"""

from dataclasses import dataclass

from firmward.facts import command_line, key_value
from firmward.facts.command_line import CommandLine
from firmward.facts.configuration_file import ConfigurationFiles
from firmward.facts.key_value import KeyValueFile
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.number import is_number
from firmward.facts.startup import Process
from firmward.model.location import Location
from firmward.model.tree import Tree

Port = tuple[str, int, Application]
"""Protocol, number and what is spoken."""

OWN_FAMILY_NAMES = "sshd dropbear lighttpd nginx apache2 httpd2 mosquitto dnsmasq snmpd uhttpd miniupnpd haproxy"
OWN_FAMILY = frozenset(OWN_FAMILY_NAMES.split())


@dataclass(frozen=True, slots=True)
class Daemon:
    """How one program listens.

    `port` and `address` are the options (letters or long names) that set them, `valued` further letters that take a
    value; `silent` options mean that it opens nothing by itself, `only` options that it opens nothing without one.
    `file` is its configuration. `certain` is false where a file that is not read here may move it.
    """

    names: tuple[str, ...]
    opens: tuple[Port, ...]
    port: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    valued: str = ""
    silent: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    default_address: str = ""
    file: KeyValueFile | None = None
    certain: bool = True
    encrypted: tuple[str, ...] = ()
    """Options that turn HTTP into HTTPS."""


A = Application
NOTHING: tuple[Port, ...] = ()

DAEMONS = (
    # remote shells and file transfer
    Daemon(("telnetd", "utelnetd", "in.telnetd"), (("tcp", 23, A.TELNET),), ("p",), ("b",), "lfSK", ("i", "w")),
    Daemon(("tinysshd",), NOTHING),
    Daemon(("in.rshd", "rshd"), (("tcp", 514, A.RSH),)),
    Daemon(("in.rlogind", "rlogind"), (("tcp", 513, A.RSH),)),
    Daemon(("in.rexecd", "rexecd"), (("tcp", 512, A.RSH),)),
    Daemon(("vsftpd",), (("tcp", 21, A.FTP),), file=key_value.VSFTPD),
    Daemon(("proftpd",), (("tcp", 21, A.FTP),), valued="cdpS", file=key_value.PROFTPD),
    Daemon(("pure-ftpd",), (("tcp", 21, A.FTP),), ("S",), (), "aCcfIklLmnOPpQqTtUuVy"),
    Daemon(("bftpd",), (("tcp", 21, A.FTP),), only=("d", "D")),
    Daemon(("ftpd", "in.ftpd"), (("tcp", 21, A.FTP),), ("P",), ("a",), "uTtp", only=("D",)),
    Daemon(("in.tftpd", "atftpd"), (("udp", 69, A.TFTP),), ("port", "p"), ("address", "a"), "utTBRUm", ("I",),
           only=("l", "L", "listen", "daemon")),
    Daemon(("rsync",), (("tcp", 873, A.UNKNOWN),), ("port",), ("address",), only=("daemon",)),
    Daemon(("adbd",), (("tcp", 5555, A.COMMAND),), certain=False),
    # web servers
    Daemon(("httpd",), (("tcp", 80, A.HTTP),), ("p",), (), "hcrudmfED", ("i",)),
    Daemon(("apache2", "httpd2"), (("tcp", 80, A.HTTP),), valued="fdDCcek"),
    Daemon(("mini_httpd",), (("tcp", 80, A.HTTP),), ("p",), ("h",), "CduclTMPEY", file=key_value.MINI_HTTPD,
           encrypted=("S",)),
    Daemon(("thttpd",), (("tcp", 80, A.HTTP),), ("p",), ("h",), "CducltMiTP", file=key_value.THTTPD),
    Daemon(("boa",), (("tcp", 80, A.HTTP),), valued="crld", file=key_value.BOA),
    Daemon(("goahead", "webs"), (("tcp", 80, A.HTTP),), certain=False),
    Daemon(("appweb",), (("tcp", 80, A.HTTP),), file=key_value.APPWEB),
    Daemon(("hiawatha", "cherokee", "monkey", "nweb", "webfs", "jetty"), (("tcp", 80, A.HTTP),), certain=False),
    Daemon(("webfsd",), (("tcp", 8000, A.HTTP),), ("p",), ("i",), "4rRfslLmauhtcbnk"),
    Daemon(("ttyd",), (("tcp", 7681, A.HTTP),), ("p", "port"), ("i", "interface"), "cHugsawtTObIPK",
           encrypted=("S", "ssl")),
    Daemon(("shellinaboxd",), (("tcp", 4200, A.HTTPS),), ("p", "port"), (), "cgsu"),
    Daemon(("node-red",), (("tcp", 1880, A.HTTP),), ("p", "port"), certain=False),
    Daemon(("tinyproxy",), (("tcp", 8888, A.PROXY),), valued="c", file=key_value.TINYPROXY),
    Daemon(("squid",), (("tcp", 3128, A.PROXY),), valued="f", certain=False),
    Daemon(("microsocks", "3proxy", "danted", "sockd"), (("tcp", 1080, A.PROXY),), ("p",), ("i",), certain=False),
    Daemon(("cwmpd", "easycwmpd", "icwmpd", "tr069d"), (("tcp", 7547, A.HTTP),), certain=False),
    # messages, industry and cameras
    Daemon(("coap-server", "coapd", "libcoap-server"), (("udp", 5683, A.COAP),), ("p",), ("A",), "gdklstuvVNEcCjJmMn"),
    Daemon(("mbusd",), (("tcp", 502, A.MODBUS),), ("P",), ("A",), "psmLcvtyfnRTWNoy"),
    Daemon(("modbusd", "modbus-server", "modbus_server"), (("tcp", 502, A.MODBUS),), ("p",), certain=False),
    Daemon(("mediamtx", "rtsp-simple-server"), (("tcp", 8554, A.RTSP),), certain=False),
    Daemon(("live555MediaServer", "live555ProxyServer"), (("tcp", 554, A.RTSP),), ("p",)),
    Daemon(("v4l2rtspserver",), (("tcp", 8554, A.RTSP),), ("P",), (), "pmuMctTwWHFGaAsS"),
    Daemon(("rtspd", "rtsp_server", "rtspserver"), (("tcp", 554, A.RTSP),), certain=False),
    Daemon(("onvif_srvd", "onvif_simple_server", "onvif-server"), (("tcp", 1000, A.HTTP),), ("port",), certain=False),
    Daemon(("wsd_simple_server", "wsdd", "wsdd2"), (("udp", 3702, A.UNKNOWN),)),
    # names, time, addresses
    Daemon(("avahi-daemon",), (("udp", 5353, A.MDNS),)),
    Daemon(("mdnsd", "umdns", "mdnsresponder"), (("udp", 5353, A.MDNS),)),
    Daemon(("systemd-resolved",), (("tcp", 5355, A.UNKNOWN), ("udp", 5355, A.UNKNOWN)), file=key_value.RESOLVED),
    Daemon(("named",), (("tcp", 53, A.DNS), ("udp", 53, A.DNS)), ("p",), (), "cdEnStTuUx", certain=False),
    Daemon(("unbound",), (("tcp", 53, A.DNS), ("udp", 53, A.DNS)), valued="c", default_address="localhost",
           file=key_value.UNBOUND),
    Daemon(("dnsd",), (("udp", 53, A.DNS),), ("p",), ("i",), "tc"),
    Daemon(("ntpd",), (("udp", 123, A.NTP),), valued="cfiIkpPrstuUDSvV", file=key_value.NTPD),
    Daemon(("chronyd",), NOTHING, valued="fFPuUlLtr", file=key_value.CHRONY),
    Daemon(("ptp4l",), (("udp", 319, A.UNKNOWN), ("udp", 320, A.UNKNOWN)), only=("4", "6"), valued="fiplK"),
    Daemon(("udhcpd", "dhcpd", "isc-dhcpd"), (("udp", 67, A.DHCP),), ("p",), (), "ISPscT"),
    Daemon(("dhcrelay", "dhcprelay"), (("udp", 67, A.DHCP),), valued="acimpUDD"),
    Daemon(("odhcpd",), (("udp", 547, A.DHCP),), certain=False),
    # printing, files, names of files
    Daemon(("smbd",), (("tcp", 445, A.SMB), ("tcp", 139, A.SMB)), valued="lspO", file=key_value.SAMBA),
    Daemon(("ksmbd.mountd",), (("tcp", 445, A.SMB),), ("p",), valued="nucC"),
    Daemon(("nmbd",), (("udp", 137, A.SMB), ("udp", 138, A.SMB)), valued="lspH", file=key_value.SAMBA),
    Daemon(("rpcbind", "portmap"), (("tcp", 111, A.NFS), ("udp", 111, A.NFS)), address=("h",)),
    Daemon(("rpc.nfsd", "nfsd"), (("tcp", 2049, A.NFS),), ("p", "port"), ("H", "host"), "rTVG"),
    Daemon(("rpc.mountd", "rpc.statd"), NOTHING),
    Daemon(("afpd", "netatalk"), (("tcp", 548, A.UNKNOWN),), certain=False),
    Daemon(("cupsd",), (("tcp", 631, A.PRINTING),), valued="cs", default_address="localhost", file=key_value.CUPS),
    Daemon(("p910nd",), (("tcp", 9100, A.PRINTING),), valued="fil"),
    Daemon(("minidlnad", "minidlna"), (("udp", 1900, A.UPNP), ("tcp", 8200, A.HTTP)), valued="fuPHhsm",
           file=key_value.MINIDLNA),
    Daemon(("minissdpd",), (("udp", 1900, A.UPNP),), valued="itspf"),
    Daemon(("upnpd", "ssdpd", "upnp_daemon", "wscd", "bcmupnp"), (("udp", 1900, A.UPNP),), certain=False),
    # databases and caches
    Daemon(("redis-server", "redis", "valkey-server"), (("tcp", 6379, A.REDIS),), ("port",), ("bind",),
           file=key_value.REDIS),
    Daemon(("mysqld", "mariadbd", "mysqld_safe"), (("tcp", 3306, A.DATABASE),), ("port", "P"), ("bind-address",), "hu",
           ("skip-networking",), file=key_value.MYSQL),
    Daemon(("postgres", "postmaster"), (("tcp", 5432, A.DATABASE),), ("p",), ("h",), "BcCdDFkNoS",
           default_address="localhost", certain=False),
    Daemon(("mongod",), (("tcp", 27017, A.DATABASE),), ("port",), ("bind_ip",), "f", default_address="localhost"),
    Daemon(("memcached",), (("tcp", 11211, A.DATABASE),), ("p", "port"), ("l", "listen"), "umcMtsaPRCnfLbBIo"),
    Daemon(("influxd",), (("tcp", 8086, A.HTTP),), certain=False),
    Daemon(("etcd",), (("tcp", 2379, A.HTTP),), default_address="localhost", certain=False),
    # watching
    Daemon(("snmptrapd",), (("udp", 162, A.SNMP),), valued="cCmMOLFnpx"),
    Daemon(("zabbix_agentd", "zabbix_agent2"), (("tcp", 10050, A.UNKNOWN),), certain=False),
    Daemon(("nrpe",), (("tcp", 5666, A.UNKNOWN),), certain=False),
    Daemon(("node_exporter", "prometheus-node-exporter"), (("tcp", 9100, A.HTTP),), certain=False),
    Daemon(("netdata",), (("tcp", 19999, A.HTTP),), ("p",), ("i",), "cuPsW"),
    Daemon(("iperf3",), (("tcp", 5201, A.UNKNOWN),), ("p", "port"), ("B", "bind"), only=("s", "server")),
    Daemon(("iperf",), (("tcp", 5001, A.UNKNOWN),), ("p", "port"), ("B", "bind"), only=("s", "server")),
    Daemon(("tcf-agent",), (("tcp", 1534, A.DEBUGGER),), certain=False),
    Daemon(("dockerd",), NOTHING),
    # screens
    Daemon(("Xvnc", "x0vncserver", "vncserver", "x11vnc", "wayvnc", "framebuffer-vncserver"), (("tcp", 5900, A.VNC),),
           ("rfbport", "p"), ("listen",), "fdrkt", certain=False),
    Daemon(("Xorg", "X", "Xfbdev", "Xtinyx"), (("tcp", 6000, A.X11),), only=("listen",)),
    Daemon(("xrdp",), (("tcp", 3389, A.UNKNOWN),), ("p", "port")),
    Daemon(("weston-rdp",), (("tcp", 3389, A.UNKNOWN),)),
    # tunnels
    Daemon(("openvpn",), (("udp", 1194, A.TUNNEL),), ("lport", "port"), ("local",), only=("server", "mode"),
           certain=False),
    Daemon(("pptpd",), (("tcp", 1723, A.TUNNEL),)),
    Daemon(("xl2tpd",), (("udp", 1701, A.TUNNEL),)),
    Daemon(("charon", "pluto", "charon-systemd", "racoon"), (("udp", 500, A.TUNNEL), ("udp", 4500, A.TUNNEL))),
    Daemon(("zerotier-one",), (("udp", 9993, A.TUNNEL),), certain=False),
    Daemon(("tailscaled",), (("udp", 41641, A.TUNNEL),), certain=False),
)  # fmt: skip

ROWS = {name: row for row in DAEMONS for name in row.names}


def listeners_of(row: Daemon, tree: Tree, process: Process) -> tuple[list[Listener], list[str]]:
    """The sockets that this process opens by its row, and what could not be worked out."""
    arguments = command_line.read(
        command_line.own_words(process.argv), row.valued + _letters(row.port + row.address), _names(row)
    )
    if arguments.has(*row.silent) or (row.only and not arguments.has(*row.only)):
        return [], []
    files = ConfigurationFiles(tree)
    base = key_value.read(row.file, tree, process, arguments, files) if row.file else key_value.Sockets()
    if base.silent:
        return [], files.unread
    places, lost = _places(row, process, arguments, base)
    vague = bool(command_line.unresolved(process.argv)) or bool(files.unread)
    found = [
        Listener(
            protocol,
            port,
            address,
            process.program,
            process.service,
            at,
            certain=row.certain and not vague,
            speaks=_encrypted(row, arguments, speaks, base),
        )
        for protocol, port, address, speaks, at in places
    ]
    return found, lost + files.unread


Place = tuple[str, int, str, Application, Location]


def _places(
    row: Daemon, process: Process, arguments: CommandLine, base: key_value.Sockets
) -> tuple[list[Place], list[str]]:
    addresses = tuple(value for text in arguments.all(*row.address) for value in text.split(",")) or base.addresses
    given = arguments.all(*row.port)
    lost: list[str] = []
    places: list[Place] = []
    if base.opens and not given:
        for protocol, port, address, speaks, at in base.opens:
            for bound in (address,) if address is not None else addresses or (row.default_address,):
                places.append((protocol, port, _plain(bound), speaks or _speaks(row), at))
        return places, lost
    at = Location(base.file) if base.file and not given else process.at
    for protocol, default, speaks in row.opens if not base.replaces else ():
        for text in given or (str(default),):
            place = split_endpoint(text)
            if place is None:
                lost.append(f"{process.at}: port {text} of {process.program} cannot be worked out")
                continue
            for bound in (place[0],) if place[0] else addresses or (row.default_address,):
                number = place[1] if given else _own_port(bound) or default
                places.append((protocol, number, _plain(bound), speaks, at))
    return places, lost


def _own_port(address: str) -> int | None:
    """The port in `127.0.0.1:2324`, where an option for addresses takes one."""
    place = split_endpoint(address) if ":" in address else None
    return place[1] if place else None


def _plain(address: str) -> str:
    place = split_endpoint(address, 1) if address else None
    return place[0] if place and not is_number(address) else address


def _speaks(row: Daemon) -> Application:
    return row.opens[0][2] if row.opens else Application.UNKNOWN


def _encrypted(row: Daemon, arguments: CommandLine, speaks: Application, base: key_value.Sockets) -> Application:
    if (row.encrypted and arguments.has(*row.encrypted)) or base.encrypted:
        return {Application.HTTP: Application.HTTPS, Application.FTP: Application.FTPS}.get(speaks, speaks)
    return speaks


def _letters(names: tuple[str, ...]) -> str:
    return "".join(name for name in names if len(name) == 1)


def _names(row: Daemon) -> tuple[str, ...]:
    return tuple(name for name in row.port + row.address if len(name) > 1)
