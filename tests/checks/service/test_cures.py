"""How safe a cure is, by what the policy declares and what the image shows to be used."""

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.example import judge_example
from firmward.model.check import Example
from firmward.model.memory import Content, Node, executable, link
from firmward.model.remedy import MakeAtFirstBoot, Remedy, Remove, Safety, SetLink, SetMode
from firmward.model.tree import Kind

SAFE, UNSAFE, MANUAL = Safety.SAFE, Safety.UNSAFE, Safety.MANUAL
ELF = executable(b"\x7fELF\x02\x01\x01")
BUSYBOX: dict[str, Content] = {
    "bin/busybox": ELF,
    "sbin/init": link("../bin/busybox"),
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
    "etc/init.d/rcS": executable("#!/bin/sh\nfor i in /etc/init.d/S??*; do $i start; done\n"),
}
TELNET: dict[str, Content] = {**BUSYBOX, "etc/init.d/S50telnet": executable("#!/bin/sh\ntelnetd\n")}
SERVICES = '[[service]]\nname = "camera"\n'
ACCOUNTS = '[[account]]\nname = "service"\nlogin = true\n[[account]]\nname = "daemon"\n'
PASSWD = "root:x:0:0::/root:/bin/sh\n{}:abOV.DfJmdnYw:1001:1001::/home/{}:/bin/sh\n"
LISTED = '[filesystem]\nsetuid = ["/bin/ping"]\n'
DATA = '[filesystem]\nverified = "verity"\nwritable = ["/data"]\n'
KEYED: dict[str, Content] = {
    **BUSYBOX,
    "etc/init.d/S50sshd": executable("#!/bin/sh\n/usr/sbin/sshd\n"),
    "usr/sbin/sshd": ELF,
    "etc/ssh/sshd_config": "",
    "etc/ssh/ssh_host_ed25519_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
}
KEYGEN: dict[str, Content] = {**KEYED, "usr/bin/ssh-keygen": ELF}


def account(name: str) -> dict[str, Content]:
    return {"etc/passwd": PASSWD.format(name, name)}


def remedy(check: str, files: dict[str, Content], policy: str) -> Remedy:
    findings = judge_example(find_check(check), Example(files, policy)).findings
    assert findings, "the example shows nothing"
    assert findings[0].remedy is not None
    return findings[0].remedy


SAFETIES = [
    ("telnet-enabled", TELNET, "", UNSAFE),
    ("telnet-enabled", TELNET, SERVICES, SAFE),
    ("telnet-enabled", TELNET, '[[listen]]\nport = 23\n', UNSAFE),
    ("telnet-enabled", TELNET, f'{SERVICES}[[service]]\nname = "telnetd"\n', UNSAFE),
    ("telnet-enabled", TELNET, f'{SERVICES}[[service]]\nname = "S50telnet"\n', UNSAFE),
    ("telnet-enabled", TELNET, f'{SERVICES}[update]\nmechanism = "rauc"\n', SAFE),
    ("service-unneeded", TELNET, SERVICES, SAFE),
    ("undeclared-listener", TELNET, SERVICES, SAFE),
    ("undeclared-listener", TELNET, f'{SERVICES}[[egress]]\nto = "a.example"\nport = 23\n', UNSAFE),
    ("undeclared-listener", TELNET, "", UNSAFE),
    ("account-weak-hash", account("tester"), "", UNSAFE),
    ("account-weak-hash", account("tester"), ACCOUNTS, SAFE),
    ("account-weak-hash", account("service"), ACCOUNTS, UNSAFE),
    ("account-weak-hash", account("daemon"), ACCOUNTS, SAFE),
    ("account-extra-root", {"etc/passwd": "root:*:0:0::/:/bin/sh\nboss:*:0:0::/:/bin/sh\n"}, ACCOUNTS, UNSAFE),
    ("account-extra-root", {**BUSYBOX, "etc/passwd": "root:*:0:0::/:/bin/sh\nboss:*:0:0::/:/bin/sh\n"}, ACCOUNTS, SAFE),
    ("setuid-unexpected", {"usr/bin/tool": executable(b"\x7fELF", 0o4755)}, "", UNSAFE),
    ("setuid-unexpected", {"usr/bin/tool": executable(b"\x7fELF", 0o4755)}, LISTED, SAFE),
    ("world-writable", {"etc/init.d/S50a": Node("#!/bin/sh\n", 0o777)}, "", SAFE),
    ("debug-tool-shipped", {"usr/bin/strace": ELF}, "", SAFE),
    ("debug-tool-shipped", {"usr/bin/strace": ELF, "etc/report.conf": "tool = /usr/bin/strace\n"}, "", UNSAFE),
    ("debug-tool-shipped", {"usr/bin/strace": ELF, "etc/report.conf": "# /usr/bin/strace\n"}, "", SAFE),
    ("debug-tool-shipped", {"usr/bin/strace": ELF, "usr/bin/r": executable("#!/bin/sh\nstrace -p 1\n")}, "", UNSAFE),
    ("debug-tool-shipped", {"usr/bin/dpkg": ELF}, "", UNSAFE),
    ("ssh-host-key-baked-in", KEYGEN, DATA, SAFE),
    ("ssh-host-key-baked-in", KEYED, DATA, UNSAFE),
    ("ssh-host-key-baked-in", KEYGEN, '[filesystem]\nverified = "verity"\nwritable = ["/run"]\n', UNSAFE),
    ("serial-login", {"etc/inittab": "ttyS0::askfirst:/bin/sh\n"}, "", UNSAFE),
    ("serial-login", {"etc/inittab": "ttyS0::askfirst:/bin/sh\n"}, '[boot]\nconsole = "off"\n', SAFE),
    ("sudo-unrestricted", {**account("op"), "etc/sudoers": "op ALL=(ALL) NOPASSWD: ALL\n"}, "", UNSAFE),
    ("sudo-unrestricted", {**account("op"), "etc/sudoers": "Defaults !authenticate, env_reset\nop ALL=(ALL) ALL\n"}, "",
     MANUAL),
]  # fmt: skip


@pytest.mark.parametrize(("check", "files", "policy", "safety"), SAFETIES)
def test_how_safe_it_is(check: str, files: dict[str, Content], policy: str, safety: Safety) -> None:
    found = remedy(check, files, policy)
    assert (found.safety, bool(found.breaks)) == (safety, safety is UNSAFE)
    assert bool(found.changes) == (safety is not MANUAL)


WRITES = '[[service]]\nname = "cam"\nwrites = ["/srv/cam/state"]\n'


@pytest.mark.parametrize(
    ("path", "policy", "safety"),
    [("srv/cam", "", UNSAFE), ("srv/cam", WRITES, UNSAFE), ("srv/cam/state", WRITES, UNSAFE), ("srv/run", WRITES, SAFE),
     ("usr/lib/cam", "", SAFE)],
)  # fmt: skip
def test_a_folder_is_fenced_safely_where_nobody_but_root_writes(path: str, policy: str, safety: Safety) -> None:
    files: dict[str, Content] = {
        **BUSYBOX,
        "etc/init.d/S50cam": executable(f"#!/bin/sh\n/{path}/run\n"),
        path: Node(kind=Kind.DIRECTORY, mode=0o777),
        f"{path}/run": ELF,
    }
    found = remedy("world-writable", files, policy)
    assert found.changes == (SetMode(path, 0o775),)
    assert found.safety is safety


def test_a_key_is_made_by_the_device_where_that_can_be() -> None:
    path = "etc/ssh/ssh_host_ed25519_key"
    for check in ("ssh-host-key-baked-in", "image-sameness"):
        assert remedy(check, KEYGEN, DATA).changes == (MakeAtFirstBoot("ssh-host-key", path),)
        assert remedy(check, KEYED, DATA).changes == (Remove(path),)


def test_systemd_makes_its_machine_id_without_storage_and_without_a_first_boot() -> None:
    """A file that is missing would be a first boot, at which presets enable services."""
    files: dict[str, Content] = {
        "usr/lib/systemd/systemd": ELF,
        "sbin/init": link("../usr/lib/systemd/systemd"),
        "etc/machine-id": "5f0c1e5bb3a94f7d8c2e6a1b9d3f4e70\n",
    }
    found = remedy("image-sameness", files, '[filesystem]\nverified = "verity"\n')
    assert (found.safety, found.changes) == (SAFE, (MakeAtFirstBoot("machine-id", "etc/machine-id"),))


def test_a_file_that_holds_more_than_keys_is_left_to_a_person() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    table = {"etc/passwd": "root:*:0:0::/root:/bin/sh\n"}
    found = remedy("ssh-authorized-key-baked-in", {**table, "root/.ssh/authorized_keys": f"{key}\n"}, "")
    assert found.changes == (Remove("root/.ssh/authorized_keys"),)


def test_a_folder_of_hooks_that_data_hold_becomes_an_empty_one() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/bin/mount -a\n",
        "etc/fstab": "/dev/mmcblk0p2 / squashfs ro 0 0\n/dev/mmcblk0p4 /data ext4 nosuid,nodev 0 2\n",
        "usr/sbin/pppd": ELF,
        "etc/ppp/ip-up.d": link("/data/ppp"),
    }
    assert SetLink("etc/ppp/ip-up.d", "/usr/share/firmward/empty") in remedy("privileged-hooks", files, "").changes
    files = {**files, "etc/ppp/ip-up": link("/data/ip-up")}
    del files["etc/ppp/ip-up.d"]
    assert remedy("privileged-hooks", files, "").changes == (Remove("etc/ppp/ip-up"),)


def test_a_password_that_is_locked_still_lets_keys_in() -> None:
    """A `!` would make sshd without PAM refuse the account's keys as well."""
    (change,) = remedy("account-weak-hash", account("tester"), "").changes
    assert getattr(change, "value", None) == "*"
