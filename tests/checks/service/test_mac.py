"""Mandatory access control: who is confined, and whether it is meant."""

import pytest
from systems.debian import BASE, SSH_ON, UNITS, enabled, unit
from systems.shared import programs

from firmward.audit.engine import Verdict, families, judge
from firmward.checks.service.mac_permissive import mac_permissive
from firmward.checks.service.mac_profile_missing import mac_profile_missing
from firmward.facts.collection import Collection
from firmward.facts.selinux import parse, typed_programs
from firmward.model.check import Check
from firmward.model.clock import Clock
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.policy import parse_policy

SERVICE = {
    f"{UNITS}/apparmor.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=sysinit.target\n",
    **enabled("apparmor.service", "sysinit.target"),
    **programs("usr/sbin/apparmor_parser"),
}
MAN = "/usr/bin/man {\n}\n"
WEB: dict[str, Content] = {
    **BASE,
    **SERVICE,
    **programs("usr/sbin/thttpd"),
    f"{UNITS}/web.service": unit("/usr/sbin/thttpd -D"),
    **enabled("web.service"),
    "etc/apparmor.d/usr.bin.man": MAN,
}
OWN = "etc/apparmor.d/usr.sbin.thttpd"
PROFILE = "/usr/sbin/thttpd {\n}\n"
POLICY = {"etc/selinux/targeted/policy/policy.33": b"\x8c"}
CONTEXTS = "etc/selinux/targeted/contexts/files/file_contexts"
THTTPD = "/usr/sbin/thttpd\t--\tsystem_u:object_r:httpd_exec_t:s0\n"


def verdict(check: Check, files: dict[str, Content]) -> Verdict:
    facts = Collection(MemoryTree(files)).facts("system", families([check]))
    return judge(check, facts, parse_policy(""), Clock.__new__(Clock))


def found(check: Check, files: dict[str, Content]) -> list[tuple[str, Severity]]:
    return [(one.key, one.severity or check.severity) for one in verdict(check, files).findings]


def test_a_stock_debian_has_no_profile_for_sshd_which_is_low() -> None:
    files = {**SSH_ON, **SERVICE, "etc/apparmor.d/usr.bin.man": MAN}
    assert found(mac_profile_missing, files) == [("ssh.service", Severity.LOW)]
    assert not found(mac_permissive, files)


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({}, Severity.MEDIUM),
        ({f"{UNITS}/web.service": unit("/usr/sbin/thttpd -D", "User=www-data")}, Severity.LOW),
        ({f"{UNITS}/web.service": unit("/usr/sbin/thttpd -D", "DynamicUser=yes")}, Severity.LOW),
        ({f"{UNITS}/web.service": unit("/usr/sbin/thttpd -D", "SystemCallFilter=@system-service")}, Severity.LOW),
        ({OWN: PROFILE}, None),
        ({OWN: PROFILE, "etc/apparmor.d/disable/usr.sbin.thttpd": link("../usr.sbin.thttpd")}, Severity.MEDIUM),
        ({OWN: "profile web /usr/sbin/thttpd flags=(unconfined) {\n}\n"}, Severity.MEDIUM),
        ({OWN: "profile web {\n}\n"}, Severity.MEDIUM),
        (
            {
                OWN: "profile web {\n}\n",
                f"{UNITS}/web.service": unit("/usr/sbin/thttpd -D", "AppArmorProfile=web"),
            },
            None,
        ),
    ],
)
def test_a_service_as_root_without_a_profile(more: dict[str, Content], severity: Severity | None) -> None:
    expected = [] if severity is None else [("web.service", severity)]
    assert found(mac_profile_missing, {**WEB, **more}) == expected


def test_a_system_without_any_is_told_once() -> None:
    files: dict[str, Content] = {"etc/inittab": "::respawn:thttpd -D\n::respawn:/usr/sbin/telnetd -F\n"}
    assert found(mac_profile_missing, files) == [("none", Severity.LOW)]
    assert verdict(mac_permissive, files).outcome is Outcome.NOT_APPLICABLE


def test_a_system_that_nobody_reaches_is_not_asked() -> None:
    files: dict[str, Content] = {"etc/inittab": "::respawn:thttpd -D -h 127.0.0.1\n"}
    assert verdict(mac_profile_missing, files).outcome in (Outcome.NOT_APPLICABLE, Outcome.FAIL)
    assert verdict(mac_profile_missing, {"etc/inittab": "::respawn:getty tty1\n"}).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("contexts", "outcome"),
    [
        (THTTPD, Outcome.PASS),
        ("/usr/sbin/(tiny|t)httpd\t--\tsystem_u:object_r:bin_t:s0\n", Outcome.FAIL),
        ("", Outcome.FAIL),
        (None, Outcome.UNKNOWN),
    ],
)
def test_selinux_has_a_type_for_the_program(contexts: str | None, outcome: Outcome) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/thttpd -D\n",
        "etc/selinux/config": "SELINUX=enforcing\n",
        **POLICY,
    }
    more: dict[str, Content] = {} if contexts is None else {CONTEXTS: contexts}
    assert verdict(mac_profile_missing, {**files, **more}).outcome is outcome


@pytest.mark.parametrize(("label", "outcome"), [("SmackProcessLabel=Web", Outcome.PASS), ("Nice=1", Outcome.FAIL)])
def test_smack_labels_a_service(label: str, outcome: Outcome) -> None:
    files = {
        **WEB,
        "etc/smack/accesses.d/web": "Web _ rx\n",
        f"{UNITS}/web.service": unit("/usr/sbin/thttpd -D", label),
    }
    plain = {path: node for path, node in files.items() if "apparmor" not in path}
    assert verdict(mac_profile_missing, plain).outcome is outcome


def test_smack_labels_a_program() -> None:
    program = Node(b"\x7fELF", 0o755, xattrs=(("security.SMACK64EXEC", b"Web"),))
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/thttpd -D\n",
        "usr/sbin/thttpd": program,
        "etc/smack/accesses": "Web _ rx\n",
    }
    assert verdict(mac_profile_missing, files).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("SELINUX=enforcing\n", "enforcing"),
        ("#SELINUX=enforcing\nSELINUX=Permissive # why\n", "permissive"),
        ("SELINUX=\nSELINUX=disabled\nSELINUX=enforcing\n", "disabled"),
        ("SELINUXTYPE=mls\n", None),
    ],
)
def test_the_first_mode_counts(text: str, mode: str | None) -> None:
    assert parse(text)[0] == mode
    files: dict[str, Content] = {"etc/selinux/config": text, "etc/selinux/mls/policy/policy.33": b"", **POLICY}
    assert found(mac_permissive, files) == ([] if mode == "enforcing" else [("selinux", Severity.HIGH)])


def test_without_a_policy_selinux_is_no_question() -> None:
    assert not found(mac_permissive, {"etc/selinux/config": "SELINUX=disabled\n"})


@pytest.mark.parametrize(
    ("commands", "keys"),
    [
        (["setenforce 0"], ["setenforce"]),
        (["setenforce Permissive"], ["setenforce"]),
        (["setenforce 0", "load_policy", "setenforce 1"], []),
        (["setenforce 1"], []),
    ],
)
def test_the_last_setenforce_counts(commands: list[str], keys: list[str]) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in commands)),
        "etc/selinux/config": "SELINUX=enforcing\n",
        **POLICY,
    }
    assert [key for key, _ in found(mac_permissive, files)] == keys


def test_complain_mode_is_graver_on_the_network() -> None:
    app = {
        f"{UNITS}/app.service": unit("/usr/bin/app"),
        **programs("usr/bin/app"),
        **enabled("app.service"),
        "etc/apparmor.d/app": "profile app /usr/bin/app flags=(complain) {\n}\n",
        OWN: PROFILE.replace(" {", " flags=(complain) {"),
    }
    assert found(mac_permissive, {**WEB, **app}) == [
        ("profile app", Severity.MEDIUM),
        ("profile /usr/sbin/thttpd", Severity.HIGH),
    ]


def test_a_jail_on_the_command_line_hides_no_profile() -> None:
    jailed = {
        f"{UNITS}/web.service": unit("/usr/lib/web/start"),
        "usr/lib/web/start": executable("#!/bin/sh\nexec ujail -n web -U www -r /etc -- /usr/sbin/thttpd -D\n"),
        OWN: "profile web /usr/sbin/thttpd flags=(attach_disconnected, complain) {\n}\n",
    }
    assert found(mac_permissive, {**WEB, **jailed}) == [("profile web", Severity.HIGH)]


def test_profiles_that_nothing_loads() -> None:
    files = {path: node for path, node in {**WEB, OWN: PROFILE}.items() if "apparmor.service" not in path}
    assert found(mac_permissive, files) == [("apparmor", Severity.MEDIUM)]
    # many packages bring profiles; without AppArmor they are nothing
    bare = {path: node for path, node in files.items() if path != "usr/sbin/apparmor_parser"}
    assert not found(mac_permissive, bare)


def test_programs_with_a_type_by_the_end_of_their_path() -> None:
    named = "/usr/s?bin/(named|lwresd)\t--\tu:r:named_exec_t:s0\n"
    text = named + "/bin/ls\tu:r:bin_t\n/usr/sbin/apache2?\t--\tu:r:httpd_exec_t\n"
    assert typed_programs(text) == {"apache2", "lwresd", "named"}
