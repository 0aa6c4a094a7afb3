"""What each device makes at its first boot: left out of the image, made by the image's own scripts, and kept."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from systems import debian_openrc

from firmward.facts.collection import Collection
from firmward.facts.startup import Startup
from firmward.facts.writable import Writable
from firmward.harden.apply import apply
from firmward.harden.draft import Draft, Refused
from firmward.harden.first_boot import FOLDER, arrange
from firmward.harden.plan import Cure
from firmward.harden.site import Site
from firmward.model.finding import Severity
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.policy import parse_policy
from firmward.model.remedy import MakeAtFirstBoot, Remedy, Safety, Stage
from firmward.model.tree import Kind

ELF = executable(b"\x7fELF\x02\x01\x01")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
DATA = '[filesystem]\nverified = "verity"\nwritable = ["/run", "/data", "/var"]\n'
SERVER = executable("#!/bin/sh\n/usr/sbin/sshd\n")
SSH = "etc/ssh/ssh_host_ed25519_key"
FILES: dict[str, Content] = {SSH: Node(KEY, 0o600), f"{SSH}.pub": "ssh-ed25519 AAAA\n", "usr/sbin/sshd": ELF}
UNITS = "usr/lib/systemd/system"
MADE = "make-ssh-host-key"


@dataclass(frozen=True)
class System:
    """An init with an SSH server, and where the script that makes keys is started."""

    name: str
    files: dict[str, Content]
    started: str


SYSTEMS = (
    System("systemd", {
        "usr/lib/systemd/systemd": ELF, "sbin/init": link("../usr/lib/systemd/systemd"),
        f"{UNITS}/default.target": link("multi-user.target"), f"{UNITS}/multi-user.target": "[Unit]\n",
        f"{UNITS}/ssh.service": "[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n",
        "etc/systemd/system/multi-user.target.wants/ssh.service": link(f"/{UNITS}/ssh.service"),
    }, f"etc/systemd/system/{MADE}.service"),
    System("busybox", {
        "bin/busybox": ELF, "sbin/init": link("../bin/busybox"), "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable('#!/bin/sh\nfor i in /etc/init.d/S??*; do "$i" start; done\n'),
        "etc/init.d/S50sshd": SERVER,
    }, f"etc/init.d/S49{MADE}"),
    System("sysv", {
        "sbin/init": ELF, "etc/inittab": "id:5:initdefault:\nl5:5:wait:/etc/init.d/rc 5\n",
        "etc/init.d/rc": executable("#!/bin/sh\n"), "etc/init.d/sshd": SERVER,
        "etc/rc5.d/S09sshd": link("../init.d/sshd"),
    }, f"etc/rc5.d/S08{MADE}"),
    System("openrc", {
        "sbin/openrc": ELF, "sbin/openrc-run": ELF,
        "etc/inittab": "::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n",
        "etc/init.d/sshd": executable("#!/sbin/openrc-run\ncommand=/usr/sbin/sshd\n"),
        "etc/runlevels/default/sshd": link("/etc/init.d/sshd"),
    }, f"etc/runlevels/default/{MADE}"),
    System("debian's openrc", {
        **debian_openrc.FILES,
        "etc/init.d/ssh": debian_openrc.script("/usr/sbin/sshd", "Provides: sshd"),
        "etc/runlevels/default/ssh": link("/etc/init.d/ssh"), "etc/rc2.d/S02ssh": link("../init.d/ssh"),
    }, f"etc/runlevels/default/{MADE}"),
    System("procd", {
        "sbin/procd": ELF, "sbin/init": ELF, "etc/rc.common": "",
        "etc/init.d/sshd": executable("#!/bin/sh /etc/rc.common\nstart() { /usr/sbin/sshd; }\n"),
        "etc/rc.d/S50sshd": link("../init.d/sshd"),
    }, f"etc/rc.d/S49{MADE}"),
)  # fmt: skip
EACH = [pytest.param(system, id=system.name) for system in SYSTEMS]


def site(files: dict[str, Content], policy: str = DATA) -> Site:
    tree = MemoryTree(files)
    facts = Collection(tree).facts("system", (Startup, Writable))
    return Site(Draft(tree), facts, parse_policy(policy) if policy else None)


def touched(place: Site) -> set[str]:
    return {one.path for one in place.draft.touched()}


@pytest.mark.parametrize("system", EACH)
def test_a_host_key_is_left_out_and_made_where_data_last(system: System) -> None:
    place = site({**FILES, **system.files})
    arrange(MakeAtFirstBoot("ssh-host-key", SSH), place)
    left = place.draft.lstat(SSH)
    assert left is not None
    assert (left.kind, left.target) == (Kind.SYMLINK, "/data/ssh/ssh_host_ed25519_key")
    assert not place.draft.exists(f"{SSH}.pub")
    assert "ssh_host_key ed25519 /data/ssh/ssh_host_ed25519_key || failed=1" in (
        place.draft.text(f"{FOLDER}/{MADE}") or ""
    ).split("\n")
    assert place.draft.lstat_through(system.started) is not None


@pytest.mark.parametrize("system", EACH)
def test_what_makes_it_starts_at_boot(system: System) -> None:
    place = site({**FILES, **system.files})
    arrange(MakeAtFirstBoot("ssh-host-key", SSH), place)
    startup = Collection(place.draft).get(Startup)
    assert isinstance(startup, Startup)
    assert f"{FOLDER}/{MADE}" in startup.scripts
    programs = [one.program for one in startup.processes]
    assert "sshd" in programs
    if "openrc" not in system.name and system.name != "systemd":  # which order by words
        assert programs.index("ssh-keygen") < programs.index("sshd")


@pytest.mark.parametrize("system", [one for one in EACH if "openrc" in (one.id or "")])
def test_openrc_has_it_behind_the_mounts_and_before_the_server(system: System) -> None:
    place = site({**FILES, **system.files})
    arrange(MakeAtFirstBoot("ssh-host-key", SSH), place)
    text = place.draft.text(f"etc/init.d/{MADE}") or ""
    assert "\tafter localmount mountall\n\tbefore sshd\n" in text
    assert "need" not in text


@pytest.mark.parametrize("system", EACH)
def test_once_more_changes_nothing_and_another_key_joins(system: System) -> None:
    place = site({**FILES, **system.files, "etc/ssh/ssh_host_rsa_key": KEY})
    change = MakeAtFirstBoot("ssh-host-key", SSH)
    arrange(change, place)
    arrange(MakeAtFirstBoot("ssh-host-key", "etc/ssh/ssh_host_rsa_key"), place)
    text = place.draft.text(f"{FOLDER}/{MADE}") or ""
    assert text.count("|| failed=1\n") == 2
    again = Site(Draft(place.draft), place.facts, place.policy)
    arrange(change, again)
    assert touched(again) == set()


def test_a_root_that_is_written_keeps_the_key_where_it_was() -> None:
    system = SYSTEMS[1]
    place = site({**FILES, **system.files, "etc/fstab": "/dev/mmcblk0p2 / ext4 rw 0 0\n"}, policy="")
    arrange(MakeAtFirstBoot("ssh-host-key", SSH), place)
    assert place.draft.lstat(SSH) is None
    assert f"ssh_host_key ed25519 /{SSH} " in (place.draft.text(f"{FOLDER}/{MADE}") or "")


@pytest.mark.parametrize(
    ("files", "policy", "change", "reason"),
    [
        ({}, '[filesystem]\nverified = "verity"\nwritable = ["/run", "/tmp"]\n', MakeAtFirstBoot("ssh-host-key", SSH),
         "no storage that lasts"),
        ({}, DATA, MakeAtFirstBoot("ssh-host-key", "etc/ssh/a key; reboot"), "cannot be named"),
        ({}, DATA, MakeAtFirstBoot("ssh-host-key", "etc/ssh/../../x"), "cannot be named"),
        ({}, DATA, MakeAtFirstBoot("starting", SSH), "not known here"),
        ({}, DATA, MakeAtFirstBoot("../site", SSH), "not known here"),
        ({"etc/init.d/rcS": executable("#!/bin/sh\n/usr/sbin/sshd\n")}, DATA, MakeAtFirstBoot("ssh-host-key", SSH),
         "nothing that busybox runs"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_leaves_nothing(
    files: dict[str, Content], policy: str, change: MakeAtFirstBoot, reason: str
) -> None:
    place = site({**FILES, **SYSTEMS[1].files, **files}, policy)
    remedy = Remedy("Make it", Safety.SAFE, Stage.IMAGE, (change,))
    applied = apply([Cure("check", "key", Severity.HIGH, "", "", remedy)], place)
    assert [reason in one.reason for one in applied.refused] == [True]
    assert touched(place) == set()


@given(st.text(max_size=40))
def test_no_path_breaks_out_of_the_script(path: str) -> None:
    place = site({**FILES, **SYSTEMS[1].files, "etc/ssh/x": KEY})
    try:
        arrange(MakeAtFirstBoot("ssh-host-key", path), place)
    except Refused:
        return
    line = (place.draft.text(f"{FOLDER}/{MADE}") or "").split("\n")[-3]
    assert line.split()[0] == "ssh_host_key"
    assert not set(line.removesuffix(" || failed=1")) & set("'\"\\$`;&|<>()*?[]{}!#~\n")


def test_under_systemd_the_machine_id_is_empty_and_no_first_boot() -> None:
    files = {**SYSTEMS[0].files, "etc/machine-id": "5f0c1e5bb3a94f7d8c2e6a1b9d3f4e70\n"}
    place = site({**files, "var/lib/dbus/machine-id": "5f0c1e5bb3a94f7d8c2e6a1b9d3f4e70\n"})
    arrange(MakeAtFirstBoot("machine-id", "etc/machine-id"), place)
    arrange(MakeAtFirstBoot("machine-id", "var/lib/dbus/machine-id"), place)
    assert place.draft.text("etc/machine-id") == ""
    entry = place.draft.lstat("var/lib/dbus/machine-id")
    assert entry is not None
    assert entry.target == "/etc/machine-id"


# what the scripts do, run by BusyBox's shell in a folder of their own


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [one for one in ("busybox", *programs) if shutil.which(one) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


class Device:
    """A folder that the script takes for the root of a device."""

    def __init__(self, folder: Path, secret: str, *paths: str) -> None:
        self.folder = folder
        place = site({**SYSTEMS[1].files, **dict.fromkeys(paths, KEY)})
        arrange(MakeAtFirstBoot(secret, *paths), place)
        text = place.draft.text(f"{FOLDER}/make-{secret}") or ""
        assert "/data/" in text
        owner = f"{os.getuid()}:{os.getgid()}"
        self.script = folder / "script"
        self.script.write_text(text.replace(" /data/", f" {folder}/data/").replace("0:0", owner), encoding="utf-8")

    def boots(self, path: str = "") -> int:
        command = ["busybox", "sh", str(self.script)]
        known = os.environ if not path else {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
        return subprocess.run(command, check=False, timeout=60, env=known, capture_output=True).returncode

    def kept(self) -> dict[str, str]:
        files = (path for path in sorted(self.folder.joinpath("data").rglob("*")) if path.is_file())
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def path(self, name: str) -> Path:
        return next(self.folder.joinpath("data").rglob(name))


SECRETS = [
    pytest.param("ssh-host-key", (SSH,), ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"], id="ssh",
                 marks=needs("ssh-keygen")),
    pytest.param("dropbear-host-key", ("etc/dropbear/dropbear_ecdsa_host_key",), ["dropbear_ecdsa_host_key"],
                 id="dropbear", marks=needs("dropbearkey")),
    pytest.param("tls-key", ("etc/web/server.key", "etc/web/server.crt"),
                 ["etc-web-server.crt", "etc-web-server.key"], id="tls", marks=needs("openssl")),
    pytest.param("tls-key", ("etc/web/server.pem", "etc/web/server.pem"), ["etc-web-server.pem"], id="tls in one file",
                 marks=needs("openssl")),
    pytest.param("machine-id", ("var/lib/dbus/machine-id",), ["machine-id"], id="machine id", marks=needs()),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "paths", "made"), SECRETS)
def test_each_device_makes_its_own_and_keeps_it(
    tmp_path: Path, secret: str, paths: tuple[str, ...], made: list[str]
) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    one, other = (Device(folder, secret, *paths) for folder in folders)
    assert (one.boots(), other.boots()) == (0, 0)
    assert list(one.kept()) == made
    assert not set(one.kept().values()) & set(other.kept().values())
    before = one.kept()
    assert one.boots() == 0
    assert one.kept() == before


@pytest.mark.parametrize(("secret", "paths", "made"), SECRETS)
def test_a_key_that_was_half_made_is_made_anew(
    tmp_path: Path, secret: str, paths: tuple[str, ...], made: list[str]
) -> None:
    device = Device(tmp_path, secret, *paths)
    assert device.boots() == 0
    for name in made:
        device.path(name).write_bytes(b"")
    key = min(made, key=lambda name: (not name.endswith("key"), name))
    for left in ("new", "new.pub") if secret == "ssh-host-key" else ("new",):
        Path(f"{device.path(key)}.{left}").write_bytes(b"-----BEG")
    assert device.boots() == 0
    assert list(device.kept()) == made
    assert all(device.path(name).stat().st_size > 0 for name in made)


@needs("ssh-keygen")
def test_a_device_that_cannot_make_it_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    failing = tools / "ssh-keygen"
    failing.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    failing.chmod(0o755)
    device = Device(tmp_path, "ssh-host-key", SSH)
    assert device.boots(str(tools)) == 1
    assert device.kept() == {}


@needs("ssh-keygen")
def test_a_host_key_is_the_servers_alone(tmp_path: Path) -> None:
    device = Device(tmp_path, "ssh-host-key", SSH)
    device.boots()
    assert device.path("ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600
    assert device.folder.joinpath("data/ssh").stat().st_mode & 0o077 == 0


READ = [
    pytest.param("ssh-host-key", SSH, ("ssh-keygen", "-y", "-f"), "ssh-ed25519 ", id="ssh", marks=needs("ssh-keygen")),
    pytest.param("dropbear-host-key", "etc/dropbear/dropbear_rsa_host_key", ("dropbearkey", "-y", "-f"), "ssh-rsa ",
                 id="dropbear", marks=needs("dropbearkey")),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "path", "reads", "says"), READ)
def test_a_host_key_is_read_through_the_link(
    tmp_path: Path, secret: str, path: str, reads: tuple[str, ...], says: str
) -> None:
    device = Device(tmp_path, secret, path)
    device.boots()
    there = tmp_path / "link"
    there.symlink_to(device.path(path.rpartition("/")[2]))
    done = subprocess.run([*reads, str(there)], check=True, capture_output=True, text=True, timeout=60)
    assert says in done.stdout


@needs("openssl")
def test_the_certificate_fits_its_key_and_is_no_authority(tmp_path: Path) -> None:
    device = Device(tmp_path, "tls-key", "etc/web/server.key", "etc/web/server.crt")
    device.boots()
    said = ["openssl", "x509", "-in", str(device.path("etc-web-server.crt")), "-noout", "-pubkey", "-text"]
    text = subprocess.run(said, check=True, capture_output=True, text=True).stdout
    assert "CA:FALSE" in text
    assert "TLS Web Server Authentication" in text
    own = ["openssl", "pkey", "-in", str(device.path("etc-web-server.key")), "-pubout"]
    public = subprocess.run(own, check=True, capture_output=True, text=True).stdout
    assert public in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    place = site({**FILES, **SYSTEMS[0].files})
    arrange(MakeAtFirstBoot("ssh-host-key", SSH), place)
    unit = tmp_path / f"{MADE}.service"
    text = (place.draft.text(f"etc/systemd/system/{MADE}.service") or "").replace(f"/{FOLDER}/{MADE}", "/bin/true")
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], check=False, capture_output=True, text=True
    )
    assert MADE not in done.stderr
