"""What the checks of services say beyond their own examples."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.policy import parse_policy
from firmward.model.remedy import DisableService, WriteFile

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))
TABLE = "::respawn:/usr/sbin/lighttpd -D -f /etc/l.conf\n"


def verdict(check: str, files: dict[str, Content], policy: str = "") -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, parse_policy(policy), Clock(date(2026, 11, 20)))


def told(check: str, files: dict[str, Content], policy: str = "") -> list[tuple[str, Severity]]:
    judged = verdict(check, files, policy)
    return [(one.key, one.severity or judged.check.severity) for one in judged.findings]


def unit(*lines: str, command: str = "/usr/sbin/lighttpd -D -f /etc/l.conf") -> dict[str, Content]:
    text = "\n".join(("[Service]", f"ExecStart={command}", *lines, "[Install]", "WantedBy=multi-user.target", ""))
    return {
        "sbin/init": link("/usr/lib/systemd/systemd"),
        "usr/lib/systemd/systemd": ELF,
        "etc/systemd/system/web.service": text,
        "etc/systemd/system/multi-user.target.wants/web.service": link("../web.service"),
        "etc/l.conf": "server.port = 443\n",
        "usr/sbin/lighttpd": ELF,
        "usr/bin/app": ELF,
    }


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        ("server.port = 443\n", [("lighttpd", Severity.MEDIUM)]),
        ('server.port = 443\nserver.bind = "127.0.0.1"\n', [("lighttpd", Severity.LOW)]),
        ('server.port = 443\nserver.username = "www"\n', []),
    ],
)
def test_root_is_worse_where_others_can_reach_it(configuration: str, found: list[tuple[str, Severity]]) -> None:
    assert told("service-runs-as-root", {"etc/inittab": TABLE, "etc/l.conf": configuration}) == found


def test_a_firewall_that_keeps_others_away_makes_it_low() -> None:
    rules = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
    loads = "::sysinit:/sbin/iptables-restore /etc/rules\n::sysinit:/sbin/ip6tables-restore /etc/rules\n"
    files: dict[str, Content] = {
        "etc/inittab": loads + TABLE,
        "etc/l.conf": "server.port = 443\n",
        "etc/rules": rules,
        "sbin/iptables-restore": ELF,
        "sbin/ip6tables-restore": ELF,
    }
    assert told("service-runs-as-root", files) == [("lighttpd", Severity.LOW)]


@pytest.mark.parametrize(
    "program",
    ["syslogd -n", "getty -L ttyS0 115200", "dropbear -F", "crond -f", "udhcpc -f", "watchdog -F /dev/w"],
)
def test_what_every_system_has_or_what_must_be_root_is_no_finding(program: str) -> None:
    files: dict[str, Content] = {"etc/inittab": f"::respawn:/sbin/{program}\n"}
    assert told("service-runs-as-root", files) == []
    assert told("service-unsandboxed", files) == []
    assert told("service-without-limits", files) == []


@pytest.mark.parametrize("line", ["telnetd -F", "inetd -f"])
def test_a_remote_shell_in_clear_runs_as_root_and_need_not_run(line: str) -> None:
    files: dict[str, Content] = {
        "etc/inittab": f"::respawn:/usr/sbin/{line}\n",
        "etc/inetd.conf": "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n",
        "usr/sbin/telnetd": ELF,
    }
    assert [severity for _, severity in told("service-runs-as-root", files)] == [Severity.MEDIUM]
    assert [severity for _, severity in told("service-unsandboxed", files)] == [Severity.MEDIUM]
    assert [severity for _, severity in told("service-without-limits", files)] == [Severity.LOW]


def test_who_opens_ports_for_others_needs_no_more_than_one_capability() -> None:
    files: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/miniupnpd -d\n"}
    assert [name for name, _ in told("service-runs-as-root", files)] == ["miniupnpd"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), [Severity.MEDIUM]),
        (("User=www",), [Severity.LOW]),
        (("User=www", "NoNewPrivileges=yes", "ProtectSystem=strict"), []),
        (
            ("NoNewPrivileges=yes", "SystemCallFilter=@system-service", "PrivateTmp=yes", "ProtectSystem=full"),
            [Severity.MEDIUM],
        ),
        (("CapabilityBoundingSet=", "PrivateTmp=yes", "ProtectSystem=full"), [Severity.MEDIUM]),
        (("CapabilityBoundingSet=", "PrivateTmp=yes", "ProtectSystem=full", "ProtectClock=yes"), []),
    ],
)
def test_a_sandbox_is_judged_as_a_whole(lines: tuple[str, ...], found: list[Severity]) -> None:
    assert [severity for _, severity in told("service-unsandboxed", unit(*lines))] == found


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("/usr/sbin/vsftpd /etc/vsftpd.conf", [Severity.LOW]),
        ("setpriv --no-new-privs /usr/sbin/vsftpd /etc/vsftpd.conf", []),
        ("start-stop-daemon -S -b -c app -x /usr/bin/app", []),
    ],
)
def test_a_script_may_confine_what_opens_a_port(start: str, found: list[Severity]) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable(f"#!/bin/sh\n{start}\n"),
        "usr/sbin/vsftpd": ELF,
        "usr/bin/app": ELF,
        "etc/vsftpd.conf": "listen=YES\n",
    }
    assert [severity for _, severity in told("service-unsandboxed", files)] == found


def test_nobody_can_reach_it_is_information() -> None:
    files = unit(command="/usr/bin/app")
    assert told("service-unsandboxed", files) == [("web.service", Severity.INFO)]
    assert told("service-without-limits", files) == [("web.service", Severity.INFO)]


def test_the_remedy_is_a_drop_in_with_what_is_missing() -> None:
    (found,) = verdict("service-unsandboxed", unit("User=www", "NoNewPrivileges=yes")).findings
    assert found.remedy is not None
    (change,) = found.remedy.changes
    assert isinstance(change, WriteFile)
    assert change.path == "etc/systemd/system/web.service.d/50-firmward-sandbox.conf"
    assert "\nPrivateTmp=yes\n" in change.content
    assert "NoNewPrivileges" not in change.content
    assert "\nSystemCallFilter=@system-service\n" in change.content


def test_the_remedies_take_what_the_policy_names() -> None:
    policy = '[[service]]\nname = "web"\nuser = "www"\nmemory = "64M"\n'
    (root,) = verdict("service-runs-as-root", unit(), policy).findings
    (limits,) = verdict("service-without-limits", unit(), policy).findings
    changes = [remedy.changes[0] for remedy in (root.remedy, limits.remedy) if remedy is not None]
    contents = [change.content for change in changes if isinstance(change, WriteFile)]
    assert "\nUser=www\nDynamicUser=yes\n" in contents[0]
    assert "\nMemoryMax=64M\nTasksMax=" in contents[1]


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ("", Outcome.NOT_APPLICABLE),
        ('[[service]]\nname = "web"\n', Outcome.PASS),
        ('[[service]]\nname = "web.service"\n', Outcome.PASS),
        ('[[service]]\nname = "lighttpd"\n', Outcome.PASS),
        ('[[service]]\nname = "app"\n', Outcome.FAIL),
        ('[[service]]\nname = "app"\n[[listen]]\nport = 443\nservice = "web"\n', Outcome.PASS),
        ('[[service]]\nname = "app"\n[[listen]]\nport = 443\n', Outcome.PASS),
        ('[[service]]\nname = "app"\n[[listen]]\nport = 80\n', Outcome.FAIL),
    ],
)
def test_a_service_is_named_by_unit_program_or_port(policy: str, outcome: Outcome) -> None:
    assert verdict("service-unneeded", unit(), policy).outcome is outcome


def test_the_update_mechanism_is_named_by_the_policy() -> None:
    files = unit(command="/usr/bin/swupdate -w 8080")
    policy = '[[service]]\nname = "app"\n[update]\nmechanism = "{}"\n'
    assert verdict("service-unneeded", files, policy.format("swupdate")).outcome is Outcome.PASS
    assert verdict("service-unneeded", files, policy.format("rauc")).outcome is Outcome.FAIL


def test_an_undeclared_service_is_switched_off_by_its_manager() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable("#!/bin/sh\nfor i in /etc/init.d/S??*; do $i start; done\n"),
        "etc/init.d/S40app": executable("#!/bin/sh\nstart-stop-daemon -S -x /usr/bin/app\n"),
        "etc/init.d/S50web": executable("#!/bin/sh\nlighttpd -f /etc/l.conf\n/usr/bin/helper &\n"),
        "etc/l.conf": "server.port = 80\n",
        "usr/bin/app": ELF,
        "usr/bin/helper": ELF,
        "usr/sbin/lighttpd": ELF,
    }
    found = verdict("service-unneeded", files, '[[service]]\nname = "app"\n').findings
    assert [one.key for one in found] == ["S50web", "S50web helper"]
    assert found[0].remedy is not None
    assert found[0].remedy.changes == (DisableService("sysv", "S50web"),)


def test_rubbish_in_what_starts_raises_nothing_but_unknown() -> None:
    rubbish = bytes(range(256)) * 40
    for path in ("etc/systemd/system/web.service", "etc/l.conf"):
        for check in ("service-runs-as-root", "service-unsandboxed", "service-without-limits"):
            assert verdict(check, {**unit(), path: rubbish}).outcome is not Outcome.ERROR


def test_a_unit_whose_program_is_told_to_say_more_is_a_service() -> None:
    assert [name for name, _ in told("service-runs-as-root", unit(command="/usr/bin/app -v"))] == ["web.service"]
    assert told("service-runs-as-root", unit(command="/usr/bin/app --version")) == []


DIAG = {
    "sbin/init": link("/usr/lib/systemd/systemd"),
    "usr/lib/systemd/systemd": ELF,
    "etc/systemd/system/sockets.target.wants/diag.socket": link("../diag.socket"),
    "etc/systemd/system/diag.socket": "[Socket]\nListenStream=4444\nAccept=yes\n[Install]\nWantedBy=sockets.target\n",
}
SHELL: dict[str, Content] = {**DIAG, "etc/systemd/system/diag@.service": "[Service]\nExecStart=-/bin/sh -i\n"}
OTHER = '[[service]]\nname = "app"\n'


@pytest.mark.parametrize("check", ["service-unneeded", "service-runs-as-root", "service-unsandboxed"])
def test_a_shell_behind_a_socket_is_no_shell_of_a_console(check: str) -> None:
    assert [key for key, _ in told(check, SHELL, OTHER)] == ["diag@.service"]
    console: dict[str, Content] = {"etc/inittab": "tty1::respawn:/bin/sh\n"}
    assert told(check, console, OTHER) == []


def test_a_shell_behind_a_socket_may_be_confined_and_declared() -> None:
    confined = "User=diag\nDynamicUser=yes\nSystemCallFilter=@system-service\n"
    files: dict[str, Content] = {
        **DIAG,
        "etc/systemd/system/diag@.service": f"[Service]\n{confined}ExecStart=/bin/sh -i\n",
    }
    assert told("service-runs-as-root", files) == []
    assert told("service-unsandboxed", files) == []
    assert told("service-unneeded", SHELL, '[[service]]\nname = "diag"\n') == []


def container(command: str) -> dict[str, Content]:
    return {
        "etc/inittab": "::sysinit:/sbin/openrc default\n",
        "sbin/openrc": ELF,
        "sbin/openrc-run": ELF,
        "etc/runlevels/default/probe": link("/etc/init.d/probe"),
        "etc/init.d/probe": executable(f"#!/sbin/openrc-run\nstart() {{\n\t{command}\n}}\n"),
    }


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("docker run --rm --detach --name probe probe:1", ["probe"]),
        ("podman run -d probe:1", ["probe"]),
        ("docker start probe", ["probe"]),
        ("docker compose --project-directory /opt/stack up --detach", ["probe"]),
        ("docker create probe:1", []),
        ("docker image prune --force", []),
        ("docker network create field", []),
    ],
)
def test_a_container_that_a_script_starts_is_a_service_to_declare(command: str, found: list[str]) -> None:
    files = container(command)
    declares_engine = f'{OTHER}[[service]]\nname = "docker"\n'
    assert [key for key, _ in told("service-unneeded", files, declares_engine)] == found
    assert told("service-unneeded", files, '[[service]]\nname = "probe"\n') == []
    assert told("service-runs-as-root", files) == told("service-unsandboxed", files) == []
