"""What listens: held to what the programs themselves opened, and to what the kernel's tables say."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.listeners import Application, Listener, Listeners, parse_table
from firmward.model.facts import Source, Unavailable, Unknown
from firmward.model.memory import Content, MemoryTree, executable, link

MEASURED = json.loads((Path(__file__).parents[1] / "data" / "network" / "listeners.json").read_text())
"""Configurations that were given to the real programs (Debian 12), and the sockets that ss then listed."""

FAMILY = {"0.0.0.0": ("0.0.0.0", ""), "::": ("::", ""), "*": ("::", "0.0.0.0", "")}
VERSIONED = {"mosquitto": executable(b"\x7fELF\0mosquitto\0" + b"2.0.11" + b"\0")}


def listeners(files: dict[str, Content], source: Source = Source.IMAGE) -> Listeners:
    found = Collection(MemoryTree(files), source).get(Listeners)
    assert isinstance(found, Listeners), found
    return found


def started(line: str, **files: Content) -> tuple[Listener, ...]:
    return listeners({"etc/inittab": f"::respawn:{line}\n", **files}).listeners


def system(row: dict[str, object]) -> dict[str, Content]:
    program, *rest = row["argv"]  # type: ignore[misc]
    path = "/bin/busybox" if program == "busybox" else f"/usr/sbin/{program.rpartition('/')[2]}"
    binary = VERSIONED.get(program, executable(b"\x7fELF"))
    return {**row["files"], path: binary, "etc/inittab": f"::respawn:{' '.join((path, *rest))}\n"}  # type: ignore[dict-item]


def names(listener: Listener, socket: str) -> bool:
    """The listener is the socket that was seen; a name such as localhost may be either family's loopback."""
    place, _, address = socket.partition(" ")
    if listener.key != place:
        return False
    if listener.address in ("localhost", "lo"):
        return address in ("127.0.0.1", "::1")
    return listener.address in FAMILY.get(address, (address,))


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row["name"])
def test_it_is_what_the_program_opened(row: dict[str, object]) -> None:
    said = listeners(system(row)).listeners
    for socket in row["sockets"]:  # type: ignore[attr-defined]
        assert any(names(listener, socket) for listener in said), f"{socket} is not told"
    for listener in said:
        assert any(names(listener, socket) for socket in row["sockets"]), f"{listener.key} is not there"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "socket", "speaks"),
    [
        ("/usr/sbin/telnetd -F", "tcp/23", Application.TELNET),
        ("/usr/sbin/telnetd -p 9527 -l /bin/sh", "tcp/9527", Application.TELNET),
        ("/bin/busybox telnetd -F", "tcp/23", Application.TELNET),
        ("nc -l -p 4444 -e /bin/sh", "tcp/4444", Application.COMMAND),
        ("nc -lu 5000", "udp/5000", Application.COMMAND),
        ("socat UDP-LISTEN:9530,fork EXEC:/bin/sh", "udp/9530", Application.COMMAND),
        ("udpsvd 0 9530 /usr/bin/ptz", "udp/9530", Application.COMMAND),
        ("tcpsvd -vE 0.0.0.0 21 ftpd -w /", "tcp/21", Application.FTP),
        ("tcpsvd -c 8 -vE 0.0.0.0 21 ftpd -w /", "tcp/21", Application.FTP),
        ("tcpsvd -C 2:busy -l name -u ftp 0 ftp busybox ftpd -A", "tcp/21", Application.FTP),
        ("tcpsvd -vEc8 -C 2:busy -u nobody 0 21 busybox ftpd -w /", "tcp/21", Application.FTP),
        ("udpsvd -v -c 4 -- 0 69 tftpd /srv", "udp/69", Application.TFTP),
        ("udpsvd -E 0 69 tftpd /srv", "udp/69", Application.TFTP),
        ("dockerd -H tcp://0.0.0.0:2375", "tcp/2375", Application.DOCKER),
        ("gdbserver :1234 /bin/app", "tcp/1234", Application.DEBUGGER),
        ("Xvnc :2", "tcp/5902", Application.VNC),
        ("mini_httpd -S -p 8443", "tcp/8443", Application.HTTPS),
        ("avahi-daemon", "udp/5353", Application.MDNS),
        ("mediamtx", "tcp/8554", Application.RTSP),
        ("swupdate -e stable,b -w '-r /usr/share/swupdate -p 8081'", "tcp/8081", Application.HTTP),
        ("balenad -H fd:// -H tcp://0.0.0.0:2375", "tcp/2375", Application.DOCKER),
    ],
)
def test_a_command_line_tells(line: str, socket: str, speaks: Application) -> None:
    found = started(line)
    assert [(one.key, one.speaks) for one in found] == [(socket, speaks)]


@pytest.mark.parametrize(
    "line",
    [
        "nc example 80",
        "telnetd -i",
        "Xorg :0",
        "chronyd",
        "dropbear -i",
        "iperf3 -c host",
        "snmpd.sh",
        "hostapd /etc/h",
        "swupdate -f /etc/swupdate.cfg -u '-u https://updates.example'",
    ],
)
def test_what_opens_nothing_is_not_told(line: str) -> None:
    assert started(line) == ()


def test_a_word_that_could_not_be_worked_out_makes_it_uncertain() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable("#!/bin/sh\ntelnetd -p $(cat /data/port)\n"),
    }
    found = listeners(files)
    assert all(not one.certain for one in found.listeners)
    assert found.listeners or found.unread


def test_an_unknown_program_that_can_listen_is_named() -> None:
    elf = executable(b"\x7fELF\0bind\0listen\0accept\0")
    found = listeners({"etc/inittab": "::respawn:/usr/bin/camera-app\n", "usr/bin/camera-app": elf})
    assert found.listeners == ()
    assert any("camera-app" in reason for reason in found.unread)


def test_an_unknown_program_that_can_listen_tells_its_port_by_its_words() -> None:
    elf = executable(b"\x7fELF\0bind\0listen\0accept\0")
    found = listeners({"etc/inittab": "::respawn:/usr/bin/camweb -p 8081\n", "usr/bin/camweb": elf})
    assert [(one.key, one.certain) for one in found.listeners] == [("tcp/8081", False)]
    assert found.unread == ()


@pytest.mark.parametrize(
    ("words", "socket", "speaks"),
    [
        ("-c /etc/fieldbus.conf --port 502", "tcp/502", Application.MODBUS),
        ("--listen 0.0.0.0:6000", "tcp/6000", Application.UNKNOWN),
        ("--host updates.example --port 8883", None, None),
        ("--port /dev/ttyS1", None, None),
        ("-p 8081", None, None),
    ],
)
def test_a_program_that_does_not_show_what_it_can_is_taken_by_its_words(
    words: str, socket: str | None, speaks: Application | None
) -> None:
    files: dict[str, Content] = {
        "etc/inittab": f"::respawn:/usr/bin/app {words}\n",
        "usr/bin/app": executable(b"\x7fELF"),
    }
    found = [(one.key, one.speaks, one.certain) for one in listeners(files).listeners]
    assert found == ([] if socket is None else [(socket, speaks, False)])


def test_a_client_that_names_a_port_does_not_listen() -> None:
    elf = executable(b"\x7fELF\0socket\0connect\0")
    assert listeners({"etc/inittab": "::respawn:/usr/bin/app --port 502\n", "usr/bin/app": elf}).listeners == ()


@pytest.mark.parametrize(
    ("script", "sockets"),
    [
        ('HTTPServer(("0.0.0.0", 8000), Panel).serve_forever()', [("tcp/8000", "0.0.0.0", Application.HTTP)]),
        ('PORT = 8000\nHTTPServer(("127.0.0.1", PORT), Panel)', [("tcp/8000", "127.0.0.1", Application.HTTP)]),
        ('s = HTTPServer(("", 443), P)\ns.socket = c.wrap_socket(s.socket)', [("tcp/443", "", Application.HTTPS)]),
        ('s = socket(AF_INET, SOCK_DGRAM)\ns.bind(("", 9000))', [("udp/9000", "", Application.UNKNOWN)]),
        ('from flask import Flask\napp.run(host="0.0.0.0", port=5001)', [("tcp/5001", "0.0.0.0", Application.HTTP)]),
        ("from flask import Flask\napp.run()", [("tcp/5000", "127.0.0.1", Application.HTTP)]),
        ('# HTTPServer(("", 8000), Panel)', []),
        ("HTTPServer((sys.argv[1], int(sys.argv[2])), Panel)", []),
    ],
)
@pytest.mark.parametrize("start", ["/usr/bin/panel.py", "python3 /usr/bin/panel.py"])
def test_a_python_script_tells_its_address(start: str, script: str, sockets: list[object]) -> None:
    files: dict[str, Content] = {
        "etc/inittab": f"::respawn:{start}\n",
        "usr/bin/python3": executable(b"\x7fELF"),
        "usr/bin/panel.py": executable(f"#!/usr/bin/python3\n{script}\n"),
    }
    assert [(one.key, one.address, one.speaks) for one in listeners(files).listeners] == sockets


@pytest.mark.parametrize(
    ("mode", "hosts", "sockets"),
    [
        ("true", "[]", ["tcp/2375"]),
        ("false", "[]", []),
        ("false", '["fd://", "tcp://0.0.0.0:2376"]', ["tcp/2376"]),
        ("false", '["tcp://127.0.0.1"]', []),
    ],
)
def test_an_engine_listens_where_its_files_say(mode: str, hosts: str, sockets: list[str]) -> None:
    files: dict[str, Content] = {
        "etc/systemd/system/multi-user.target.wants/balena.service": link("/usr/lib/systemd/system/balena.service"),
        "usr/lib/systemd/system/balena.service": (
            "[Service]\nEnvironmentFile=-/var/volatile/development-features\n"
            "ExecStart=/usr/bin/balenad -H fd:// $BALENA_DEVELOPMENT_ARGS\n"
        ),
        "etc/fstab": "tmpfs /var/volatile tmpfs defaults 0 0\n",
        "usr/bin/balenad": executable(b"\x7fELF"),
        "mnt/boot/config.json": f'{{"developmentMode": {mode}}}\n',
        "etc/balena-engine/daemon.json": f'{{"hosts": {hosts}}}\n',
    }
    assert [one.key for one in listeners(files).reachable] == sockets


def test_what_openwrts_network_events_start_listens() -> None:
    files: dict[str, Content] = {
        "sbin/procd": executable(b"\x7fELF"),
        "sbin/init": link("procd"),
        "usr/bin/nc": executable(b"\x7fELF"),
        "etc/hotplug.d/iface/99-support": (
            '[ "$ACTION" = ifup ] && [ "$INTERFACE" = wan ] || exit 0\nnc -lk -p 31337 -e /bin/ash &\n'
        ),
    }
    assert [one.key for one in listeners(files).listeners] == ["tcp/31337"]


def test_an_unknown_program_that_cannot_listen_is_not_named() -> None:
    elf = executable(b"\x7fELF\0open\0read\0")
    assert listeners({"etc/inittab": "::respawn:/usr/bin/blink\n", "usr/bin/blink": elf}).unread == ()


def test_inetd_opens_the_socket_for_its_service() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/inetd -f\n",
        "etc/inetd.conf": "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n",
    }
    [found] = listeners(files).listeners
    assert (found.key, found.speaks, str(found.at)) == ("tcp/23", Application.TELNET, "etc/inetd.conf:1")


def test_include_shell_is_told_as_unread() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/lighttpd -f /etc/l.conf\n",
        "etc/l.conf": 'server.port = 81\ninclude_shell "/usr/share/ports.sh"\n',
    }
    found = listeners(files)
    assert [one.key for one in found.listeners] == ["tcp/81"]
    assert any("include_shell" in reason for reason in found.unread)


@pytest.mark.parametrize(
    "command",
    ["cat parts/*.conf", "/bin/cat /etc/parts/a.conf", "cat parts/a.conf parts/none.conf 2>/dev/null || true"],
)
def test_what_include_shell_gets_from_cat_is_read(command: str) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/lighttpd -f /etc/l.conf\n",
        "etc/l.conf": f'server.port = 81\ninclude_shell "{command}"\n',
        "etc/parts/a.conf": '$SERVER["socket"] == ":82" { }\n',
    }
    found = listeners(files)
    assert [(one.key, str(one.at)) for one in found.listeners] == [
        ("tcp/81", "etc/l.conf:1"),
        ("tcp/82", "etc/parts/a.conf:1"),
    ]
    assert found.unread == ()


def test_dns_stands_where_it_is_told_to_answer_and_tftp_where_it_is_switched_on() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/dnsmasq -k -7 /etc/dnsmasq.d\n",
        "etc/dnsmasq.conf": "bind-interfaces\nenable-tftp\n",
        "etc/dnsmasq.d/panels.conf": "interface=eth1\n",
    }
    assert {(one.key, str(one.at)) for one in listeners(files).listeners} == {
        ("udp/53", "etc/dnsmasq.d/panels.conf:1"),
        ("tcp/53", "etc/dnsmasq.d/panels.conf:1"),
        ("udp/69", "etc/dnsmasq.conf:2"),
    }


@pytest.mark.parametrize("program", ["lighttpd", "nginx", "dnsmasq"])
def test_includes_that_go_in_circles_end(program: str) -> None:
    line = {"lighttpd": 'include "a.conf"', "nginx": "include a.conf;", "dnsmasq": "conf-file=/etc/a.conf"}[program]
    flag = {"lighttpd": "-f", "nginx": "-c", "dnsmasq": "-C"}[program]
    files: dict[str, Content] = {
        "etc/inittab": f"::respawn:/usr/sbin/{program} {flag} /etc/a.conf\n",
        "etc/a.conf": line + "\n",
    }
    assert any("circles" in reason for reason in listeners(files).unread)


TABLE = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = TABLE + (
    "   0: 00000000:0017 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
    "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
    "   2: 0200A8C0:0016 0300A8C0:C001 01 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
)
UDP = TABLE + (
    "   0: 00000000:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n"
    "   1: 0200A8C0:C001 0300A8C0:0035 01 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n"
)
TCP6 = TABLE + (
    "   0: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 0 0 0\n"
)


def test_a_running_device_tells_its_open_sockets() -> None:
    files: dict[str, Content] = {"proc/net/tcp": TCP, "proc/net/udp": UDP, "proc/net/tcp6": TCP6}
    found = listeners(files, Source.LIVE).listeners
    assert [(one.key, one.address) for one in found] == [
        ("tcp/23", "0.0.0.0"),
        ("tcp/8080", "127.0.0.1"),
        ("tcp/631", "::1"),
        ("udp/69", "0.0.0.0"),
    ]
    assert found[0].speaks is Application.TELNET
    assert found[0].program == ""


def test_a_running_device_takes_names_from_its_configuration() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/telnetd\n::respawn:/usr/sbin/vsftpd\n",
        "proc/net/tcp": TCP,
        "proc/net/udp": UDP,
    }
    found = listeners(files, Source.LIVE).listeners
    assert [one.program for one in found if one.key == "tcp/23"] == ["telnetd"]
    assert not [one for one in found if one.key == "tcp/21"], "what is not open is not told"


def test_a_table_that_is_missing_is_unknown() -> None:
    found = Collection(MemoryTree({"proc/net/tcp": TCP}), Source.LIVE).get(Listeners)
    assert isinstance(found, Unknown)
    assert "proc/net/udp" in found.reason


@given(st.text(max_size=300))
def test_a_table_that_is_none_is_unavailable(text: str) -> None:
    try:
        list(parse_table(text, "tcp"))
    except Unavailable:
        return


@settings(deadline=None)
@given(st.sampled_from(MEASURED), st.text(max_size=80), st.integers(0, 400))
def test_no_configuration_breaks_a_collector(row: dict[str, object], inserted: str, place: int) -> None:
    files = system(row)
    for path, content in row["files"].items():  # type: ignore[attr-defined]
        files[path] = content[:place] + inserted + content[place:]
    found = listeners(files)
    assert not [reason for reason in found.unread if "internal error" in reason]


ENGINE = "::respawn:/usr/bin/dockerd\n"
BROKER = """services:
  broker:
    image: eclipse-mosquitto:2
    ports: [{target: 1883, published: 1884}, "8080:80"]
    volumes: ["./mosquitto.conf:/mosquitto/config/mosquitto.conf:ro"]
"""


def test_an_engine_opens_the_ports_that_it_publishes() -> None:
    files: dict[str, Content] = {
        "etc/inittab": ENGINE,
        "opt/compose.yaml": BROKER,
        "opt/mosquitto.conf": "listener 1883\nallow_anonymous true\nlistener 9001\n",
    }
    found = {one.key: one for one in listeners(files).listeners}
    assert set(found) == {"tcp/1884", "tcp/8080"}
    assert (found["tcp/1884"].program, found["tcp/1884"].speaks) == ("mosquitto", Application.MQTT)
    assert (found["tcp/1884"].forwarded_to, found["tcp/8080"].speaks) == (1883, Application.HTTP)


def test_without_an_engine_a_composition_opens_nothing() -> None:
    assert listeners({"etc/inittab": "::respawn:/sbin/getty 9600 tty1\n", "opt/compose.yaml": BROKER}).listeners == ()


def test_a_broker_whose_configuration_is_in_its_image_is_told() -> None:
    found = listeners({"etc/inittab": ENGINE, "opt/compose.yaml": BROKER.replace("mosquitto.conf", "other.conf")})
    assert any("in its image" in reason for reason in found.unread)


REDIS_BASE = "bind 127.0.0.1 -::1\nport 0\nunixsocket /run/redis.sock\ninclude /etc/redis.d/*.conf\n"


def redis(*inner: str) -> list[tuple[str, str]]:
    more: dict[str, Content] = {f"etc/redis.d/{number}.conf": text for number, text in enumerate(inner)}
    found = started("/usr/bin/redis-server /etc/redis.conf", **{"etc/redis.conf": REDIS_BASE, **more})
    return [(one.key, one.address) for one in found]


def test_the_last_value_of_what_redis_includes_counts() -> None:
    assert redis() == []
    assert redis("port 6379\n") == [("tcp/6379", "127.0.0.1"), ("tcp/6379", "::1")]
    assert redis("port 6379\nbind * -::*\n") == [("tcp/6379", ""), ("tcp/6379", "::")]
    assert redis("port 6379\nbind 0.0.0.0\n", "port 0\n") == []
