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
        "etc/inittab": "::once:/usr/sbin/xinetd -stayalive\n",
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
