"""A device in a network of its own: a neighbour, and behind a router the rest of the world; all of them namespaces.

Nothing has a name that would stay: a namespace lives as long as the process that sleeps in it.

    far 198.51.100.5 --- router 203.0.113.2 --- (wan) device (eth0) --- neighbour 192.168.7.2
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType

from program import run_program

ASK = """
import socket, sys
where, port, name = sys.argv[1:4]
asked = socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET)
asked.settimeout(0.5)
if name: asked.bind((name, 0))
try: asked.connect((where, int(port)))
except OSError: sys.exit(1)
"""
SERVE = """
import selectors, socket
world, listening = selectors.DefaultSelector(), []
for port in PORTS:
    serving = socket.socket(socket.AF_INET6)
    serving.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    serving.bind(("::", port)); serving.listen(200); serving.setblocking(False)
    world.register(serving, selectors.EVENT_READ); listening.append(serving)
print("ready", flush=True)
while True:
    for key, _ in world.select():
        if key.fileobj not in listening:
            world.unregister(key.fileobj); key.fileobj.close()  # the other end is gone
            continue
        try: accepted = key.fileobj.accept()[0]
        except OSError: continue
        if KEEPS: world.register(accepted, selectors.EVENT_READ)
        else: accepted.close()
"""
HOLD = """
import select, socket, sys, time
where, port, count, sender = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
made, held = [], set()
for _ in range(count):
    asked = socket.socket(socket.AF_INET6 if ":" in where else socket.AF_INET)
    asked.setblocking(False)
    if sender: asked.bind((sender, 0))
    asked.connect_ex((where, port))
    made.append(asked)
limit = time.monotonic() + 0.7
while len(held) < count and time.monotonic() < limit:
    ready = select.select([], [one for one in made if one not in held], [], 0.1)[1]
    held |= {one for one in ready if not one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)}
print(len(held), flush=True)
sys.stdin.read()
"""
HEAR = """
import json, select, socket, sys
port, seconds = int(sys.argv[1]), float(sys.argv[2])
hearing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hearing.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
hearing.bind(("", port))
print("ready", flush=True)
heard = {}
while select.select([hearing], [], [], seconds)[0]:
    _, (sender, _) = hearing.recvfrom(100)
    heard[sender] = heard.get(sender, 0) + 1
print(json.dumps(heard))
"""
SEND = """
import socket, sys
where, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for _ in range(count):
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if sys.argv[4]: sending.bind((sys.argv[4], 0))
    try: sending.sendto(b"x", (where, port))
    except OSError: pass
    sending.close()
"""
SPOOF = """
import socket, struct, sys
sender, where, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
data = struct.pack("!HHHH", 40000, port, 9, 0) + b"x"
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 1, 0, 64, 17, 0,
                   socket.inet_aton(sender), socket.inet_aton(where))
try: raw.sendto(head + data, (where, 0))
except OSError: pass
"""


class Host:
    """One namespace."""

    def __init__(self) -> None:
        self._sleeper = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        self._own: list[subprocess.Popen[str]] = []

    @property
    def pid(self) -> int:
        return self._sleeper.pid

    def __enter__(self) -> "Host":
        time.sleep(0.1)
        self.run("ip", "link", "set", "lo", "up")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in (*self._own, self._sleeper):
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def run(self, *command: str, feed: str = "") -> str:
        done = run_program(self._inside(*command), feed=feed.encode(), seconds=30)
        if done.returncode:
            raise AssertionError((command, done.stderr.decode()))
        return done.stdout.decode()

    def _inside(self, *command: str) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-n", *command]

    def _start(self, text: str, *words: str) -> subprocess.Popen[str]:
        command = self._inside(sys.executable, "-IS", "-c", text, *words)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._own.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def serve(self, *ports: int, keeps: bool = False) -> None:
        """What comes is closed at once, or, where this host `keeps` it, when the other end has gone."""
        self._start(SERVE.replace("PORTS", repr(ports)).replace("KEEPS", repr(keeps)))

    @contextmanager
    def holding(self, where: str, port: int, count: int, sender: str = "") -> Iterator[int]:
        """Open so many connections and say nothing; how many of them were made."""
        command = self._inside(sys.executable, "-IS", "-c", HOLD, where, str(port), str(count), sender)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            yield int(process.stdout.readline())

    def give_addresses(self, interface: str, between: str) -> None:
        """By DHCP, whoever asks."""
        options = ("--port=0", f"--interface={interface}", f"--dhcp-range={between}", "--bind-dynamic", "--no-ping")
        files = ("--conf-file=/dev/null", "--leasefile-ro", "--pid-file=", "--user=root", "--log-facility=-")
        command = self._inside("dnsmasq", "-k", *options, *files)
        self._own.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True))
        time.sleep(0.5)

    def reaches(self, where: str, port: int, sender: str = "") -> bool:
        """Whether a TCP connection is made."""
        command = self._inside(sys.executable, "-IS", "-c", ASK, where, str(port), sender)
        return run_program(command, seconds=30).returncode == 0

    @contextmanager
    def hearing(self, port: int, seconds: float = 0.4) -> Iterator[dict[str, int]]:
        """Datagrams by their sender's address, complete when nothing came for so long."""
        process = self._start(HEAR, str(port), str(seconds))
        heard: dict[str, int] = {}
        yield heard
        said, _ = process.communicate(timeout=30)
        heard.update({str(sender): int(count) for sender, count in json.loads(said).items()})

    def send(self, where: str, port: int, count: int = 1, sender: str = "") -> None:
        self.run(sys.executable, "-IS", "-c", SEND, where, str(port), str(count), sender)

    def spoof(self, sender: str, where: str, port: int) -> None:
        self.run(sys.executable, "-IS", "-c", SPOOF, sender, where, str(port))


@dataclass
class World:
    device: Host
    neighbour: Host
    router: Host
    far: Host


@contextmanager
def world() -> Iterator[World]:
    with ExitStack() as stack:
        found = World(*(stack.enter_context(Host()) for _ in range(4)))
        _wire(found.device, "eth0", ("192.168.7.1/24", "fd07::1/64"), found.neighbour, ("192.168.7.2/24", "fd07::2/64"))
        _wire(
            found.device,
            "wan",
            ("203.0.113.1/24", "2001:db8:1::1/64"),
            found.router,
            ("203.0.113.2/24", "2001:db8:1::2/64"),
        )
        _wire(found.router, "inner", ("198.51.100.1/24",), found.far, ("198.51.100.5/24",))
        found.neighbour.run("ip", "addr", "add", "192.168.7.3/24", "dev", "peer-eth0")
        found.neighbour.run("ip", "addr", "add", "fd07::3/64", "dev", "peer-eth0", "nodad")
        found.device.run("ip", "route", "add", "default", "via", "203.0.113.2")
        found.neighbour.run("ip", "route", "add", "default", "via", "192.168.7.1")
        found.router.run("ip", "route", "add", "192.168.7.0/24", "via", "203.0.113.1")
        found.far.run("ip", "route", "add", "default", "via", "198.51.100.1")
        for host in (found.device, found.router):
            host.run(
                "sh",
                "-c",
                "echo 1 > /proc/sys/net/ipv4/ip_forward; for one in all wan eth0 inner; do "
                "[ ! -e /proc/sys/net/ipv4/conf/$one ] || echo 0 > /proc/sys/net/ipv4/conf/$one/rp_filter; done",
            )
        yield found


def _wire(one: Host, name: str, addresses: tuple[str, ...], other: Host, others: tuple[str, ...]) -> None:
    one.run("ip", "link", "add", name, "type", "veth", "peer", "name", f"peer-{name}")
    one.run("ip", "link", "set", f"peer-{name}", "netns", str(other.pid))
    for host, device, wanted in ((one, name, addresses), (other, f"peer-{name}", others)):
        for address in wanted:
            host.run("ip", "addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
        host.run("ip", "link", "set", device, "up")
