"""FITs in a build's output: what an attacker does to a signed one, told by the checks from the files alone."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from signed_fit import ATTACKS, MISSING, Signing, Workshop

from firmward.cli.judging import Question, Reading, audit_target
from firmward.image.budget import Limits
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.report import Report

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

ATTACK = {attack.__name__: attack for attack in ATTACKS}
FOUND = {
    "flip_payload": {"fit-hash-mismatch"},
    "swap_payload_and_hash": {"fit-signature-invalid"},
    "strip": {"fit-unsigned"},
    "unsigned_default": {"fit-unsigned"},
    "foreign": {"fit-signature-invalid"},
    "narrow": {"fit-signature-invalid", "fit-component-uncovered"},
    "borrow": {"fit-signature-invalid", "fit-component-uncovered"},
    "decoy": {"fit-component-uncovered"},
    "same_name_with_address": {"fit-component-uncovered"},
}
"""The checks that fail beside none on the image as it was signed."""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.at(tmp_path_factory.mktemp("fit"))


def report(folder: Path, fit: bytes, control: bytes | None) -> Report:
    output = folder / "images"
    output.mkdir()
    (output / "fitImage").write_bytes(fit)
    if control is not None:
        (output / "u-boot.dtb").write_bytes(control)
    question = Question(("boot",), None, Clock(date(2026, 11, 20)))
    return audit_target(output, question, Reading(Limits()), lambda message: None)


def failing(found: Report) -> Iterator[str]:
    return (check.check for check in found.checks if check.outcome is Outcome.FAIL and check.check.startswith("fit-"))


def test_what_is_signed_and_required_passes(workshop: Workshop, tmp_path: Path) -> None:
    path, control = workshop.made(Signing())
    found = report(tmp_path, path.read_bytes(), control)
    outcomes = {check.check: check.outcome for check in found.checks if check.check.startswith("fit-")}
    assert set(outcomes.values()) == {Outcome.PASS}, outcomes


@pytest.mark.parametrize("attack", FOUND)
def test_an_attack_is_told(attack: str, workshop: Workshop, tmp_path: Path) -> None:
    path, control = workshop.made(Signing())
    ATTACK[attack](workshop, path)
    assert {*failing(report(tmp_path, path.read_bytes(), control))} == FOUND[attack]


def test_without_a_key_a_signature_is_not_believed(workshop: Workshop, tmp_path: Path) -> None:
    path, _ = workshop.made(Signing())
    found = {check.check: check for check in report(tmp_path, path.read_bytes(), None).checks}
    assert found["fit-signature-invalid"].outcome is Outcome.UNKNOWN
    assert found["fit-key-not-required"].outcome is Outcome.NOT_APPLICABLE


def test_a_key_that_is_not_required_is_told(workshop: Workshop, tmp_path: Path) -> None:
    path, _ = workshop.made(Signing())
    workshop.put("control.dtb", "/signature/key-dev", "required", options=("-d",))
    control = (workshop.folder / "control.dtb").read_bytes()
    assert {*failing(report(tmp_path, path.read_bytes(), control))} == {"fit-key-not-required"}


def test_images_signed_one_by_one_may_be_mixed(workshop: Workshop, tmp_path: Path) -> None:
    path, control = workshop.made(Signing(roles="", each_image=True))
    found = {*failing(report(tmp_path, path.read_bytes(), control))}
    assert found == {"fit-mix-and-match", "fit-key-not-required"}  # it is required for images alone


@pytest.mark.parametrize(
    "signing",
    [Signing("sha1,rsa2048"), Signing(hashes='hash-1 { algo = "crc32"; };')],
    ids=["sha1", "crc32"],
)
def test_weak_algorithms_are_told(signing: Signing, workshop: Workshop, tmp_path: Path) -> None:
    path, control = workshop.made(signing)
    assert "fit-weak-algorithm" in failing(report(tmp_path, path.read_bytes(), control))
