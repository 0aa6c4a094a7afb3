"""Which tools count, under which names, and where they belong to the system."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Severity
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.policy import parse_policy

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))
BUSYBOX: dict[str, Content] = {"bin/busybox": ELF, "bin/ls": link("busybox")}


def told(files: dict[str, Content], policy: str = "") -> list[tuple[str, Severity]]:
    found = find_check("debug-tool-shipped")
    facts = Collection(MemoryTree(BUSYBOX | files)).facts("test", families([found]))
    verdict = judge(found, facts, parse_policy(policy), Clock(date(2026, 11, 20)))
    return [(one.key, one.severity or found.severity) for one in verdict.findings]


LOW, INFO = Severity.LOW, Severity.INFO


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("usr/bin/strace", [("tracer", LOW)]),
        ("usr/bin/gcc-12", [("compiler", LOW)]),
        ("usr/bin/arm-linux-gnueabihf-gcc-12", [("compiler", LOW)]),
        ("usr/bin/aarch64-poky-linux-gnu-gdb", [("debugger", LOW)]),
        ("usr/bin/pip3.11", [("language-manager", LOW)]),
        ("usr/local/bin/nmap", [("scanner", LOW)]),
        ("opt/bin/tcpdump", [("sniffer", LOW)]),
        ("usr/bin/python3.11", []),
        ("usr/sbin/sshd", []),
        ("usr/bin/ssh", []),
        ("usr/bin/gdbus", []),
        ("usr/bin/cc-tool", []),
        ("usr/lib/gcc/cc1", []),
    ],
)
def test_a_tool_is_known_by_its_name(path: str, found: list[tuple[str, Severity]]) -> None:
    assert told({path: ELF}) == found


def test_a_file_that_cannot_be_run_is_no_tool() -> None:
    assert told({"usr/bin/gdb": Node(b"a page", mode=0o644), "usr/bin/strace": link("/usr/bin/nothing")}) == []


def test_a_tool_in_one_folder_under_two_names_is_told_once() -> None:
    files = {"bin": link("usr/bin"), "usr/bin/busybox": ELF, "usr/bin/gdb": ELF}
    found = find_check("debug-tool-shipped")
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    verdict = judge(found, facts, parse_policy(""), Clock(date(2026, 11, 20)))
    assert [one.evidence for one in verdict.findings] == ["gdb"]


@pytest.mark.parametrize(
    ("name", "found"),
    [("nc", [("pipe", INFO)]), ("tftp", [("transfer", INFO)]), ("strings", []), ("dpkg", []), ("wget", [])],
)
def test_applets_count_where_they_are_a_danger(name: str, found: list[tuple[str, Severity]]) -> None:
    assert told({f"usr/bin/{name}": link("../../bin/busybox")}) == found


@pytest.mark.parametrize(
    ("files", "mechanism", "found"),
    [
        (("usr/bin/opkg", "sbin/procd"), None, []),
        (("usr/bin/opkg", "sbin/procd"), "rauc", [LOW]),
        (("usr/bin/opkg",), None, [LOW]),
        (("usr/bin/opkg",), "opkg", []),
        (("usr/bin/dpkg", "usr/sbin/update-rc.d"), None, [INFO]),
        (("usr/bin/dpkg", "usr/sbin/update-rc.d"), "apt", []),
        (("usr/bin/dpkg", "usr/sbin/update-rc.d"), "swupdate", [LOW]),
        (("sbin/apk", "sbin/openrc"), None, [INFO]),
        (("sbin/apk", "sbin/procd"), None, []),
        (("usr/bin/rpm",), None, [LOW]),
    ],
)
def test_a_package_manager_may_belong_to_the_system(
    files: tuple[str, ...], mechanism: str | None, found: list[Severity]
) -> None:
    policy = f'[update]\nmechanism = "{mechanism}"\n' if mechanism else ""
    assert [severity for _, severity in told(dict.fromkeys(files, ELF), policy)] == found
