"""Whether services can be limited: control groups, their controllers, and words that take them away."""

import pytest
from configured import config, judged, system

from firmward.audit.engine import Verdict
from firmward.checks.kernel.kernel_cgroups_missing import kernel_cgroups_missing as check
from firmward.model.finding import Outcome, Severity
from firmward.model.remedy import RemoveKernelWord, SetKernelOption

MEDIUM, LOW = Severity.MEDIUM, Severity.LOW
ALL = "CGROUPS=y MEMCG=y CGROUP_PIDS=y CGROUP_SCHED=y FAIR_GROUP_SCHED=y CFS_BANDWIDTH=y"


def of(words: str, line: str | None = "", version: str = "6.12.30") -> Verdict:
    return judged(check, system(words, line, version))


ENOUGH = [
    (ALL, "6.12.30"),
    (ALL.replace("CGROUP_PIDS=y ", ""), "4.2.9", ),
    ("CGROUPS=y CGROUP_MEM_RES_CTLR=y", "3.1.10"),
    ("CGROUPS=y CGROUP_MEM_RES_CTLR=y CFS_BANDWIDTH=y", "3.4.113"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "version"), ENOUGH)
def test_what_a_version_does_not_have_is_not_missed(words: str, version: str) -> None:
    found = of(words, version=version)
    assert not [one for one in found.findings if "cannot limit" in one.message]


def test_all_controllers_are_well() -> None:
    assert of(ALL).outcome is Outcome.PASS


LACKS = [
    ("CGROUPS=n", MEDIUM, "no control groups"),
    (ALL.replace("MEMCG=y", ""), MEDIUM, "cannot limit memory"),
    (ALL.replace("CGROUP_PIDS=y", ""), MEDIUM, "cannot limit the number of processes"),
    (ALL.replace("CFS_BANDWIDTH=y", ""), LOW, "cannot limit processor time"),
    ("CGROUPS=y CGROUP_PIDS=y", MEDIUM, "cannot limit memory and processor time"),
]


@pytest.mark.parametrize("line", ["", None])
@pytest.mark.parametrize(("words", "severity", "says"), LACKS)
def test_what_is_not_built_in_is_told(words: str, severity: Severity, says: str, line: str | None) -> None:
    found = of(words, line)
    assert found.outcome is Outcome.FAIL, found.reason
    (one,) = found.findings
    assert (one.key, one.severity or check.severity) == ("cgroups", severity)
    assert says in one.message


@pytest.mark.parametrize("line", ["cgroup_disable=memory", "cgroup_disable=pids,memory", "cgroup_disable=pids"])
def test_a_controller_that_the_command_line_takes_away_is_missing(line: str) -> None:
    found = of(ALL, line)
    assert [one.severity for one in found.findings] == [MEDIUM]
    assert "command line" in found.findings[0].message


@pytest.mark.parametrize("line", ["cgroup_disable=memory cgroup_enable=memory", "cgroup_disable=rdma,misc"])
def test_one_that_is_given_back_or_is_another_is_not(line: str) -> None:
    assert of(ALL, line).outcome is Outcome.PASS


def test_without_the_command_line_it_is_not_known() -> None:
    assert of(ALL, None).outcome is Outcome.UNKNOWN


def test_a_defconfig_tells_what_it_names() -> None:
    for text, outcome in (
        ("CONFIG_MEMCG=y\n", Outcome.UNKNOWN),
        ("# CONFIG_CGROUPS is not set\n", Outcome.FAIL),
        ("# CONFIG_MEMCG is not set\n", Outcome.FAIL),
    ):
        assert judged(check, {"boot/config": text, "boot/cmdline.txt": "ro\n"}).outcome is outcome, text


def test_before_linux_4_5_there_is_no_unified_hierarchy() -> None:
    (found,) = of(ALL, version="4.4.302").findings
    assert (found.severity, "unified" in found.message) == (LOW, True)
    assert of(ALL, version="4.5").outcome is Outcome.PASS


def test_the_cure_builds_in_what_is_missing() -> None:
    (found,) = of(ALL.replace("MEMCG=y", "")).findings
    assert found.remedy is not None
    assert found.remedy.changes == (SetKernelOption("CONFIG_CGROUPS", "y"), SetKernelOption("CONFIG_MEMCG", "y"))
    (found,) = of(ALL, "cgroup_disable=memory").findings
    assert found.remedy is not None
    assert found.remedy.changes == (RemoveKernelWord("cgroup_disable=memory"),)


def test_each_kernel_is_judged() -> None:
    files = system(ALL) | {"boot/config-5.10.1-rescue": config("", "5.10.1")}
    (found,) = judged(check, files).findings
    assert found.at is not None
    assert found.at.path == "boot/config-5.10.1-rescue"
