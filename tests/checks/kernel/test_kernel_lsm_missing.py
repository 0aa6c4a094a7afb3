"""Whether mandatory access control is built in, started by the kernel, and given a policy."""

import pytest
from configured import config, judged, system

from firmward.audit.engine import Verdict
from firmward.checks.kernel.kernel_lsm_missing import PROFILES
from firmward.checks.kernel.kernel_lsm_missing import kernel_lsm_missing as check
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content
from firmward.model.remedy import SetKernelOption

MEDIUM = Severity.MEDIUM
SELINUX: dict[str, Content] = {
    "etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    "etc/selinux/targeted/policy/policy.33": b"\x8c\xff\x7c\xf9",
}
SMACK: dict[str, Content] = {"etc/smack/accesses": "system user rwx\n"}
TOMOYO: dict[str, Content] = {
    "etc/tomoyo/policy/current/domain_policy.conf": "<kernel>\nuse_profile 3\n",
    "etc/tomoyo/policy/current/profile.conf": "3-CONFIG={ mode=enforcing }\n",
}
POLICIES = {"selinux": SELINUX, "apparmor": PROFILES, "smack": SMACK, "tomoyo": TOMOYO}
ALL = "SECURITY=y SECURITY_SELINUX=y SECURITY_SELINUX_BOOTPARAM=y SECURITY_APPARMOR=y SECURITY_SMACK=y"
ALL += " SECURITY_TOMOYO=y SECURITY_LANDLOCK=y"


def of(words: str, line: str | None, files: dict[str, Content], version: str = "6.12.30") -> Verdict:
    return judged(check, system(words, line, version, **files))


def severities(verdict: Verdict) -> list[Severity]:
    assert verdict.outcome is Outcome.FAIL, verdict.reason
    return [one.severity or verdict.check.severity for one in verdict.findings]


@pytest.mark.parametrize("name", POLICIES)
def test_each_module_is_enough_with_its_policy(name: str) -> None:
    words = f'SECURITY=y SECURITY_{name.upper()}=y LSM="yama,{name}"'
    assert of(words, "", POLICIES[name]).outcome is Outcome.PASS
    before = f'SECURITY=y SECURITY_{name.upper()}=y DEFAULT_SECURITY="{name}"'
    assert of(before, "", POLICIES[name], "4.19.1").outcome is Outcome.PASS


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("other", POLICIES)
def test_the_policy_of_another_module_is_none(name: str, other: str) -> None:
    found = of(f'SECURITY=y SECURITY_{name.upper()}=y LSM="{name}"', "", POLICIES[other])
    assert (found.outcome is Outcome.PASS) == (name == other)
    if name != other:
        assert severities(found) == [MEDIUM]


NOTHING_STARTS = [
    ("SECURITY=n", ""),
    ("SECURITY=n", None),
    ("SECURITY=y SECURITY_YAMA=y LSM=\"yama\"", None),
    (f'{ALL} LSM="yama"', ""),
    (f'{ALL} LSM="apparmor"', "lsm=yama"),
    (f'{ALL} LSM="apparmor"', "security=none"),
    (f'{ALL} LSM="apparmor"', "apparmor=0"),
    (f'{ALL} LSM="selinux"', "selinux=0"),
    (f'{ALL} LSM="apparmor" CMDLINE="security=none" CMDLINE_FORCE=y', None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "line"), NOTHING_STARTS)
def test_what_is_not_built_or_not_started_is_high(words: str, line: str | None) -> None:
    assert severities(of(words, line, {**PROFILES, **SELINUX})) == [Severity.HIGH]


@pytest.mark.parametrize("line", ["", None])
def test_landlock_alone_is_medium_and_says_why(line: str | None) -> None:
    found = of('SECURITY=y SECURITY_LANDLOCK=y LSM="landlock"', line, {})
    assert severities(found) == [MEDIUM]
    assert "Landlock holds only programs that ask for it" in found.findings[0].message
    assert severities(of(f'{ALL} LSM="landlock,yama"', "", {})) == [MEDIUM]
    assert severities(of('SECURITY=y SECURITY_LANDLOCK=y LSM="yama"', line, {})) == [Severity.HIGH]


def test_without_the_command_line_only_what_no_word_can_mend_is_told() -> None:
    assert of(f'{ALL} LSM="apparmor"', None, PROFILES).outcome is Outcome.UNKNOWN
    assert of(f'{ALL} LSM="yama"', None, PROFILES).outcome is Outcome.UNKNOWN
    assert severities(of(f'{ALL} LSM="apparmor"', None, {})) == [MEDIUM]


def test_a_defconfig_that_leaves_it_open_is_unknown() -> None:
    files = {"boot/config": "CONFIG_NET=y\n", "boot/cmdline.txt": "ro\n", **PROFILES}
    assert judged(check, files).outcome is Outcome.UNKNOWN
    said = 'CONFIG_SECURITY=y\nCONFIG_SECURITY_APPARMOR=y\nCONFIG_LSM="apparmor"\n'
    assert judged(check, files | {"boot/config": said}).outcome is Outcome.PASS
    assert judged(check, files | {"boot/config": "# CONFIG_SECURITY is not set\n"}).outcome is Outcome.FAIL


def test_one_line_of_several_that_switches_it_off_is_enough() -> None:
    files = {"boot/extlinux/extlinux.conf": "append ro apparmor=0\n", **PROFILES}
    assert severities(of(f'{ALL} LSM="apparmor"', "", files)) == [Severity.HIGH]


def test_profiles_that_nothing_loads_are_told_by_another_check() -> None:
    unit = "usr/lib/systemd/system"
    started: dict[str, Content] = {
        "usr/sbin/apparmor_parser": "x",
        "etc/apparmor.d/usr.bin.app": PROFILES["etc/apparmor.d/usr.bin.app"],
        f"{unit}/default.target": "[Unit]\nWants=app.service\n",
        f"{unit}/app.service": "[Service]\nExecStart=/usr/bin/app\n",
    }
    assert of(f'{ALL} LSM="apparmor"', "", started).outcome is Outcome.PASS
    del started[f"{unit}/app.service"]
    assert severities(of(f'{ALL} LSM="apparmor"', "", started)) == [MEDIUM]


def test_a_policy_in_the_kernel_itself_cannot_be_read() -> None:
    words = 'SECURITY=y SECURITY_TOMOYO=y SECURITY_TOMOYO_OMIT_USERSPACE_LOADER=y LSM="tomoyo"'
    assert of(words, "", {}).outcome is Outcome.UNKNOWN


def test_a_policy_that_holds_nothing_back_is_none() -> None:
    watching = {**TOMOYO, "etc/tomoyo/policy/current/profile.conf": "3-CONFIG={ mode=permissive }\n"}
    assert severities(of('SECURITY=y SECURITY_TOMOYO=y LSM="tomoyo"', "", watching)) == [MEDIUM]
    empty: dict[str, Content] = {"etc/selinux/config": SELINUX["etc/selinux/config"]}
    assert severities(of('SECURITY=y SECURITY_SELINUX=y LSM="selinux"', "", empty)) == [MEDIUM]


def changes(verdict: Verdict) -> dict[str, str]:
    (found,) = verdict.findings
    assert found.remedy is not None
    return {one.option: one.value for one in found.remedy.changes if isinstance(one, SetKernelOption)}


def test_the_cure_takes_the_module_that_has_a_policy() -> None:
    listed = 'SECURITY=y LSM="yama,apparmor,bpf"'
    assert changes(of(listed, "", SELINUX)).items() >= {
        ("CONFIG_SECURITY_SELINUX", "y"), ("CONFIG_LSM", '"yama,bpf,selinux"'),
    }  # fmt: skip
    assert changes(of("SECURITY=n", "", {}))["CONFIG_LSM"].endswith('apparmor"')
    before = changes(of("SECURITY=n DEFAULT_SECURITY_DAC=y", "", {}, "4.19.1"))
    assert "CONFIG_LSM" not in before
    assert before["CONFIG_DEFAULT_SECURITY_APPARMOR"] == "y"


def test_a_word_on_the_command_line_is_to_be_taken_off() -> None:
    found = of(f'{ALL} LSM="apparmor"', "apparmor=0", PROFILES)
    assert changes(found) == {}
    (one,) = found.findings
    assert one.remedy is not None
    assert "apparmor=0" in one.remedy.summary


def test_each_kernel_is_judged() -> None:
    files = system(f'{ALL} LSM="apparmor"', "", **PROFILES) | {"boot/config-5.10.1-rescue": config("", "5.10.1")}
    (found,) = judged(check, files).findings
    assert found.at is not None
    assert (found.key, found.at.path) == ("lsm boot/config-rescue", "boot/config-5.10.1-rescue")
