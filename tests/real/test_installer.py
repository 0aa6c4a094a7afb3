"""Debian's installer to boot from the network, for four architectures: kernels, initramfs, device trees, scripts, and
one image of a NAS with its maker's header. All open without trouble, and what is judged of the boot is right.
"""

from datetime import date

import pytest

from firmward.cli.judging import Question, Reading, audit_target
from firmward.image.budget import Limits
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.report import Report, Role
from real import packages, roots

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

SIGNED = {"amd64", "arm64"}
"""Where shim and GRUB are among the files, signed (sbverify lists their signatures); elsewhere U-Boot starts."""
LOADERS = {"amd64": 4, "arm64": 4}
"""Programs for UEFI: two, for a text and a graphical installer each."""


def report(architecture: str) -> Report:
    try:
        folder = packages.unpacked(f"debian-installer-12-netboot-{architecture}", "all")
    except roots.NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    question = Question(("boot",), None, Clock(date(2026, 11, 20)))
    return audit_target(folder, question, Reading(Limits()), lambda message: None)


def kinds(found: Report, role: Role) -> list[str]:
    return [part.kind for part in found.parts if part.role is role]


@pytest.mark.parametrize("architecture", ["amd64", "arm64", "armel", "armhf"])
def test_the_installer_opens_and_is_judged(architecture: str) -> None:
    found = report(architecture)
    assert found.budget.complete
    assert not [(part.id, part.problem) for part in found.parts if part.problem]
    assert kinds(found, Role.KERNEL)
    assert "cpio" in kinds(found, Role.INITRAMFS)
    assert len(kinds(found, Role.BOOT_LOADER)) == LOADERS.get(architecture, 0)
    outcomes = {check.check: check.outcome for check in found.checks}
    expected = Outcome.PASS if architecture in SIGNED else Outcome.NOT_APPLICABLE
    assert outcomes["bootloader-unsigned"] is expected
    assert {outcome for check, outcome in outcomes.items() if check.startswith(("fit-", "uboot-"))} == {
        Outcome.NOT_APPLICABLE
    }
    assert Outcome.ERROR not in outcomes.values()


def test_the_image_of_a_nas_is_a_kernel_with_its_tree_and_an_initramfs() -> None:
    found = [part for part in report("armel").parts if "dns-320/netboot.img" in part.id]
    assert [part.kind for part in found if part.kind != "raw"] == [
        "uimage", "zimage", "xz", "kernel", "device-tree", "uimage", "gzip", "cpio",
    ]  # fmt: skip


def test_every_tree_of_the_installer_is_one() -> None:
    assert len(kinds(report("armhf"), Role.DEVICE_TREE)) == 898
