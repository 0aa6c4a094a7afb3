"""A real root whose own init starts it: process 1 of namespaces of its own, with a client beside it on one cable.

Nothing of this machine is changed: /proc/sys and /sys are read-only, devices are six harmless ones, the network is a
pair of interfaces in two new namespaces, and what could reach the kernel (modules, clock, raw memory, restart) is
taken away before init runs. All of it ends with the process that holds it.
"""

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import zstandard

DEVICE, CLIENT = "192.168.77.2", "192.168.77.1"
STARTS = 40.0
"""Seconds for a service to answer."""
TAKEN = "-sys_module,-sys_time,-sys_rawio,-sys_boot,-syslog,-mac_admin,-mac_override,-bpf,-perfmon,-wake_alarm"

INNER = """\
set -e
root=$1; shift
ip link set lo up
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for one in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- "$@"
    # shellcheck disable=SC2086
    name=${one%% *}; numbers=${one#* }
    mknod -m 666 "$root/dev/$name" c $numbers
done
: >"$root/dev/console"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
while ! ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip address add 192.168.77.2/24 dev eth0
ip link set eth0 up
exec setpriv --bounding-set "$TAKEN" chroot "$root" /sbin/init
"""
ASK = """\
import json, socket, ssl, sys
port, send = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
try:
    with socket.create_connection((%r, port), timeout=3) as line:
        line.settimeout(3)
        line.sendall(send)
        print(json.dumps(line.recv(400).hex()))
except OSError as error:
    print(json.dumps(None))
"""


def unpacked(archive: Path, folder: Path) -> Path:
    """A root with owners and modes, but no devices."""
    folder.mkdir(parents=True)
    with (
        archive.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for member in tar:
            if not member.isdev():
                tar.extract(member, folder, numeric_owner=True, filter="fully_trusted")
    return folder


@dataclass(frozen=True)
class Started:
    """`process` is init as this machine counts it, `client` what holds the other end of the cable."""

    process: int
    client: int

    def ask(self, port: int, send: bytes = b"") -> bytes | None:
        """What a service answers to the client; None where nothing is to be had."""
        command = ["nsenter", "-t", str(self.client), "-n", sys.executable, "-c", ASK % DEVICE, str(port), send.hex()]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout)
        return None if found is None else bytes.fromhex(found)

    def wait(self, port: int, send: bytes = b"", seconds: float = STARTS) -> bytes:
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if found := self.ask(port, send):
                return found
            time.sleep(0.3)
        raise AssertionError(f"port {port} does not answer; running: {self.programs()}")

    def implant(self, *command: str) -> None:
        """Have a program run in there, as one who got in would; it ends with the rest."""
        inside = ("--mount", "--pid", "--net", "--root", "--wd")
        words = ["nsenter", "-t", str(self.process), *inside, "setsid", "--fork", *command]
        nothing = subprocess.DEVNULL  # a pipe would stay open as long as what was started
        subprocess.run(words, check=True, stdin=nothing, stdout=nothing, stderr=nothing, timeout=20)

    def programs(self) -> list[str]:
        """Command lines of all processes in there."""
        found = []
        for folder in Path(f"/proc/{self.process}/root/proc").glob("[0-9]*"):
            try:
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
            except OSError:
                continue
        return sorted(filter(None, found))


@contextmanager
def started(root: Path) -> Iterator[Started]:
    client = subprocess.Popen(["unshare", "--net", "--kill-child", "sh", "-c", "ip link set lo up; exec sleep 600"])
    flags = ("--fork", "--pid", "--mount", "--net", "--uts", "--ipc", "--kill-child=KILL")
    command = ["unshare", *flags, "sh", "-c", INNER, "inner", str(root)]
    device = subprocess.Popen(
        command, env={**os.environ, "TAKEN": TAKEN}, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _own_network(client.pid)
        init = _child(device.pid)
        _plug(client.pid, init)
        yield Started(init, client.pid)
    finally:
        for one in (device, client):
            with_signal(one.pid)
            one.wait(10)


def with_signal(pid: int) -> None:
    """`unshare --kill-child` takes process 1 with it, and the kernel all others in its namespace."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _own_network(pid: int) -> None:
    own = Path("/proc/self/ns/net").readlink()
    limit = time.monotonic() + 10
    while Path(f"/proc/{pid}/ns/net").readlink() == own:
        if time.monotonic() > limit:
            raise AssertionError("the client has no network namespace of its own")
        time.sleep(0.02)


def _child(pid: int) -> int:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if found:
            _own_network(int(found[0]))
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError("nothing was started in the namespaces")


def _plug(client: int, device: int) -> None:
    _in(client, "ip", "link", "add", "client", "type", "veth", "peer", "name", "eth0", "netns", str(device))
    _in(client, "ip", "address", "add", f"{CLIENT}/24", "dev", "client")
    _in(client, "ip", "link", "set", "client", "up")


def _in(pid: int, *command: str) -> Sequence[str]:
    done = subprocess.run(["nsenter", "-t", str(pid), "-n", *command], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()
