"""Our reading of sshd_config equals that of the real sshd, asked with `sshd -T`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.facts.sshd import DEFAULTS, parse
from firmward.formats.ssh_match import Connection
from firmward.formats.sshd_config import directive
from firmward.model.memory import MemoryTree

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(SSHD is None or os.geteuid() != 0, reason="sshd -T needs sshd and root")

ROOT = Connection("root", ("root",), "192.168.1.7", "pc.lan", "10.0.0.1", 22)
NOBODY = Connection("nobody", ("nogroup",), "203.0.113.9", "far.example", "10.0.0.1", 2222)

WORDS = tuple(DEFAULTS.keys() - {"port"})
ALGORITHMS = ("ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms")

# Each row: what it shows, the main file, other files by name, options of the command line.
TABLE = {
    "nothing is said": ("", {}, ()),
    "the first value wins": ("PasswordAuthentication no\nPasswordAuthentication yes\n", {}, ()),
    "keywords know no case": ("pAsSwOrDaUtHeNtIcAtIoN no\n", {}, ()),
    "an equals sign may stand between": ("PasswordAuthentication=no\nPermitRootLogin = yes\n", {}, ()),
    "values are quoted": ('PermitRootLogin "no"\nAuthorizedKeysFile "/etc/keys/%u" .ssh/more\n', {}, ()),
    "comments end a line": ("PermitRootLogin no # yes\n#PasswordAuthentication no\n  # X11Forwarding yes\n", {}, ()),
    "tabs and carriage returns are blanks": ("\tPermitRootLogin\tno\r\n", {}, ()),
    "without-password is an old word": ("PermitRootLogin without-password\n", {}, ()),
    "ChallengeResponseAuthentication is an old name": ("ChallengeResponseAuthentication no\n", {}, ()),
    "an included file comes where it stands": (
        "Include {dir}/a.conf\nPasswordAuthentication yes\n",
        {"a.conf": "PasswordAuthentication no\n"},
        (),
    ),
    "a later include loses": (
        "PasswordAuthentication yes\nInclude {dir}/a.conf\n",
        {"a.conf": "PasswordAuthentication no\n"},
        (),
    ),
    "a pattern includes in sorted order": (
        "Include {dir}/*.conf\n",
        {"20.conf": "PermitRootLogin yes\n", "10.conf": "PermitRootLogin no\n", "05.off": "PermitRootLogin yes\n"},
        (),
    ),
    "an include includes": (
        "Include {dir}/a.conf\n",
        {"a.conf": "Include {dir}/b.conf\nX11Forwarding yes\n", "b.conf": "X11Forwarding no\nGatewayPorts yes\n"},
        (),
    ),
    "an include of nothing is nothing": ("Include {dir}/absent/*.conf\nPermitRootLogin no\n", {}, ()),
    "two patterns on a line": (
        "Include {dir}/b.conf {dir}/a.conf\n",
        {"a.conf": "PermitTunnel yes\n", "b.conf": "PermitTunnel no\n"},
        (),
    ),
    "a block overrides what stands outside": (
        "PasswordAuthentication no\nMatch User root\nPasswordAuthentication yes\n",
        {},
        (),
    ),
    "a block overrides what the command line says": (
        "Match User root\nPasswordAuthentication yes\n",
        {},
        ("PasswordAuthentication=no",),
    ),
    "the command line comes before the file": ("PermitRootLogin yes\n", {}, ("PermitRootLogin=no",)),
    "the first block that holds wins": (
        "Match User root\nPermitRootLogin no\nMatch Address 192.168.*\nPermitRootLogin yes\n",
        {},
        (),
    ),
    "all criteria must hold": (
        "Match User root Address 10.0.0.0/8\nX11Forwarding yes\nMatch User root Address 192.168.*\nPermitTunnel yes\n",
        {},
        (),
    ),
    "a pattern behind an exclamation mark decides against": (
        "Match User *,!root\nX11Forwarding yes\nMatch Address !192.168.*,*\nGatewayPorts yes\n",
        {},
        (),
    ),
    "exclamation marks alone match nobody": ("Match User !nobody\nX11Forwarding yes\n", {}, ()),
    "Match all is for everybody": (
        "PasswordAuthentication no\nMatch User nobody\nX11Forwarding yes\nMatch all\nPasswordAuthentication yes\n",
        {},
        (),
    ),
    "groups match": ("Match Group root,wheel\nAllowTcpForwarding no\n", {}, ()),
    "hosts and local ports match": ("Match Host *.LAN\nPermitTTY no\nMatch LocalPort 2222\nGatewayPorts yes\n", {}, ()),
    "local addresses match": ("Match LocalAddress 10.0.0.0/24\nAllowTcpForwarding local\n", {}, ()),
    "an include inside a block is under its condition": (
        "Match User nobody\nInclude {dir}/a.conf\nMatch all\nX11Forwarding yes\n",
        {"a.conf": "PermitRootLogin no\nMatch Address 203.0.113.0/24\nPermitTunnel yes\n"},
        (),
    ),
    "a block in an included file ends with it": (
        "Include {dir}/a.conf\nPermitRootLogin no\n",
        {"a.conf": "Match User nobody\nX11Forwarding yes\n"},
        (),
    ),
    "methods may be demanded together": (
        "AuthenticationMethods publickey,password publickey,keyboard-interactive\n",
        {},
        (),
    ),
    "a list is replaced": ("Ciphers aes128-ctr,3des-cbc\nMACs hmac-md5\n", {}, ()),
    "a list is added to": ("KexAlgorithms +diffie-hellman-group1-sha1\nHostKeyAlgorithms +ssh-rsa,ssh-dss\n", {}, ()),
    "a list is taken from": ("MACs -hmac-sha1*,umac-64*\nCiphers -chacha20-poly1305@openssh.com\n", {}, ()),
    "a list is put before": ("Ciphers ^aes256-gcm@openssh.com,aes128-cbc\nPubkeyAcceptedAlgorithms ^ssh-rsa\n", {}, ()),
    "old names of lists": ("PubkeyAcceptedKeyTypes +ssh-rsa\n", {}, ()),
    "forwarding is off by one word": ("DisableForwarding yes\nAllowTcpForwarding remote\n", {}, ()),
    "certificates of a maker": ("TrustedUserCAKeys /etc/ssh/ca.pub\nAuthorizedKeysFile none\n", {}, ()),
}


@pytest.fixture(scope="module")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.mark.parametrize("who", [ROOT, NOBODY], ids=["root", "nobody"])
@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_our_settings_are_those_of_sshd(
    row: tuple[str, dict[str, str], tuple[str, ...]], who: Connection, tmp_path: Path, host_key: Path
) -> None:
    main, others, options = row
    files = {"sshd_config": main, **others}
    for name, text in files.items():
        (tmp_path / name).write_text(text.replace("{dir}", str(tmp_path)))
    theirs = ask_sshd(tmp_path / "sshd_config", who, options, host_key)
    ours = our_settings(tmp_path, who, options)
    if not is_the_version_of_our_lists():
        ours = {word: value for word, value in ours.items() if word not in ALGORITHMS}
    assert {word: ours[word] for word in theirs if word in ours} == {
        word: theirs[word] for word in ours if word in theirs
    }
    assert set(theirs) >= set(ours)


def is_the_version_of_our_lists() -> bool:
    return "OpenSSH_9.2" in subprocess.run([str(SSHD), "-V"], capture_output=True, text=True).stderr


def our_settings(folder: Path, who: Connection, options: tuple[str, ...]) -> dict[str, str]:
    tree = MemoryTree({str(path): path.read_text() for path in folder.iterdir()})
    lines = [directive(option, "command line", 1) for option in options]
    server = parse(tree, str(folder / "sshd_config").lstrip("/"), tuple(line for line in lines if line), (9, 2))
    case = server.effective(who)
    return {word: case.get(word).value for word in WORDS} | {
        word: ",".join(case.algorithms(word)) for word in ALGORITHMS
    }


def ask_sshd(path: Path, who: Connection, options: tuple[str, ...], key: Path) -> dict[str, str]:
    spec = f"user={who.user},addr={who.address},host={who.host},laddr={who.local_address},lport={who.local_port}"
    words = [word for option in options for word in ("-o", option)]
    command = [str(SSHD), "-T", "-h", str(key), "-f", str(path), "-C", spec, *words]
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        word, _, value = line.partition(" ")
        found.setdefault(word, value)
    synonyms = {"without-password": "prohibit-password"}
    return {word: synonyms.get(value, value) for word, value in found.items()}
