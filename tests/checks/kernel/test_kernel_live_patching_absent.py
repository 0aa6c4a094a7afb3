"""Whether a kernel can be patched while it runs, where the declaration asks for it."""

import pytest
from configured import config, judged, system

from firmward.checks.kernel.kernel_live_patching_absent import POLICY
from firmward.checks.kernel.kernel_live_patching_absent import kernel_live_patching_absent as check
from firmward.model.finding import Outcome
from firmward.model.remedy import Safety

CAN = "MODULES=y HAVE_LIVEPATCH=y"


@pytest.mark.parametrize(
    ("words", "outcome"),
    [(f"{CAN} LIVEPATCH=y", Outcome.PASS), (CAN, Outcome.FAIL), ("MODULES=y", Outcome.FAIL)],
)
def test_a_kernel_that_cannot_is_told(words: str, outcome: Outcome) -> None:
    assert judged(check, system(words), POLICY).outcome is outcome


@pytest.mark.parametrize("policy", ["", "[kernel]\nlive_patching = false\n", "[kernel]\nprofile = 'router'\n"])
def test_who_does_not_ask_for_it_needs_none(policy: str) -> None:
    assert judged(check, system(CAN), policy).outcome is Outcome.NOT_APPLICABLE


def test_a_processor_without_it_is_no_matter_of_configuration() -> None:
    (can,) = judged(check, system(CAN), POLICY).findings
    (cannot,) = judged(check, system(""), POLICY).findings
    assert can.remedy is not None
    assert cannot.remedy is not None
    assert "its processor" in cannot.message
    assert "its processor" not in can.message
    assert (can.remedy.safety, cannot.remedy.safety) == (Safety.UNSAFE, Safety.MANUAL)
    assert (bool(can.remedy.changes), bool(cannot.remedy.changes)) == (True, False)


def test_a_defconfig_that_leaves_it_open_is_unknown() -> None:
    assert judged(check, {"boot/config": "CONFIG_MODULES=y\n"}, POLICY).outcome is Outcome.UNKNOWN
    assert judged(check, {"boot/config": "CONFIG_LIVEPATCH=y\n"}, POLICY).outcome is Outcome.PASS
    said = judged(check, {"boot/config": "# CONFIG_LIVEPATCH is not set\n"}, POLICY)
    assert said.outcome is Outcome.FAIL
    assert "its processor" not in said.findings[0].message


def test_each_kernel_is_judged() -> None:
    files = system(f"{CAN} LIVEPATCH=y") | {"boot/config-5.10.1-rescue": config(CAN, "5.10.1")}
    (found,) = judged(check, files, POLICY).findings
    assert found.at is not None
    assert found.at.path == "boot/config-5.10.1-rescue"
