"""The sample camera: every mistake that was written into it is found, and its clean twin is left in peace."""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from firmward.audit.chain_words import headline
from firmward.cli.judging import Question, Reading, audit_target
from firmward.image.budget import Limits
from firmward.model.clock import Clock
from firmward.model.policy import parse_policy
from firmward.model.report import Report, Role

PROJECT = Path(__file__).parents[2]
CAMERA = PROJECT / "examples" / "camera"
CLOCK = Clock(date(2026, 11, 20))
ASKED = {"access", "network", "storage", "binary"}
"""The areas in which mistakes have been planted so far."""
OPEN = {"rootfs-unverified"}
"""What both have: the sample is what goes into a signed build, and nothing is signed before it."""
UNSEEN = ["update-absent"]
"""The policy declares updates by firmward, and firmward's own updater is no part of the image yet."""

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Mistake:
    check: str
    path: str
    key: str | None


def mistakes() -> list[Mistake]:
    table = tomllib.loads((CAMERA / "mistakes.toml").read_text(encoding="utf-8"))
    return [Mistake(entry["check"], entry["path"], entry.get("key")) for entry in table["mistake"]]


@cache
def built(name: str) -> Path:
    output = PROJECT / "build" / name
    clean = ["--clean"] if name.endswith("clean") else []
    subprocess.run([sys.executable, str(CAMERA / "build.py"), "-o", str(output), *clean], check=True)
    return output


@cache
def report(name: str, target: str = "camera.img") -> Report:
    policy = parse_policy((CAMERA / "device.toml").read_text(encoding="utf-8"))
    question = Question((), policy, CLOCK)
    return audit_target(built(name) / target, question, Reading(Limits()), lambda message: None)


@pytest.mark.parametrize("mistake", mistakes(), ids=lambda mistake: f"{mistake.check}-{mistake.key or mistake.path}")
def test_every_mistake_is_found(mistake: Mistake) -> None:
    found = [finding for finding in report("camera").findings if finding.check == mistake.check]
    assert [
        finding
        for finding in found
        if finding.at is not None
        and finding.at.path == mistake.path
        and (mistake.key is None or finding.key == mistake.key)
    ], [(finding.key, str(finding.at)) for finding in found]


def test_nothing_is_found_that_is_not_there() -> None:
    planted = {(mistake.check, mistake.key) for mistake in mistakes()} | {
        (mistake.check, mistake.path) for mistake in mistakes()
    }
    extra = [
        (finding.check, finding.key, finding.message)
        for finding in report("camera").findings
        if finding.area in ASKED
        and finding.outcome != "accepted"
        and (finding.check, finding.key) not in planted
        and (finding.check, finding.at.path if finding.at else None) not in planted
    ]
    assert extra == []


def test_no_message_is_taken_for_a_secret() -> None:
    assert [finding.message for finding in report("camera").findings if "redacted" in finding.message] == []


def test_the_clean_twin_is_left_in_peace() -> None:
    alarms = [
        (finding.check, finding.key, finding.message)
        for finding in report("camera-clean").findings
        if finding.area in ASKED and finding.outcome != "accepted" and finding.severity.rank <= 2
        if finding.check not in OPEN
    ]
    assert alarms == []


def test_nothing_is_unknown_on_either() -> None:
    for name in ("camera", "camera-clean"):
        unjudged = [check.check for check in report(name).checks if check.outcome.value == "unknown"]
        assert unjudged == UNSEEN


def test_both_slots_are_listed_and_audited_once() -> None:
    parts = {part.id: part for part in report("camera").parts}
    assert parts["image/rootfs_b"].same_as == "image/rootfs_a"
    found = {finding.at.part for finding in report("camera").findings if finding.at}
    boot_loader = {"image/gap-0x8000", "image/gap-0x8000/rest-0x7f8000", "image/gap-0x8000/rest-0x7f8000/uboot"}
    boot = {
        "image/boot",
        *(f"image/boot/{name}" for name in ("Image", "camera.dtb", "initramfs.cpio.gz/initramfs.cpio")),
    }
    assert found == {"image/rootfs_a", *boot, *boot_loader}


def test_the_builds_output_folder_gives_the_same_findings() -> None:
    disk, folder = report("camera"), report("camera", "images")
    assert {(finding.check, finding.key) for finding in disk.findings} == {
        (finding.check, finding.key) for finding in folder.findings
    }
    roles = {part.role for part in folder.parts}
    assert {Role.ROOT, Role.INITRAMFS, Role.KERNEL, Role.KERNEL_CONFIG, Role.DEVICE_TREE, Role.BOOT_LOADER} <= roles


def test_what_a_build_leaves_is_paired_with_its_root() -> None:
    parts = {part.id: part.belongs_to for part in report("camera", "images").parts}
    for name in ("Image", "camera.dtb", "idbloader.img/boot", "initramfs.cpio.gz/initramfs.cpio"):
        assert parts[f"image/{name}"] == "image/rootfs.squashfs", name


def test_the_chain_of_trust_is_drawn_with_its_first_link_that_does_not_hold() -> None:
    chain = report("camera").chain
    assert {link.link: link.state.value for link in chain} == {
        "boot-rom": "unverified",
        "first-stage": "unverified",
        "boot-loader": "unverified",
        "kernel": "unverified",
        "root": "unverified",
        "plug-ins": "broken",
        "updates": "unknown",
    }
    assert headline(chain) == "The first link of the chain of trust that does not hold is the boot ROM (unverified)"
