"""The same mistake is worse where it can be reached."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.facts import Source
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, executable, link

TODAY = Clock(date(2026, 11, 20))
EMPTY = "root::0:0:root:/root:/bin/sh\n"
GUESSABLE = "root:$1$ab12cd34$eetsqKSIG99pLM.VFvQMY1:0:0:root:/root:/bin/sh\n"
CONSOLE = "ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n"
QUIET = "::sysinit:/bin/mount -a\n"
SSHD = "::respawn:/usr/sbin/sshd -D\n"


def verdict(check: str, files: dict[str, Content]) -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, None, TODAY)


def severity(check: str, files: dict[str, Content]) -> Severity | None:
    [finding] = verdict(check, files).findings
    return finding.severity or find_check(check).severity


@pytest.mark.parametrize(
    ("check", "passwd", "inittab", "expected"),
    [
        ("account-empty-password", EMPTY, CONSOLE, Severity.CRITICAL),
        ("account-empty-password", EMPTY, QUIET, Severity.MEDIUM),
        ("account-empty-password", EMPTY, SSHD, Severity.MEDIUM),
        ("account-empty-password", EMPTY.replace("/bin/sh", "/bin/false"), CONSOLE, Severity.MEDIUM),
        ("account-default-password", GUESSABLE, CONSOLE, Severity.CRITICAL),
        ("account-default-password", GUESSABLE, QUIET, Severity.MEDIUM),
        ("account-default-password", GUESSABLE, "::respawn:/usr/sbin/telnetd -F\n", Severity.CRITICAL),
    ],
)
def test_a_password_matters_where_something_asks_for_it(
    check: str, passwd: str, inittab: str, expected: Severity
) -> None:
    files: dict[str, Content] = {"etc/passwd": passwd, "etc/inittab": inittab, "etc/ssh/sshd_config": ""}
    assert severity(check, files) is expected


@pytest.mark.parametrize(
    ("settings", "password", "key", "expected"),
    [
        ("PermitRootLogin yes\n", "abOV.DfJmdnYw", False, Severity.HIGH),
        ("PermitRootLogin yes\n", "*", False, Severity.LOW),
        ("PermitRootLogin yes\n", "!abOV.DfJmdnYw", True, Severity.MEDIUM),
        ("PermitRootLogin yes\nPasswordAuthentication no\n", "abOV.DfJmdnYw", True, Severity.MEDIUM),
        ("PermitRootLogin prohibit-password\n", "*", True, Severity.MEDIUM),
        ("PermitRootLogin prohibit-password\n", "abOV.DfJmdnYw", False, Severity.LOW),
        ("TrustedUserCAKeys /etc/ssh/ca.pub\n", "*", False, Severity.MEDIUM),
    ],
)
def test_roots_login_matters_by_the_way_in(settings: str, password: str, key: bool, expected: Severity) -> None:
    table = f"root:{password}:0:0::/root:/bin/sh\n"
    files: dict[str, Content] = {"etc/passwd": table, "etc/ssh/sshd_config": settings}
    if key:
        files["root/.ssh/authorized_keys"] = (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
        )
    assert severity("ssh-root-login", files) is expected


def test_a_server_that_nothing_starts_is_no_question() -> None:
    files: dict[str, Content] = {"etc/inittab": QUIET, "etc/ssh/sshd_config": "PermitEmptyPasswords yes\n"}
    assert verdict("ssh-empty-passwords", files).outcome is Outcome.NOT_APPLICABLE


def test_empty_passwords_without_passwords_are_low() -> None:
    files: dict[str, Content] = {"etc/ssh/sshd_config": "PermitEmptyPasswords yes\nPasswordAuthentication no\n"}
    assert severity("ssh-empty-passwords", files) is Severity.LOW


def test_telnet_on_the_loopback_is_medium() -> None:
    assert (
        severity("telnet-enabled", {"etc/inittab": "::respawn:/usr/sbin/telnetd -F -b 127.0.0.1\n"}) is Severity.MEDIUM
    )


@pytest.mark.parametrize("check", ["account-empty-password", "account-weak-hash", "account-default-password"])
def test_a_shadow_that_cannot_be_read_is_never_a_pass(check: str) -> None:
    files: dict[str, Content] = {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/shadow": link("/data/shadow")}
    assert verdict(check, files).outcome is Outcome.UNKNOWN


def test_a_hash_that_is_too_dear_to_try_is_never_a_pass() -> None:
    files: dict[str, Content] = {"etc/passwd": f"root:$6$rounds=900000000$ab${'a' * 86}:0:0::/root:/bin/sh\n"}
    assert verdict("account-default-password", files).outcome is Outcome.UNKNOWN


def test_a_dropbear_whose_program_is_missing_is_never_a_pass() -> None:
    assert verdict("ssh-weak-algorithms", {"etc/config/dropbear": "config dropbear\n"}).outcome is Outcome.UNKNOWN


def test_a_link_to_a_shell_over_inetd_is_told_with_its_port() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/inetd -f\n",
        "etc/inetd.conf": "9999 stream tcp nowait root /bin/sh sh -i\n",
        "bin/sh": executable(b"\x7fELF"),
    }
    [finding] = verdict("backdoor-listener", files).findings
    assert "9999" in finding.message


def test_a_running_devices_own_host_key_is_no_finding() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
    tree = MemoryTree({"etc/ssh/sshd_config": "", "etc/ssh/ssh_host_rsa_key": key})
    found = find_check("ssh-host-key-baked-in")
    for source, expected in ((Source.IMAGE, Outcome.FAIL), (Source.LIVE, Outcome.NOT_APPLICABLE)):
        facts = Collection(tree, source).facts("test", families([found]))
        assert judge(found, facts, None, TODAY).outcome is expected
