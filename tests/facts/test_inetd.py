import pytest

from firmward.facts.collection import Collection
from firmward.facts.process import Socket, Start
from firmward.facts.startup import Startup
from firmward.formats import services
from firmward.model.memory import Content, MemoryTree, executable, link

TABLE = """\
# comment
telnet   stream tcp  nowait     telnetd:tty /usr/sbin/tcpd  /usr/sbin/telnetd -h
ssh      stream tcp6 nowait.400 root        /usr/sbin/sshd  sshd -i
127.0.0.1:8080 stream tcp nowait nobody     /bin/busybox    httpd -i
own      dgram  udp  wait       root        internal
rstatd/2 dgram  rpc/udp wait    root        /usr/sbin/rstatd rstatd
unheard  stream tcp  nowait     root        /bin/x x
"""


def startup(files: dict[str, Content]) -> Startup:
    base: dict[str, Content] = {"bin/busybox": executable("\x7fELF"), "sbin/init": link("/bin/busybox")}
    found = Collection(MemoryTree(base | files)).get(Startup)
    assert isinstance(found, Startup)
    return found


def told(found: Startup, manager: str) -> list[tuple[object, ...]]:
    listed = [item for item in found.processes if item.manager == manager]
    return [(" ".join(item.argv), item.service, item.user, *item.sockets) for item in listed]


def test_inetds_lines_are_read() -> None:
    found = startup({"etc/inetd.conf": TABLE, "etc/services": "own 99/udp # mine\n", "etc/inittab": "::once:inetd\n"})
    assert told(found, "inetd") == [
        ("/usr/sbin/telnetd -h", "telnet", "telnetd", Socket("tcp", 23)),
        ("/usr/sbin/sshd -i", "ssh", "root", Socket("tcp", 22)),
        ("httpd -i", "8080", "nobody", Socket("tcp", 8080, "127.0.0.1")),
        ("internal own", "own", "root", Socket("udp", 99)),
    ]
    assert len(found.unread) == 2
    assert all(item.start is Start.ON_DEMAND for item in found.processes if item.manager == "inetd")


def test_without_inetd_running_its_services_are_only_installed() -> None:
    found = startup({"etc/inetd.conf": TABLE, "etc/inittab": "::once:xinetd\n"})
    assert {item.start for item in found.processes if item.manager == "inetd"} == {Start.DISABLED}
    assert found.running("telnetd") == ()


SERVICE = """\
service {name}
{{
    socket_type = stream
    user        = bob
    server      = /usr/sbin/{name}d
    server_args = -a
    server_args += -b -c
    server_args -= -c
    disable     = {disable}
}}
"""


def xinetd(defaults: str, disable: str = "no") -> list[tuple[str, str]]:
    files: dict[str, Content] = {
        "etc/inittab": "::once:/usr/sbin/xinetd -stayalive -dontfork\n",
        "etc/xinetd.conf": f"defaults\n{{\n{defaults}\n}}\nincludedir /etc/xinetd.d\n",
        "etc/xinetd.d/telnet": SERVICE.format(name="telnet", disable=disable),
        "etc/xinetd.d/ftp": SERVICE.format(name="ftp", disable="no"),
        "etc/xinetd.d/old.bak": SERVICE.format(name="time", disable="no"),
    }
    return [(item.service, item.start.value) for item in startup(files).processes if item.manager == "xinetd"]


@pytest.mark.parametrize(
    ("defaults", "disable", "expected"),
    [
        ("", "no", {"telnet": "on-demand", "ftp": "on-demand"}),
        ("", "yes", {"telnet": "disabled", "ftp": "on-demand"}),
        ("disabled = ftp", "no", {"telnet": "on-demand", "ftp": "disabled"}),
        ("enabled = telnet", "no", {"telnet": "on-demand", "ftp": "disabled"}),
        ("enabled = telnet", "yes", {"telnet": "disabled", "ftp": "disabled"}),
    ],
)
def test_xinetds_services_start_unless_something_disables_them(
    defaults: str, disable: str, expected: dict[str, str]
) -> None:
    assert dict(xinetd(defaults, disable)) == expected


REDIRECT = "service web\n{\n port = 8080\n bind = 10.0.0.1\n redirect = 10.0.0.2 80\n}\n"
INTERNAL = "service time\n{\n type = INTERNAL\n id = t\n}\n"


def test_xinetds_blocks_are_read() -> None:
    blocks = SERVICE.format(name="ftp", disable="no") + REDIRECT + INTERNAL
    found = startup({"etc/inittab": "::once:xinetd\n", "etc/xinetd.conf": blocks})
    assert told(found, "xinetd") == [
        ("/usr/sbin/ftpd -a -b", "ftp", "bob", Socket("tcp", 21)),
        ("redirect 10.0.0.2 80", "web", None, Socket("tcp", 8080, "10.0.0.1")),
        ("internal time", "t", None, Socket("tcp", 37)),
    ]


@pytest.mark.parametrize(
    ("name", "port"),
    [("telnet", 23), ("2323", 2323), ("99999", None), ("own", 99), ("alias", 99), ("none", None), ("²", None)],
)
def test_a_port_is_a_number_or_a_name(name: str, port: int | None) -> None:
    assert services.port(name, "udp", services.parse("own 99/udp alias # x\nbad\nown x/udp\n")) == port


def served(command: str, files: dict[str, Content]) -> list[tuple[str, str]]:
    found = startup({"etc/inittab": f"::once:{command}\n"} | files)
    return [(item.service, item.start.value) for item in found.processes if item.manager in ("inetd", "xinetd")]


OWN_TABLE = "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n"
USUAL_TABLE = "ftp stream tcp nowait root /usr/sbin/ftpd ftpd -w\n"
OWN_BLOCKS = SERVICE.format(name="telnet", disable="no")


@pytest.mark.parametrize(
    "command",
    [
        "/usr/sbin/inetd -e /etc/own.conf",
        "busybox inetd -f -q 64 /etc/own.conf",
        "/usr/sbin/inetutils-inetd --pidfile=/run/i.pid -R 20 /etc/own.conf",
        "/usr/sbin/inetd /etc/own.d",
        "/usr/sbin/openbsd-inetd -i -a 192.0.2.1 etc/own.conf",
    ],
)
def test_inetd_serves_the_table_that_it_is_started_with_and_no_other(command: str) -> None:
    files: dict[str, Content] = {
        "etc/own.conf": OWN_TABLE,
        "etc/own.d/telnet": OWN_TABLE,
        "etc/inetd.conf": USUAL_TABLE,
    }
    assert served(command, files) == [("telnet", "on-demand"), ("ftp", "disabled")]


@pytest.mark.parametrize(
    ("command", "usual"),
    [
        ("xinetd -stayalive -f /etc/own.xinetd -pidfile /run/x.pid", "disabled"),
        ("xinetd -f /etc/own.xinetd -inetd_compat", "on-demand"),
    ],
)
def test_xinetd_serves_the_file_that_it_is_started_with(command: str, usual: str) -> None:
    files: dict[str, Content] = {"etc/own.xinetd": OWN_BLOCKS, "etc/inetd.conf": USUAL_TABLE}
    assert sorted(served(command, files)) == [("ftp", usual), ("telnet", "on-demand")]


@pytest.mark.parametrize("command", ["inetd /var/made.conf", "inetd $TABLE", "xinetd -f /var/made.conf"])
def test_a_table_that_is_made_on_the_device_is_told(command: str) -> None:
    script = executable(f"#!/bin/sh\n[ -f /run/own ] && . /run/own\n{command}\n")
    found = startup({"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script})
    assert any("table" in reason for reason in found.unread_servers)


def test_the_usual_table_named_by_hand_is_served_once() -> None:
    assert served("inetd -f /etc/inetd.conf", {"etc/inetd.conf": USUAL_TABLE}) == [("ftp", "on-demand")]


def test_the_table_stands_in_variables_of_etc_default() -> None:
    script = (
        '#!/bin/sh\nDAEMON="inetd"\nINETD_ARGS=""\n[ -r "/etc/default/$DAEMON" ] && . "/etc/default/$DAEMON"\n'
        'start-stop-daemon -S -q -x "/usr/sbin/$DAEMON" -- $INETD_ARGS\n'
    )
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable(script),
        "etc/default/inetd": 'INETD_ARGS="-e /etc/own.conf"\n',
        "etc/own.conf": OWN_TABLE,
        "usr/sbin/inetd": link("../../bin/busybox"),
    }
    assert [item.service for item in startup(files).processes if item.manager == "inetd"] == ["telnet"]
