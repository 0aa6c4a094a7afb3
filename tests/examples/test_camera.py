"""The sample camera: every mistake that was written into it is found, and its clean twin is left in peace."""

import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from bills import keeps_cyclonedx, keeps_official

from firmward.audit import supply_words
from firmward.audit.chain_words import headline
from firmward.audit.json_report import load_report, render_json
from firmward.cli.documents import author_of, documents
from firmward.cli.judging import Question, Reading, audit_target
from firmward.cli.triage_file import decided, triaged
from firmward.image.budget import Limits
from firmward.model.clock import Clock
from firmward.model.policy import parse_policy
from firmward.model.report import Report, Role
from firmward.model.vulnerability import Justification, VexState, Vulnerability
from firmward.vulns.advisories import DatabaseAdvisories
from firmward.vulns.settings import read_settings
from firmward.vulns.triage import parse_triage, render_triage
from firmward.vulns.update import Means, update, wanted

PROJECT = Path(__file__).parents[2]
CAMERA = PROJECT / "examples" / "camera"
CLOCK = Clock(date(2026, 11, 20))
ASKED = {"access", "network", "storage", "binary", "update"}
"""The areas in which mistakes have been planted so far."""
OPEN = {"rootfs-unverified"}
"""What both have: the sample is what goes into a signed build, and nothing is signed before it."""
UNSEEN = {"camera": [], "camera-clean": ["update-absent"]}
"""The policy declares updates by firmward, whose updater comes into the image when that is built."""

ADVISORIES = CAMERA / "advisories"
EXCERPT = {"cve": "cve", "nvd": "nvd.json", "kernel": "kernel.jsonl", "kev": "kev.json"}
EXCERPT_DAY = datetime(2026, 7, 16, tzinfo=UTC)

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
def database() -> Path:
    """What the demo knows of vulnerabilities."""
    path = PROJECT / "build" / "camera-vulns.sqlite"
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    settings = read_settings({})
    given = {feed: [ADVISORIES / name] for feed, name in EXCERPT.items()}
    outcomes = list(update(path, wanted((), given, settings, anew=False), Means(settings, EXCERPT_DAY)))
    assert [one.error for one in outcomes] == [""] * len(EXCERPT)
    assert [one.told.skipped for one in outcomes if one.told is not None] == [0] * len(EXCERPT)
    return path


@cache
def report(name: str, target: str = "camera.img") -> Report:
    policy = parse_policy((CAMERA / "device.toml").read_text(encoding="utf-8"))
    data = DatabaseAdvisories(database(), CLOCK.today)
    question = Question((), policy, CLOCK, advisories=decided(data, CAMERA / "device.toml", CLOCK.today))
    judged = audit_target(built(name) / target, question, Reading(Limits()), lambda message: None)
    return triaged(judged, CAMERA / "device.toml", CLOCK.today)


@cache
def known() -> dict[tuple[str, str], Vulnerability]:
    """Of the camera, by vulnerability and component; of one that two roots have, the nearer."""
    return {(one.id, one.name): one for one in reversed(report("camera").vulnerabilities)}


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
        assert unjudged == UNSEEN[name]


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
        "updates": "unverified",
    }
    assert headline(chain) == "The first link of the chain of trust that does not hold is the boot ROM (unverified)"


def test_its_components_are_listed_with_how_each_is_known() -> None:
    components = {one.name: one for one in report("camera").components}
    assert {"busybox", "dropbear_ssh", "glibc", "lighttpd", "linux", "mosquitto", "openssl", "tf-a", "u-boot"} <= set(
        components
    )
    assert all(one.version and one.evidence for one in components.values())
    assert components["lighttpd"].ref.startswith("image/rootfs_a#")


def test_its_vulnerabilities_are_ranked_each_with_a_reason_and_a_step() -> None:
    found = supply_words.affecting(report("camera"))
    first = found[0]
    assert (first.id, first.name) == ("CVE-2023-4911", "glibc"), "the one that is known to be exploited"
    assert first.why.startswith("It is being exploited (known since 2023-11-21). An attacker comes to it")
    assert first.do == "Update glibc to 2.39, the nearest version that mends it."
    assert all(one.why and one.do for one in found)
    assert [one.near for one in found if one.exploited is None] == sorted(
        (one.near for one in found if one.exploited is None), reverse=True
    )
    assert known()["CVE-2023-38408", "openssh"].reach[0] == "listens on tcp/2222"


@pytest.mark.parametrize(
    ("vulnerability", "name"),
    [
        ("CVE-2024-5535", "openssl"),
        ("CVE-2025-32463", "sudo"),
        ("CVE-2024-53104", "linux"),
        ("CVE-2026-31431", "linux"),
    ],
)
def test_what_its_versions_have_mended_is_not_told(vulnerability: str, name: str) -> None:
    assert name in {one.name for one in report("camera").components} | {"sudo"}
    assert (vulnerability, name) not in known()


def test_what_its_kernel_was_not_built_from_is_listed_and_does_not_count() -> None:
    for one, word in (("CVE-2025-39726", "s390"), ("CVE-2026-53246", "sctp"), ("CVE-2023-53762", "bluetooth")):
        vex = known()[one, "linux"].vex
        assert vex is not None
        assert (vex.state, vex.justification) == (VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT)
        assert word in vex.detail
    assert known()["CVE-2025-40074", "linux"].affects


def test_decisions_are_applied_and_an_old_one_wants_a_review() -> None:
    minizip, broker, netstat = (
        known()[key].vex
        for key in (("CVE-2023-45853", "zlib"), ("CVE-2023-28366", "mosquitto"), ("CVE-2022-28391", "busybox"))
    )
    assert minizip is not None
    assert broker is not None
    assert netstat is not None
    assert (minizip.state, minizip.needs_review) == (VexState.NOT_AFFECTED, "")
    assert (broker.state, broker.by) == (VexState.EXPLOITABLE, "product security")
    assert netstat.needs_review == "it was decided for version 1.34.1, and this is 1.35.0"
    assert known()["CVE-2022-28391", "busybox"].affects
    assert any("needs a review: CVE-2022-28391 in busybox" in note for note in report("camera").notes)
    assert not [note for note in report("camera").notes if "stale" in note]


def test_the_next_run_keeps_the_decisions() -> None:
    text = (CAMERA / "triage.toml").read_text(encoding="utf-8")
    assert render_triage(parse_triage(text)) == text, "as firmward vulns triage would write it"
    first = report("camera")
    again = triaged(load_report(render_json(first)), CAMERA / "device.toml", CLOCK.today)
    assert again.vulnerabilities == first.vulnerabilities


def test_each_finding_of_a_component_is_as_grave_as_what_counts() -> None:
    findings = {one.key: one for one in report("camera").findings if one.check == "known-vulnerability"}
    assert findings["glibc-2.36"].severity == "critical"
    assert "The first to mend is CVE-2023-4911 (base score 7.8)." in findings["glibc-2.36"].message
    assert "zlib-1.2.13" not in findings, "the decision on its only one counts"


def test_sbom_and_vex_are_valid() -> None:
    policy = parse_policy((CAMERA / "device.toml").read_text(encoding="utf-8"))
    made = documents(CLOCK.today, author_of(policy))
    texts = {suffix: render(report("camera")) for suffix, render in made.items()}
    keeps_cyclonedx(texts[".cdx.json"])
    keeps_cyclonedx(texts["vex.cdx.json"])
    states = [
        one["analysis"]["state"] for one in json.loads(texts["vex.cdx.json"])["vulnerabilities"] if "analysis" in one
    ]
    assert {"not_affected", "exploitable"} <= set(states)
    assert json.loads(texts[".spdx.json"])["spdxVersion"] == "SPDX-2.3"


@pytest.mark.parametrize(
    ("name", "suffix"), [("spdx23", ".spdx.json"), ("openvex", "openvex.json"), ("csaf", "csaf.json")]
)
def test_other_forms_keep_the_official_schemas(name: str, suffix: str) -> None:
    keeps_official(name, documents(CLOCK.today, author_of(None))[suffix](report("camera")))


def test_the_demo_asks_what_the_tests_ask() -> None:
    recipe = (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert f"EXCERPT_DAY := {EXCERPT_DAY.timestamp():.0f}\n" in recipe
    assert all(f"--from {feed}=$(ADVISORIES)/{name}" in recipe for feed, name in EXCERPT.items())
