"""A profile accepts what its kind of product may leave out, and says so; nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from firmward.audit.accept import accept
from firmward.audit.profiles import PROFILES, Allowance
from firmward.checks.kernel.options import rows
from firmward.model.finding import Severity
from firmward.model.policy import Policy, parse_policy
from firmward.model.report import ReportedFinding

TODAY = date(2026, 11, 20)
ALLOWED = [(profile, one, key) for profile, allowed in PROFILES.items() for one in allowed for key in one.keys]


def finding(key: str, check: str = "kernel-config") -> ReportedFinding:
    return ReportedFinding(check, key, "kernel", "t", ("P07",), Severity.LOW, "fail", "m", None, 1, "0" * 16)


def judged(finding: ReportedFinding, policy: Policy | None) -> ReportedFinding:
    (one,) = accept([finding], policy, TODAY)
    return one


def with_profile(profile: str) -> Policy:
    return parse_policy(f'[kernel]\nprofile = "{profile}"\n')


@pytest.mark.parametrize(("profile", "allowance", "key"), ALLOWED)
def test_what_a_profile_leaves_out_is_accepted_with_its_sentence(profile: str, allowance: Allowance, key: str) -> None:
    one = judged(finding(key), with_profile(profile))
    assert one.outcome == "accepted"
    assert one.accepted is not None
    assert (one.accepted.owner, one.accepted.term) == (f"the profile {profile}", "without a day")
    assert one.accepted.reason in {each.reason for each in PROFILES[profile] if key in each.keys}


@pytest.mark.parametrize(("profile", "allowance", "key"), ALLOWED)
def test_every_key_is_a_row_s(profile: str, allowance: Allowance, key: str) -> None:
    assert key in {row.name for row in rows()}, profile


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("key", ["strict_kernel_rwx", "devmem", "stackprotector_strong", "module_sig"])
def test_what_every_product_needs_no_profile_leaves_out(profile: str, key: str) -> None:
    assert judged(finding(key), with_profile(profile)) == finding(key)


def test_another_check_s_key_and_a_policy_without_a_profile_accept_nothing() -> None:
    assert judged(finding("kallsyms", "sysctl"), with_profile("camera")).outcome == "fail"
    assert judged(finding("kallsyms"), parse_policy("")).outcome == "fail"
    assert judged(finding("kallsyms"), None).outcome == "fail"


def test_a_check_that_broke_is_accepted_by_nobody() -> None:
    broken = replace(finding("kallsyms"), outcome="error")
    assert judged(broken, with_profile("camera")) == broken


def test_each_profile_of_the_policy_is_there() -> None:
    for profile in ("router", "camera", "gateway", "controller"):
        assert PROFILES[profile]
