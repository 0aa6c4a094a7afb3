"""How safe a cure of a setting is depends on what the policy declares and on what the image shows."""

import pytest
from hardened import findings

from firmward.audit.engine import families, judge
from firmward.facts.collection import Collection
from firmward.model.finding import Finding
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy
from firmward.model.remedy import AddLine, Change, Safety, SetLink, SetOption
from truth import accuracy

SSHD = "etc/ssh/sshd_config"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
PEOPLE: dict[str, Content] = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nservice:x:1000:1000::/home/service:/bin/sh\n",
    "etc/shadow": "root:$6$a$b:1::::::\nservice:*:1::::::\n",
}
WITH_KEY: dict[str, Content] = {**PEOPLE, "home/service/.ssh/authorized_keys": KEY}
SERVICE = '[[account]]\nname = "service"\nlogin = true\n'
ROOT = '[[account]]\nname = "root"\nlogin = true\n'
NOBODY = '[[account]]\nname = "service"\n'
LISTEN = '[[listen]]\nport = 22\nservice = "sshd"\n'
TUNNEL = '[[account]]\nname = "service"\nlogin = true\nreason = "Reverse tunnel for care"\n'
FLOW = '[[zone]]\nname = "a"\n[[zone]]\nname = "b"\n[[flow]]\nfrom = "a"\nto = "b"\n'
INIT = "::sysinit:/bin/mount -a\n"
SAFE, UNSAFE, MANUAL = Safety.SAFE, Safety.UNSAFE, Safety.MANUAL

Files = dict[str, Content]


def ssh(text: str, people: Files = PEOPLE) -> Files:
    return {**people, SSHD: text}


def mounted(line: str) -> Files:
    return {"etc/inittab": INIT, "etc/fstab": line + "\n"}


TELNET: Files = {"etc/inittab": "::respawn:/usr/sbin/telnetd -F\n"}
BROKER: Files = {
    "etc/inittab": "::respawn:/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf\n",
    "etc/mosquitto/mosquitto.conf": "listener 1883\nallow_anonymous false\n",
}
RAUC = (
    "[system]\ncompatible=a\nbootloader=uboot\n[keyring]\npath=ca.pem\n"
    "[slot.rootfs.0]\ndevice=/dev/a\nbootname=A\n[slot.rootfs.1]\ndevice=/dev/b\nbootname=B\n"
)
UPDATED: Files = {"usr/bin/rauc": executable(b"\x7fELF"), "etc/rauc/system.conf": RAUC}
MEMORY = "tmpfs /tmp tmpfs nosuid,nodev,noexec"
WRITER = '[[service]]\nname = "camerad"\nwrites = ["{}"]\n'
BUDGET = 'memory = "16M"\n'
VERSION = '[device]\nproduct = "camera"\nversion = "{}"\n'

TABLE = [
    pytest.param("ssh-root-login", ssh("PermitRootLogin yes\n"), "", UNSAFE, id="root: without a policy"),
    pytest.param("ssh-root-login", ssh("PermitRootLogin yes\n"), SERVICE, UNSAFE, id="root: another without a way in"),
    pytest.param("ssh-root-login", ssh("PermitRootLogin yes\n", WITH_KEY), SERVICE, SAFE, id="root: another has a key"),
    pytest.param("ssh-root-login", ssh("PermitRootLogin yes\n", WITH_KEY), ROOT, UNSAFE, id="root: root is declared"),
    pytest.param("ssh-root-login", ssh("PermitRootLogin yes\n"), NOBODY, SAFE, id="root: nobody is to log in"),
    pytest.param(
        "ssh-root-login", ssh("PermitRootLogin yes\nTrustedUserCAKeys /etc/ssh/ca.pub\n"), SERVICE, SAFE,
        id="root: an authority signs keys",
    ),
    pytest.param("ssh-password-login", ssh(""), "", UNSAFE, id="passwords: without a policy"),
    pytest.param("ssh-password-login", ssh(""), SERVICE, UNSAFE, id="passwords: no keys"),
    pytest.param("ssh-password-login", ssh("", WITH_KEY), SERVICE, SAFE, id="passwords: all have keys"),
    pytest.param("ssh-empty-passwords", ssh("PermitEmptyPasswords yes\n"), "", SAFE, id="empty passwords"),
    pytest.param("ssh-forwarding", ssh(""), "", UNSAFE, id="forwarding: without a policy"),
    pytest.param("ssh-forwarding", ssh(""), LISTEN, SAFE, id="forwarding: nothing goes through"),
    pytest.param("ssh-forwarding", ssh(""), LISTEN + FLOW, UNSAFE, id="forwarding: a flow is declared"),
    pytest.param("ssh-forwarding", ssh(""), LISTEN + TUNNEL, UNSAFE, id="forwarding: an account is for tunnels"),
    pytest.param("plaintext-protocol", TELNET, "", UNSAFE, id="telnet: without a policy"),
    pytest.param("plaintext-protocol", TELNET, LISTEN, SAFE, id="telnet: not declared"),
    pytest.param("plaintext-protocol", TELNET, "[[listen]]\nport = 23\n", MANUAL, id="telnet: declared by its port"),
    pytest.param(
        "plaintext-protocol", TELNET, '[[service]]\nname = "telnetd"\n', MANUAL, id="telnet: declared by its name"
    ),
    pytest.param("plaintext-protocol", BROKER, "", MANUAL, id="mqtt: without a policy"),
    pytest.param("plaintext-protocol", BROKER, LISTEN, SAFE, id="mqtt: not declared"),
    pytest.param("plaintext-protocol", BROKER, "[[listen]]\nport = 1883\n", MANUAL, id="mqtt: declared"),
    pytest.param("mount-options", mounted("/dev/a /data ext4"), "", UNSAFE, id="mount: a medium"),
    pytest.param(
        "mount-options", mounted("/dev/a /data ext4"), '[filesystem]\nverified = "verity"\n', SAFE,
        id="mount: a medium beside a verified system",
    ),
    pytest.param("mount-options", mounted("tmpfs /tmp tmpfs noexec,size=8m"), "", SAFE, id="mount: rights in memory"),
    pytest.param(
        "mount-options", mounted("tmpfs /tmp tmpfs nosuid,nodev,size=8m"), "", UNSAFE, id="mount: programs in memory"
    ),
    pytest.param("mount-options", mounted(MEMORY), "", UNSAFE, id="memory: nobody says what is needed"),
    pytest.param("mount-options", mounted(MEMORY), WRITER.format("/data"), SAFE, id="memory: nobody writes there"),
    pytest.param("mount-options", mounted(MEMORY), WRITER.format("/tmp/a"), UNSAFE, id="memory: how much is not said"),
    pytest.param("mount-options", mounted(MEMORY), WRITER.format("/tmp") + BUDGET, SAFE, id="memory: how much is said"),
    pytest.param("mount-options", mounted(MEMORY.replace("/tmp", "/run")), "", SAFE, id="memory: /run holds little"),
    pytest.param("mount-options", mounted(MEMORY.replace("tmpfs", "ramfs")), "", MANUAL, id="memory: ramfs"),
    pytest.param("rootfs-writable", mounted("/dev/a / ext4"), "", UNSAFE, id="root: without a policy for files"),
    pytest.param(
        "rootfs-writable", mounted("/dev/a / ext4"), '[filesystem]\nverified = "verity"\n', SAFE, id="root: verified"
    ),
    pytest.param(
        "rootfs-writable", mounted("/dev/a / ext4"), '[filesystem]\nverified = "verity"\nwritable = ["/"]\n', UNSAFE,
        id="root: declared both",
    ),
    pytest.param("update-downgrade-possible", UPDATED, "", MANUAL, id="versions: none is known"),
    pytest.param("update-downgrade-possible", UPDATED, VERSION.format("1.4.0"), UNSAFE, id="versions: this one's"),
    pytest.param("update-downgrade-possible", UPDATED, VERSION.format("spring"), MANUAL, id="versions: no number"),
]  # fmt: skip


def of(check: str, files: Files, policy: str) -> list[Finding]:
    asked = [one for one in accuracy.of_roots() if one.id == check]
    facts = Collection(MemoryTree(files)).facts("image", families(asked))
    parsed = parse_policy(policy) if policy else None
    return [one for _, one in findings(tuple(judge(one, facts, parsed, accuracy.CLOCK) for one in asked))]


@pytest.mark.parametrize(("check", "files", "policy", "safety"), TABLE)
def test_safety_follows_from_policy_and_image(check: str, files: Files, policy: str, safety: Safety) -> None:
    found = of(check, files, policy)
    assert {one.remedy.safety for one in found if one.remedy is not None} == {safety}


def changes(check: str, files: Files, policy: str = "") -> tuple[Change, ...]:
    return tuple(change for one in of(check, files, policy) if one.remedy is not None for change in one.remedy.changes)


def test_an_old_sshd_is_told_what_it_knows() -> None:
    files = {**ssh("X11Forwarding yes\n"), "usr/sbin/sshd": executable(b"\0OpenSSH_7.2p1\0")}
    options = {one.option for one in changes("ssh-forwarding", files) if isinstance(one, SetOption)}
    assert "X11Forwarding" in options
    assert "DisableForwarding" not in options


def test_a_list_of_algorithms_is_never_left_empty() -> None:
    (change,) = changes("ssh-weak-algorithms", ssh("MACs hmac-md5\n"))
    assert isinstance(change, SetOption)
    assert "hmac-sha2-256-etm@openssh.com" in change.value.split(",")
    assert "hmac-md5" not in change.value


def test_the_version_of_this_release_is_the_oldest_to_come() -> None:
    wanted = SetOption("etc/rauc/system.conf", "min-bundle-version", "1.4.0", "system")
    assert changes("update-downgrade-possible", UPDATED, VERSION.format("1.4.0")) == (wanted,)


@pytest.mark.parametrize(
    ("files", "starter"),
    [
        (
            {"etc/inittab": "::sysinit:/bin/true\n", "sbin/sysctl": executable(b"\x7fELF")},
            AddLine("etc/inittab", "::sysinit:/sbin/sysctl -p /etc/sysctl.conf"),
        ),
        (
            {"etc/inittab": "::sysinit:/sbin/openrc sysinit\n", "sbin/openrc": executable(b"\x7fELF"),
             "etc/init.d/sysctl": executable("#!/sbin/openrc-run\n"), "etc/runlevels/boot/x": ""},
            SetLink("etc/runlevels/boot/sysctl", "/etc/init.d/sysctl"),
        ),
    ],
)  # fmt: skip
def test_where_nothing_applies_parameters_something_is_started_that_does(files: Files, starter: Change) -> None:
    made = changes("sysctl", {**files, "bin/busybox": executable(b"\x7fELF")})
    assert starter in made
    assert SetOption("etc/sysctl.conf", "kernel.kptr_restrict", "1") in made


def test_drivers_are_loaded_before_modules_are_switched_off() -> None:
    files: Files = {"etc/sysctl.d/50-app.conf": "kernel.kptr_restrict = 1\n"}
    (found,) = [one for one in of("sysctl", files, "") if one.key == "modules_disabled"]
    assert found.remedy is not None
    assert found.remedy.safety is Safety.MANUAL


SIZES = [
    pytest.param("", "10%", id="a tenth"),
    pytest.param(WRITER.format("/tmp") + BUDGET, "16M", id="what the policy gives who writes there"),
    pytest.param(WRITER.format("/tmp") + BUDGET + WRITER.format("/tmp") + 'memory = "9M"\n', "16M", id="the greatest"),
    pytest.param(WRITER.format("/tmp") + BUDGET + WRITER.format("/tmp"), "10%", id="of one it is not said"),
    pytest.param(WRITER.format("/tmpfs") + BUDGET, "10%", id="who writes elsewhere"),
]


@pytest.mark.parametrize(("policy", "size"), SIZES)
def test_a_file_system_in_memory_gets_as_much_as_who_writes_there_has(policy: str, size: str) -> None:
    found = changes("mount-options", mounted(MEMORY), policy)
    assert found == tuple(SetOption("etc/fstab", *option, "/tmp") for option in (("size", size), ("nr_inodes", "10k")))
