"""FITs in a build's output: what an attacker does to a signed one, told by the checks from the files alone."""

import struct
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from signed_fit import ATTACKS, MISSING, Signing, Workshop, inserted

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


HIDING = {
    "the images stand far behind": (struct.pack(">3I", 3, 2 << 20, 0) + bytes(2 << 20), Outcome.FAIL),
    "more tokens than are read": (struct.pack(">I", 4) * 40_000, Outcome.UNKNOWN),
    "nodes nested deeper than is read": (struct.pack(">2I", 1, 0x61000000) * 70 + b"\0\0\0\2" * 70, Outcome.UNKNOWN),
}


@pytest.mark.parametrize("how", HIDING)
def test_a_fit_that_is_not_opened_as_one_is_not_passed_over(how: str, workshop: Workshop, tmp_path: Path) -> None:
    """U-Boot boots each of them; what is put in stands in the root, which the signature is over."""
    path, control = workshop.made(Signing())
    more, outcome = HIDING[how]
    data = path.read_bytes()
    crafted = inserted(data, int.from_bytes(data[8:12], "big") + 8, more)
    found = {check.check: check.outcome for check in report(tmp_path, crafted, control).checks}
    assert found["fit-signature-invalid"] is outcome
    assert found["fit-hash-mismatch"] is (Outcome.PASS if outcome is Outcome.FAIL else Outcome.UNKNOWN)


def test_a_device_tree_that_has_nodes_called_images_elsewhere_is_no_fit(workshop: Workshop, tmp_path: Path) -> None:
    source = b'/dts-v1/; / { compatible = "x"; deeper { images { }; }; };'
    tree = workshop.run("dtc", "-q", "-O", "dtb", feed=source)
    found = {check.check: check.outcome for check in report(tmp_path, tree, None).checks}
    assert found["fit-unsigned"] is Outcome.NOT_APPLICABLE
