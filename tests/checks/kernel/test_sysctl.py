"""Kernel parameters: set to less is medium, left weak is low, and nothing is said of what is well."""

import pytest
from systems.debian import BASE as DEBIAN

from firmward.audit.engine import Verdict, families, judge
from firmward.checks.kernel.parameters.rows import ROWS
from firmward.checks.kernel.sysctl import SET, sysctl
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Finding, Outcome, Severity
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy
from firmward.model.remedy import Safety

OWN = "etc/sysctl.d/90-own.conf"
CAMERA = '[kernel]\nprofile = "camera"\n'


def verdict(files: dict[str, Content], policy: str = "") -> Verdict:
    facts = Collection(MemoryTree(files)).facts("system", families([sysctl]))
    return judge(sysctl, facts, parse_policy(policy), Clock.__new__(Clock))


def beside_good(*lines: str) -> list[Finding]:
    return list(verdict({OWN: SET + "".join(f"{line}\n" for line in lines)}).findings)


@pytest.mark.parametrize(
    ("line", "key", "severity"),
    [
        ("kernel.randomize_va_space = 0", "randomize_va_space", Severity.MEDIUM),
        ("kernel.randomize_va_space = 1", "randomize_va_space", Severity.MEDIUM),
        ("kernel/kptr_restrict=0", "kptr_restrict", Severity.MEDIUM),
        ("fs.suid_dumpable = 1", "suid_dumpable", Severity.MEDIUM),
        ("fs.protected_symlinks = 0x0", "protected_symlinks", Severity.MEDIUM),
        ("kernel.perf_event_paranoid = -1", "perf_event_paranoid", Severity.MEDIUM),
        ("net.ipv4.tcp_syncookies = 0", "tcp_syncookies", Severity.MEDIUM),
        ("net.ipv4.conf.all.accept_source_route = 1", "accept_source_route", Severity.MEDIUM),
        ("net.ipv4.conf.default.accept_redirects = 1", "accept_redirects", Severity.MEDIUM),
        ("kernel.sysrq = 1", "sysrq", Severity.LOW),
        ("vm.mmap_min_addr = 0", "mmap_min_addr", Severity.MEDIUM),
        ("vm.mmap_min_addr = 4096", "mmap_low_addresses", Severity.LOW),
        ("kernel.apparmor_restrict_unprivileged_unconfined = 0", "unprivileged_unconfined", Severity.LOW),
        ("net.ipv4.conf.all.rp_filter = 0", "rp_filter", Severity.LOW),
        ("net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0", "rp_filter", Severity.LOW),
        ("kernel.core_pattern = |/tmp/dump %p", "core_pattern", Severity.HIGH),
        ("kernel.core_pattern = /tmp/%e.core", "core_pattern", Severity.LOW),
        ("kernel.core_pattern = core", "core_pattern", Severity.INFO),
    ],
)
def test_what_is_set_to_less_is_found(line: str, key: str, severity: Severity) -> None:
    [finding] = beside_good(line)
    assert (finding.key, finding.severity) == (key, severity)
    assert finding.at is not None
    assert finding.at.path == OWN


@pytest.mark.parametrize(
    "line",
    [
        "kernel.sysrq = 0x01b6",
        "kernel.sysrq = 16",
        "fs.suid_dumpable = 2",
        "fs.protected_regular = 2",
        "kernel.kptr_restrict = 2",
        "net.ipv4.conf.default.rp_filter = 0",
        "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.*.rp_filter = 2",
        "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 1",
        "net.ipv6.conf.all.accept_source_route = -1",
        "kernel.core_pattern = |/usr/lib/systemd/systemd-coredump %P %u",
        "kernel.core_pattern = /var/crash/%e.core",
        "net.ipv4.ip_forward = 0",
        "dev.unknown.parameter = 0",
        "vm.mmap_min_addr = 32768",
        "vm.mmap_rnd_bits = 8",
        "net.ipv6.conf.all.accept_ra = 1",
        "net.ipv4.conf.default.accept_source_route = 1",
    ],
)
def test_what_is_well_is_left_alone(line: str) -> None:
    assert not beside_good(line)


def test_a_stock_system_gets_nothing_of_medium() -> None:
    found = verdict(dict(DEBIAN)).findings
    assert {finding.severity for finding in found} <= {Severity.LOW, Severity.INFO}
    assert "protected_symlinks" in {finding.key for finding in found}
    assert all(finding.remedy is not None for finding in found)


def test_the_cure_of_what_is_left_is_a_file_that_counts() -> None:
    [finding] = [one for one in verdict(dict(DEBIAN)).findings if one.key == "kptr_restrict"]
    assert finding.remedy is not None
    assert finding.remedy.safety is Safety.SAFE
    assert [getattr(change, "path", "") for change in finding.remedy.changes] == ["etc/sysctl.d/99-hardening.conf"]


def test_routes_of_a_router() -> None:
    """It takes no redirects by itself, and is asked whether it sends any."""
    lines = [line for line in SET.splitlines(keepends=True) if "redirects" not in line or "ipv6" in line]
    found = verdict({OWN: "".join(lines)}).findings
    assert [finding.key for finding in found] == ["accept_redirects"]
    found = verdict({OWN: "".join(lines) + "net.ipv4.ip_forward = 1\n"}).findings
    assert [finding.key for finding in found] == ["send_redirects"]


@pytest.mark.parametrize(
    ("policy", "keys"), [(CAMERA, ["ip_forward"]), ('[kernel]\nprofile = "router"\n', []), ("", [])]
)
def test_a_camera_is_no_router(policy: str, keys: list[str]) -> None:
    found = verdict({OWN: SET + "net.ipv4.ip_forward = 1\n"}, policy).findings
    assert [finding.key for finding in found] == keys


def test_without_ipv6_its_rows_are_no_question() -> None:
    lines = [line for line in SET.splitlines(keepends=True) if "ipv6" not in line]
    text = "".join(lines)
    assert [finding.key for finding in verdict({OWN: text}).findings] == ["accept_redirects_v6"]
    assert not verdict({OWN: text + "net.ipv6.conf.all.disable_ipv6 = 1\n"}).findings


def test_a_kernel_that_is_started_without_ipv6_is_not_asked_of_it() -> None:
    lines = [line for line in SET.splitlines(keepends=True) if "ipv6" not in line]
    files: dict[str, Content] = {OWN: "".join(lines), "boot/extlinux/extlinux.conf": "APPEND ro ipv6.disable=1\n"}
    assert not verdict(files).findings
    files["boot/cmdline.txt"] = "ro quiet\n"
    assert [finding.key for finding in verdict(files).findings] == ["accept_redirects_v6"], "of another entry"


@pytest.mark.parametrize(
    ("value", "told"), [("18", True), ("32", False), ("33", False), ("0x12", True), ("many", False)]
)
def test_random_bits_are_fewer_than_the_kernel_could_give(value: str, told: bool) -> None:
    """The configuration says how many it takes; without one nothing is said."""
    kernel = "CONFIG_ARCH_MMAP_RND_BITS_MIN=28\nCONFIG_ARCH_MMAP_RND_BITS_MAX=32\nCONFIG_ARCH_MMAP_RND_BITS=28\n"
    files: dict[str, Content] = {OWN: f"{SET}vm.mmap_rnd_bits = {value}\n", "boot/config-6.1": kernel}
    found = verdict(files)
    assert [finding.key for finding in found.findings] == ["mmap_rnd_bits"] * told
    assert ("cannot be worked out" in (found.reason or "")) is (value == "many")
    assert not verdict({OWN: files[OWN]}).findings


def test_a_value_that_the_device_alone_knows_is_unknown() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable('#!/bin/sh\nsysctl -p\necho "$(cat /x)" > /proc/sys/kernel/kptr_restrict\n'),
        "etc/sysctl.conf": SET,
    }
    found = verdict(files)
    assert found.outcome is Outcome.UNKNOWN
    assert "kernel.kptr_restrict cannot be worked out" in (found.reason or "")


def test_an_initramfs_that_hands_over_is_not_asked() -> None:
    files: dict[str, Content] = {
        "init": executable("#!/bin/sh\nmount /dev/sda1 /root\nexec switch_root /root /sbin/init\n")
    }
    assert verdict(files).outcome is Outcome.NOT_APPLICABLE


def test_what_stops_a_file_from_being_read_stops_claims_about_defaults() -> None:
    files: dict[str, Content] = {OWN: b"kernel.randomize_va_space = 0\n", "etc/sysctl.d/99.conf": b"x" * (5 << 20)}
    found = verdict(files)
    assert [finding.key for finding in found.findings] == ["randomize_va_space"]
    assert found.outcome is Outcome.FAIL


def test_each_row_is_named_once_and_its_cure_fits() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)
    assert all(row.fits(int(row.wanted)) for row in ROWS)
