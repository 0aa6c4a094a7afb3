"""One socket of a program is closed for others, in the words of its program, and all else stays as it is."""

from contextlib import suppress
from dataclasses import dataclass
from pkgutil import iter_modules

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.checks.service.cures.closing_socket import CAN_CLOSE
from firmward.facts.collection import Collection
from firmward.facts.listeners import Listener, Listeners
from firmward.harden import sockets
from firmward.harden.draft import Refused
from firmward.model.memory import Content, MemoryTree, executable

FILES = {
    "lighttpd": "etc/lighttpd/lighttpd.conf",
    "nginx": "etc/nginx/nginx.conf",
    "mosquitto": "etc/mosquitto/mosquitto.conf",
    "dnsmasq": "etc/dnsmasq.conf",
    "snmpd": "etc/snmp/snmpd.conf",
    "sshd": "etc/ssh/sshd_config",
    "uhttpd": "etc/config/uhttpd",
}
STARTS = {
    "mosquitto": "mosquitto -c /etc/mosquitto/mosquitto.conf",
    "sshd": "sshd -D",
    "snmpd": "snmpd -f -I -smux",
    "uhttpd": "uhttpd",
}


@dataclass(frozen=True)
class Row:
    program: str
    key: str
    before: str
    after: str
    path: str = ""


ROWS = {
    "lighttpd: the first socket is bound": Row(
        "lighttpd", "tcp/80", 'server.port = 80 # why\n$SERVER["socket"] == ":443" { }\n',
        'server.port = 80 # why\n$SERVER["socket"] == ":443" { }\nserver.bind = "127.0.0.1"\n'),
    "lighttpd: an address that was there gives way": Row(
        "lighttpd", "tcp/80", 'server.bind = "10.0.0.1"\nserver.port = 80\n',
        'server.bind = "127.0.0.1"\nserver.port = 80\n'),
    "lighttpd: of its family": Row(
        "lighttpd", "tcp/80", 'server.use-ipv6 = "enable"\nserver.port = 80\n',
        'server.use-ipv6 = "enable"\nserver.port = 80\nserver.bind = "[::1]"\n'),
    "lighttpd: a block": Row(
        "lighttpd", "tcp/8080", 'server.port = 443\n$SERVER["socket"] == ":8080" { # a\n}\n',
        'server.port = 443\n$SERVER["socket"] == "127.0.0.1:8080" { # a\n}\n'),
    "lighttpd: a comment is none": Row(
        "lighttpd", "tcp/8080",
        'server.port = 443\n# $SERVER["socket"] == ":8080" { }\n$SERVER["socket"] == "[::]:8080" { }\n',
        'server.port = 443\n# $SERVER["socket"] == ":8080" { }\n$SERVER["socket"] == "[::1]:8080" { }\n'),
    "lighttpd: what opens it for IPv6 goes": Row(
        "lighttpd", "tcp/80", 'server.port = 80\ninclude_shell "/usr/share/lighttpd/use-ipv6.pl " + server.port\n'
        'include_shell "/usr/share/lighttpd/use-ipv6.pl 443"\n',
        'server.port = 80\ninclude_shell "/usr/share/lighttpd/use-ipv6.pl 443"\nserver.bind = "127.0.0.1"\n'),
    "nginx: flags stay": Row(
        "nginx", "tcp/80", "http { server { listen 80 default_server; listen [::]:80; listen 443 ssl; } }\n",
        "http { server { listen 127.0.0.1:80 default_server; listen [::1]:80; listen 443 ssl; } }\n"),
    "nginx: of one server two become one": Row(
        "nginx", "tcp/80", "http { server { listen 80; listen 10.0.0.1:80; } }\n",
        "http { server { listen 127.0.0.1:80;  } }\n"),
    "nginx: a server that says nothing": Row(
        "nginx", "tcp/80", "http {\n  server {\n    root /a;\n  }\n  server { listen 443 ssl; }\n}\n",
        "http {\n  server {\n      listen 127.0.0.1:80;\n    root /a;\n  }\n  server { listen 443 ssl; }\n}\n"),
    "nginx: TCP is not UDP": Row(
        "nginx", "udp/443", "http { server { listen 443 ssl; listen 443 quic; } }\n",
        "http { server { listen 443 ssl; listen 127.0.0.1:443 quic; } }\n"),
    "mosquitto: a listener keeps what is its own": Row(
        "mosquitto", "tcp/1883", "listener 1883 0.0.0.0\nallow_anonymous true\nlistener 8883\ncertfile /a\n",
        "listener 1883 127.0.0.1\nallow_anonymous true\nlistener 8883\ncertfile /a\n"),
    "mosquitto: one that is bound to an interface": Row(
        "mosquitto", "tcp/1883", "listener 8883\nlistener 1883\nbind_interface eth0\n",
        "listener 8883\nlistener 1883 127.0.0.1\nbind_interface lo\n"),
    "mosquitto: of its family": Row(
        "mosquitto", "tcp/1883", "listener 1883\nsocket_domain ipv6\n", "listener 1883 ::1\nsocket_domain ipv6\n"),
    "mosquitto: the default listener": Row(
        "mosquitto", "tcp/1884", "port 1884\nlistener 8883\n",
        "port 1884\nlistener 8883\nbind_address 127.0.0.1\n"),
    "mosquitto: OpenWrt": Row(
        "mosquitto", "tcp/1883", "config listener\n\toption port '8883'\n\nconfig listener\n\toption port '1883'\n",
        "config listener\n\toption port '8883'\n\nconfig listener\n\toption port '1883'\n\toption no_remote '1'\n",
        "etc/config/mosquitto"),
    "dnsmasq: TFTP goes": Row("dnsmasq", "udp/69", "enable-tftp # a\ntftp-root=/a\n", "tftp-root=/a\n"),
    "dnsmasq: DHCP goes, and DHCPv6 stays": Row(
        "dnsmasq", "udp/67", "dhcp-range=set:a,10.0.0.2,10.0.0.9,1h\ndhcp-range=fd00::2,fd00::9\n",
        "dhcp-range=fd00::2,fd00::9\n"),
    "dnsmasq: DHCPv6 goes, and DHCP stays": Row(
        "dnsmasq", "udp/547", "dhcp-range=set:a,10.0.0.2,10.0.0.9,1h\ndhcp-range=fd00::2,fd00::9\n",
        "dhcp-range=set:a,10.0.0.2,10.0.0.9,1h\n"),
    "dnsmasq: DNS for the device itself": Row(
        "dnsmasq", "udp/53", "interface=eth0 # lan\nno-resolv\nbind-dynamic\n",
        "no-resolv\nbind-interfaces\nlisten-address=127.0.0.1\n"),
    "dnsmasq: OpenWrt's TFTP": Row(
        "dnsmasq", "udp/69", "config dnsmasq\n\toption enable_tftp '1'\n", "config dnsmasq\n\toption enable_tftp '0'\n",
        "etc/config/dhcp"),
    "dnsmasq: OpenWrt's DHCP": Row(
        "dnsmasq", "udp/67", "config dhcp 'lan'\n\toption start '100'\nconfig dhcp 'wan'\n\toption ignore '1'\n",
        "config dhcp 'lan'\n\toption start '100'\n\toption ignore '1'\nconfig dhcp 'wan'\n\toption ignore '1'\n",
        "etc/config/dhcp"),
    "snmpd: one address of several": Row(
        "snmpd", "tcp/161", "agentAddress udp:161,tcp:161,tcp6:[::]:161 # a\n",
        "agentAddress udp:161,tcp:127.0.0.1:161,tcp6:[::1]:161 # a\n"),
    "snmpd: a port alone": Row(
        "snmpd", "udp/1161", "agentaddress 1161\nagentaddress tcp:161\n",
        "agentaddress 127.0.0.1:1161\nagentaddress tcp:161\n"),
    "snmpd: OpenWrt": Row(
        "snmpd", "udp/161", "config agent\n\toption agentaddress 'UDP:161,tcp:705'\n",
        "config agent\n\toption agentaddress 'UDP:127.0.0.1:161,tcp:705'\n", "etc/config/snmpd"),
    "sshd: a port more": Row(
        "sshd", "tcp/2222", "Port 22\n  port=2222\n# Port 2222\nListenAddress 0.0.0.0:2222\nListenAddress 0.0.0.0\n",
        "Port 22\n# Port 2222\nListenAddress 0.0.0.0\n"),
    "uhttpd: the lists of a server": Row(
        "uhttpd", "tcp/80",
        "config uhttpd 'main'\n\tlist listen_http '0.0.0.0:80'\n\tlist listen_http '[::]:80'\n"
        "\tlist listen_https '443'\n",
        "config uhttpd 'main'\n\tlist listen_http '127.0.0.1:80'\n\tlist listen_http '[::1]:80'\n"
        "\tlist listen_https '443'\n"),
    "uhttpd: of two addresses one is left": Row(
        "uhttpd", "tcp/80", "config uhttpd 'main'\n\tlist listen_http '10.0.0.1:80'\n\tlist listen_http '80' # a\n",
        "config uhttpd 'main'\n\tlist listen_http '127.0.0.1:80'\n"),
    "uhttpd: several words": Row(
        "uhttpd", "tcp/80", "config uhttpd 'main'\n\toption listen_http '80 8080'\n",
        "config uhttpd 'main'\n\toption listen_http '127.0.0.1:80 8080'\n"),
}  # fmt: skip
REFUSED = {
    "a port that nothing here opens": Row("nginx", "tcp/81", "http { server { listen 80; } }\n", ""),
    "lighttpd, a port that a variable says": Row("lighttpd", "tcp/8080", 'server.port = 443\nvar.p = 1\n', ""),
    "two first servers of one address": Row(
        "nginx", "tcp/80",
        "http { server { listen 80 default_server; } server { listen 10.0.0.1:80 default_server; } }\n", ""),
    "two listeners that would share one address": Row(
        "mosquitto", "tcp/1883", "listener 1883 10.0.0.1\nlistener 1883 10.0.0.2\n", ""),
    "DNS beside DHCP, which answers where DNS does": Row("dnsmasq", "udp/53", "dhcp-range=10.0.0.2,10.0.0.9\n", ""),
    "sshd, a port of another file": Row("sshd", "tcp/2222", "Port 22\n", ""),
    "a quote that is not closed": Row("lighttpd", "tcp/80", 'server.port = "80\n', ""),
    "a socket that the command line opens": Row("snmpd", "udp/161", "rocommunity x\n", ""),
}  # fmt: skip


def closed(row: Row, text: str) -> str:
    close = sockets.by_program(row.program, row.path or FILES[row.program])
    assert close is not None
    protocol, _, port = row.key.partition("/")
    return close(text, protocol, int(port))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_it_is_closed_where_it_stands_and_stays_so(row: Row) -> None:
    assert closed(row, row.before) == row.after
    if row.program not in ("dnsmasq", "sshd"):  # there nothing is left to be closed
        assert closed(row, row.after) == row.after


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_others_reach_it_no_more_and_nothing_else_is_closed(row: Row) -> None:
    before, after = (opened(row.program, text, row.path) for text in (row.before, row.after))
    assert {one.key for one in before if not one.is_local} - {one.key for one in after if not one.is_local} >= {row.key}
    spared = ("udp/53", "tcp/53") if row.key == "udp/53" else (row.key,)
    assert rest(before, spared) == rest(after, spared)


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_closed_alone_is_refused(row: Row) -> None:
    with pytest.raises(Refused):
        closed(row, row.before)


def test_programs_are_told_of_that_can_be_told() -> None:
    assert {file.name for file in iter_modules(sockets.__path__)} == set(CAN_CLOSE)


def opened(program: str, text: str, path: str = "") -> list[Listener]:
    files: dict[str, Content] = {
        "etc/inittab": f"::respawn:/usr/sbin/{STARTS.get(program, program)}\n",
        path or FILES[program]: text,
        "usr/sbin/mosquitto": executable(b"\x7fELF\0002.0.11\0"),
    }
    found = Collection(MemoryTree(files)).facts("test", (Listeners,)).get(Listeners)
    assert isinstance(found, Listeners)
    assert not found.unread
    return [one for one in found.listeners if one.program == program]


def rest(found: list[Listener], but: tuple[str, ...]) -> list[tuple[str, str]]:
    return sorted((one.key, one.address) for one in found if one.key not in but)


HOSTILE = {
    "lighttpd": 'server.port = {0}80 1\n$SERVER["socket"]{0}=={0}":8080"\ninclude_shell "{0}use-ipv6.pl{0}',
    "nginx": "http {{ server {{ listen{0}80{0}a; }} }}",
    "mosquitto": "listener 1883{0}a b\nport{0}1 1\nbind_address{0}",
    "dnsmasq": "dhcp-range{0}={0},{0}\ninterface{0}x",
    "snmpd": "agentaddress{0}udp:161{0}b{0}\n",
    "sshd": "Port{0}22{0}a",
    "uhttpd": "\tlist{0}listen_http{0}'80{0}\n",
}


@pytest.mark.parametrize("program", HOSTILE)
@pytest.mark.timeout(10)
def test_a_long_line_takes_no_long_time(program: str) -> None:
    text = HOSTILE[program].format(" " * 100_000)
    with suppress(Refused):
        closed(Row(program, "tcp/80", text, ""), text)


PORTS = st.sampled_from((80, 443, 1883, 8080))
ADDRESSES = st.sampled_from(("", "0.0.0.0:", "10.0.0.1:", "[::]:", "127.0.0.1:", "[fd00::1]:"))
PLACES = st.lists(st.tuples(ADDRESSES, PORTS), min_size=1, max_size=6, unique=True)


def nginx(places: list[tuple[str, int]]) -> str:
    return "http {\n" + "".join(f"server {{ listen {host}{port}; }}\n" for host, port in places) + "}\n"


def lighttpd(places: list[tuple[str, int]]) -> str:
    blocks = (f'$SERVER["socket"] == "{host or ":"}{port}" {{ }}\n' for host, port in places)
    return "server.port = 9999\n" + "".join(blocks)


def snmpd(places: list[tuple[str, int]]) -> str:
    return "".join(f"agentaddress {'udp6' if '[' in host else 'udp'}:{host}{port}\n" for host, port in places)


def uhttpd(places: list[tuple[str, int]]) -> str:
    return "config uhttpd 'main'\n" + "".join(f"\tlist listen_http '{host}{port}'\n" for host, port in places)


@pytest.mark.parametrize("write", [nginx, lighttpd, snmpd, uhttpd], ids=lambda one: one.__name__)
@given(places=PLACES, port=PORTS)
@settings(deadline=None, max_examples=40)
def test_whatever_stands_beside_it(write, places: list[tuple[str, int]], port: int) -> None:  # type: ignore[no-untyped-def]
    program = write.__name__
    protocol = "udp" if program == "snmpd" else "tcp"
    text = write(places)
    before = opened(program, text)
    close = sockets.by_program(program, FILES[program])
    assert close is not None
    if all(one.port != port for one in before):
        with pytest.raises(Refused):
            close(text, protocol, port)
        return
    changed = close(text, protocol, port)
    after = opened(program, changed)
    assert all(one.is_local for one in after if one.port == port)
    assert rest(before, (f"{protocol}/{port}",)) == rest(after, (f"{protocol}/{port}",))
    assert close(changed, protocol, port) == changed
