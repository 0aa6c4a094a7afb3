"""Programs whose command line alone says that they listen, and programs that nothing is known of.

nc, socat, BusyBox's tcpsvd and udpsvd, an interpreter's own web server, gdbserver, SWUpdate's: what they open stands in
their words. A program that no row knows is opened: an ELF file that imports what a server needs can listen.
"""

import itertools
from collections.abc import Callable, Iterator
from posixpath import join

from firmward.facts import behind, command_line
from firmward.facts.configuration_file import inside
from firmward.facts.daemon import ROWS, Daemon
from firmward.facts.listener import Application, Listener, split_endpoint
from firmward.facts.number import is_number
from firmward.facts.process import applet, is_multi_call
from firmward.facts.startup import Process
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

A = Application
SHELLS = frozenset(("sh", "ash", "bash", "dash", "ksh", "zsh", "mksh"))

BUSYBOX = {
    "ntpd": Daemon(("ntpd",), (("udp", 123, A.NTP),), valued="ISpk", only=("l",)),
    "httpd": Daemon(("httpd",), (("tcp", 80, A.HTTP),), ("p",), (), "hcrudme", ("i",)),
    "telnetd": ROWS["telnetd"],
    "udhcpd": Daemon(("udhcpd",), (("udp", 67, A.DHCP),), valued="SIP"),
    "dnsd": ROWS["dnsd"],
}
"""Applets whose options are not those of the program of the same name, or that are no program of their own."""

BINARY_LIMIT = 32 << 20
FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin")
QUIET_NAMES = """
    systemd systemd-journald systemd-udevd systemd-networkd systemd-logind systemd-timesyncd systemd-timedated
    systemd-hostnamed systemd-localed systemd-machined systemd-oomd udevd mdev dbus-daemon dbus-broker
    dbus-broker-launch dbus-launch wpa_supplicant hostapd syslogd klogd crond cron anacron atd getty agetty mgetty login
    watchdog watchdogd acpid netifd ubusd procd rpcd logd askfirst urngd hotplug2 ModemManager NetworkManager
    connmand ofonod bluetoothd rngd haveged irqbalance polkitd udisksd upowerd dhclient dhcpcd udhcpc udhcpc6 odhcp6c
    dhcp6c pppd ip ifconfig route iw iwconfig nft iptables ip6tables iptables-restore ip6tables-restore ipset tc
    brctl ethtool modprobe insmod mount umount swapon fsck mkfs hwclock date sysctl loadkeys setfont start-stop-daemon
    ntpdate sntp rdate containerd runc crun sh bash ash dash env nice ionice su sudo runuser setsid chroot openvt
    killall pidof logger sleep cat echo tee sed awk grep find xargs ln mkdir rm cp mv chmod chown touch test
    ifup ifdown ifupdown ifplugd networking run-parts sulogin plymouthd auditd apparmor_parser restorecon setenforce
    fw_setenv fw_printenv rauc swupdate ubiattach ssh-keygen dropbearkey openssl wget curl ping ping6 arping crontab
    supervise-daemon runsv runsvdir s6-svscan s6-supervise lldpd smcroute igmpproxy
    lxc-monitord lxc-autostart init telinit halt poweroff reboot
"""
QUIET = frozenset(QUIET_NAMES.split())
"""Programs able to listen that do not open a port to the network, or not without an option that is told here."""


def _nc(process: Process) -> Iterator[Listener]:
    """`nc -l -p 4444`, `nc -lk 4444`, `nc -l 127.0.0.1 4444`, `-u` for UDP, `-e PROG` for a program."""
    arguments = command_line.read(
        command_line.own_words(process.argv), letters="peciswqIOTXxVmob", names=("exec", "sh-exec", "source-port")
    )
    if not arguments.has("l", "listen"):
        return
    words = [word for word in arguments.words if not word.startswith("/")]
    port = arguments.get("p", "source-port") or next((word for word in reversed(words) if is_number(word)), None)
    place = split_endpoint(port) if port else None
    if place is None:
        return
    address = arguments.get("s") or next((word for word in words if not is_number(word)), "")
    protocol = "udp" if arguments.has("u", "udp") else "tcp"
    runs = arguments.has("e", "c", "exec", "sh-exec") or protocol == "udp"
    yield _listener(process, protocol, place[1], address, A.COMMAND if runs else A.UNKNOWN)


def _socat(process: Process) -> Iterator[Listener]:
    """`socat TCP-LISTEN:5555,reuseaddr,bind=127.0.0.1 EXEC:/bin/sh`, in either order, any letter case."""
    addresses = [word for word in command_line.own_words(process.argv) if not word.startswith("-")]
    runs = any(word.upper().startswith(("EXEC:", "SYSTEM:", "SHELL:")) for word in addresses)
    for word in addresses:
        kind, _, rest = word.partition(":")
        protocol = _socat_protocol(kind.upper())
        if protocol is None:
            continue
        port, *options = rest.split(",")
        place = split_endpoint(port)
        if place is None:
            continue
        bind = next((option[5:] for option in options if option.startswith("bind=")), "")
        encrypted = kind.upper().startswith(("OPENSSL", "SSL", "DTLS"))
        yield _listener(process, protocol, place[1], bind, A.COMMAND if runs and not encrypted else A.UNKNOWN)


SOCAT_LISTENERS = """
    TCP-LISTEN TCP4-LISTEN TCP6-LISTEN TCP-L TCP4-L TCP6-L OPENSSL-LISTEN SSL-L
    UDP-LISTEN UDP4-LISTEN UDP6-LISTEN UDP-L UDP4-L UDP6-L UDP-RECV UDP4-RECV UDP6-RECV
    UDP-RECVFROM UDP4-RECVFROM UDP6-RECVFROM OPENSSL-DTLS-SERVER
"""


def _socat_protocol(kind: str) -> str | None:
    if kind not in SOCAT_LISTENERS.split():
        return None
    return "udp" if kind.startswith("UDP") or "DTLS" in kind else "tcp"


def _svd(process: Process) -> Iterator[Listener]:
    """`tcpsvd -vE 0.0.0.0 21 ftpd -w /`: options, address, port, program."""
    words = behind.handed_on(command_line.own_words(process.argv))
    if len(words) < 3:
        return
    address, port, program = words[0], words[1], applet(words[2:])[0].rpartition("/")[2]
    services = {"ftp": "21", "tftp": "69", "telnet": "23", "http": "80"}
    place = split_endpoint(services.get(port, port))
    if place is None:
        return
    by_program = {"ftpd": A.FTP, "tftpd": A.TFTP, "telnetd": A.TELNET, "httpd": A.HTTP}
    protocol = "udp" if process.program == "udpsvd" else "tcp"
    runs = program in SHELLS or protocol == "udp"
    speaks = by_program.get(program, A.COMMAND if runs else A.UNKNOWN)
    yield _listener(process, protocol, place[1], "" if address == "0" else address, speaks)


def _python(process: Process) -> Iterator[Listener]:
    """`python3 -m http.server [PORT]`."""
    words = process.argv
    for position, word in enumerate(words[:-1]):
        if word == "-m" and words[position + 1] in ("http.server", "SimpleHTTPServer"):
            port = next((rest for rest in words[position + 2 :] if is_number(rest)), "8000")
            place = split_endpoint(port)
            address = command_line.read(words[position + 2 :], letters="bd", names=("bind",)).get("b", "bind")
            if place is not None:
                yield _listener(process, "tcp", place[1], address or "", A.HTTP)


def _php(process: Process) -> Iterator[Listener]:
    value = command_line.read(command_line.own_words(process.argv), letters="Stcd").get("S")
    place = split_endpoint(value) if value else None
    if place is not None:
        yield _listener(process, "tcp", place[1], place[0], A.HTTP)


def _gdbserver(process: Process) -> Iterator[Listener]:
    for word in command_line.own_words(process.argv):
        place = split_endpoint(word) if ":" in word else None
        if place is not None:
            yield _listener(process, "tcp", place[1], place[0], A.DEBUGGER)
            return


def _swupdate(process: Process) -> Iterator[Listener]:
    """`swupdate -w "-r /www -p 8080"`: the web server's own options in one word; it takes TLS with `--ssl`, `-s`."""
    arguments = command_line.read(
        command_line.own_words(process.argv), "fbBepPqiklKNRoHduwc", ("webserver", "download", "suricatta", "file")
    )
    for value in arguments.all("w", "webserver"):
        own = command_line.read(value.split(), "prtCKa", ("port", "ssl-cert", "ssl-key", "document-root", "timeout"))
        place = split_endpoint(own.get("p", "port") or "8080")
        if place is not None:
            speaks = A.HTTPS if own.has("s", "ssl", "C", "ssl-cert") else A.HTTP
            yield _listener(process, "tcp", place[1], place[0], speaks)


def _xserver(process: Process) -> Iterator[Listener]:
    """Only with `-listen tcp`; display `:1` is port 6001."""
    words = process.argv
    if any(pair == ("-listen", "tcp") for pair in itertools.pairwise(words)):
        display = next((word[1:] for word in words if word.startswith(":") and is_number(word[1:])), "0")
        yield _listener(process, "tcp", 6000 + int(display[:3]), "", A.X11)


def _vnc(process: Process) -> Iterator[Listener]:
    """Display `:1` is port 5901; `-rfbport` says otherwise, `-localhost` keeps it on the device."""
    arguments = command_line.read(
        command_line.own_words(process.argv), names=("rfbport", "listen", "geometry", "depth", "rfbauth")
    )
    display = next((word[1:] for word in process.argv if word.startswith(":") and is_number(word[1:])), "0")
    port = arguments.get("rfbport") or str(5900 + int(display[:3]))
    place = split_endpoint(port)
    local = any(word.lstrip("-") == "localhost" for word in command_line.own_words(process.argv))
    if place is not None:
        yield _listener(process, "tcp", place[1], "localhost" if local else arguments.get("listen") or "", A.VNC)


def _listener(process: Process, protocol: str, port: int, address: str, speaks: Application) -> Listener:
    certain = not command_line.unresolved(process.argv)
    host = "" if address == "*" else address.strip("[]")
    return Listener(protocol, port, host, process.program, process.service, process.at, certain, speaks)


PROGRAMS: dict[str, Callable[[Process], Iterator[Listener]]] = {
    **dict.fromkeys(("nc", "netcat", "ncat", "nc.openbsd", "nc.traditional"), _nc),
    "socat": _socat,
    **dict.fromkeys(("tcpsvd", "udpsvd"), _svd),
    **dict.fromkeys(("python", "python2", "python3"), _python),
    "php": _php,
    "gdbserver": _gdbserver,
    "swupdate": _swupdate,
    **dict.fromkeys(("Xorg", "X", "Xfbdev"), _xserver),
    **dict.fromkeys(("Xvnc", "x11vnc", "x0vncserver"), _vnc),
}


def is_busybox(tree: Tree, process: Process) -> bool:
    """The program is an applet: it is called through busybox, or its name is a link to it."""
    entry = _entry_path(tree, process.argv[0])
    return is_multi_call(process.argv[0]) or is_multi_call(entry or "")


def may_listen(tree: Tree, process: Process) -> bool | None:
    """It is a program of its own that imports what a server needs, or cannot be looked into.

    None where it holds no name of a socket's functions, as when it is linked statically: it does not show.
    """
    if process.program in QUIET or process.program.startswith("mkfs.") or is_busybox(tree, process):
        return False
    path = _entry_path(tree, process.argv[0])
    if path is None:
        return False
    try:
        content = tree.read(path, BINARY_LIMIT)
    except Unavailable:
        return True
    if content is None or not content.startswith(b"\x7fELF"):
        return False
    if not any(b"\0" + name + b"\0" in content for name in (b"connect", b"socket", b"bind", b"listen")):
        return None
    imports = {
        name for name in (b"listen", b"accept", b"accept4", b"bind", b"recvfrom") if b"\0" + name + b"\0" in content
    }
    serves_tcp = b"listen" in imports and bool({b"accept", b"accept4"} & imports)
    return serves_tcp or {b"bind", b"recvfrom"} <= imports


def _entry_path(tree: Tree, program: str) -> str | None:
    names = (inside(program),) if "/" in program else tuple(join(folder, program) for folder in FOLDERS)
    for name in names:
        entry = tree.resolve(name)
        if entry is not None:
            return entry.path
    return None
