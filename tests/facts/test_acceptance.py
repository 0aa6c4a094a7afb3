"""What a boot loader boots, told from its files alone: six images, with a required key in the control tree and with
none.
"""

import shutil
from itertools import product
from pathlib import Path

import pytest
from boot_cases import BOOTED, CONTROLS, REFUSED, Cases, told
from program import find_program, run_program
from uboot_made import SAID, SHAPES, made

from firmward.cli.verdicts import all_parts
from firmward.facts.acceptance import Answer, acceptance
from firmward.facts.bare_images import BareImages, BareKernel
from firmward.facts.collection import Collection
from firmward.facts.uboots import FoundUboot, Stage
from firmward.formats.fit_keys import KeyRing
from firmward.image.opening import open_image
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.memory import MemoryTree
from firmward.model.parts import Parts

MISSING = [name for name in ("mkimage", "dtc", "openssl") if find_program(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

TREE = b'/dts-v1/; / { model = "a board"; compatible = "made,board"; chosen { }; };'
VERIFIES, LEGACY = b"No 'signature' subnode found for '%s' hash node", b"## Booting kernel from Legacy Image at %08lx"
AT = Location(part="image/u-boot.bin")
EVERY = tuple(product(BOOTED, CONTROLS))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    board = run_program(("dtc", "-q", "-O", "dtb"), feed=TREE).stdout
    return Cases.made(tmp_path_factory.mktemp("cases"), board)


@pytest.mark.parametrize(("image", "control"), EVERY)
def test_what_a_loader_that_verifies_boots(image: str, control: str, cases: Cases, tmp_path: Path) -> None:
    loader = made(SHAPES["arm64"], said=(*SAID, VERIFIES, LEGACY))
    found = told(loader, cases.control(control), cases.image(image), tmp_path / "files")
    expected = Answer.REFUSED if (image, control) in REFUSED else Answer.ACCEPTED
    assert found.answer is expected, found.why


@pytest.mark.parametrize("image", ["good", "unsigned", "foreign"])
def test_without_its_control_tree_what_a_loader_requires_is_not_known(image: str, cases: Cases, tmp_path: Path) -> None:
    loader = made(SHAPES["arm64"], said=(*SAID, VERIFIES, LEGACY))
    found = told(loader, None, cases.image(image), tmp_path / "files")
    assert found.answer is Answer.UNKNOWN
    assert "not among the files" in found.why


def test_a_hash_that_differs_is_refused_whatever_is_required(cases: Cases, tmp_path: Path) -> None:
    loader = made(SHAPES["arm64"], said=(*SAID, VERIFIES, LEGACY))
    assert told(loader, None, cases.image("flipped"), tmp_path / "files").answer is Answer.REFUSED


def test_the_key_in_the_tree_behind_a_loader_counts(cases: Cases, tmp_path: Path) -> None:
    for control, expected in (("required key", Answer.REFUSED), ("no key", Answer.ACCEPTED)):
        tree = cases.control(control).read_bytes()
        loader = made(SHAPES["arm64"], said=(*SAID, VERIFIES), tree=tree)
        assert told(loader, None, cases.image("foreign"), tmp_path / control).answer is expected


def test_without_code_for_legacy_images_none_boots(cases: Cases, tmp_path: Path) -> None:
    loader = made(SHAPES["arm64"], said=(*SAID, VERIFIES, b"## Loading %s from FIT Image at %08lx ..."))
    assert told(loader, None, cases.image("legacy"), tmp_path / "files").answer is Answer.REFUSED


def test_a_legacy_image_whose_checksum_is_wrong_or_that_is_cut_off_is_refused(cases: Cases, tmp_path: Path) -> None:
    whole = cases.image("legacy").read_bytes()
    loader = made(SHAPES["arm64"], said=(*SAID, VERIFIES, LEGACY))
    for number, data in enumerate((whole[:-1] + b"\0", whole[:-9])):
        (tmp_path / "image").write_bytes(data)
        found = told(loader, None, tmp_path / "image", tmp_path / f"files-{number}")
        assert (found.answer, "checksum" in found.why) == (Answer.REFUSED, True)


KERNEL = BareKernel(Location(part="image/Image"), "arm64-image", is_efi=True)
PROPER = frozenset((Stage.PROPER,))
ROWS = {
    "its command": (frozenset(("booti",)), "arm64-image", False, Answer.ACCEPTED),
    "by UEFI": (frozenset(("bootefi",)), "arm64-image", True, Answer.ACCEPTED),
    "no program for UEFI": (frozenset(("bootefi",)), "arm64-image", False, Answer.REFUSED),
    "the command for another": (frozenset(("bootz", "bootm")), "arm64-image", True, Answer.REFUSED),
    "no prompt": (None, "zimage", False, Answer.REFUSED),
    "commands unknown": (Unknown("packed"), "zimage", True, Answer.UNKNOWN),
    "no such form": (frozenset(("booti",)), "vmlinuz", False, Answer.UNKNOWN),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_bare_kernel_boots_by_the_command_for_its_form(row: str) -> None:
    commands, kind, is_efi, expected = ROWS[row]
    loader = FoundUboot(AT, "2023.01", PROPER, commands)
    kernel = BareKernel(Location(part="image/Image"), kind, is_efi)
    assert acceptance(loader, KeyRing(), kernel).answer is expected


def test_whether_a_first_stage_starts_bare_kernels_is_not_seen() -> None:
    loader = FoundUboot(AT, "2023.01", frozenset((Stage.SPL,)))
    assert acceptance(loader, KeyRing(), KERNEL).answer is Answer.UNKNOWN


def test_a_kernel_within_another_image_is_no_bare_one(cases: Cases, tmp_path: Path) -> None:
    for name, expected in (("good", 0), ("legacy", 0), ("raw", 1)):
        shutil.copy(cases.image(name), tmp_path / "image")
        parts = Parts("image", all_parts(open_image(tmp_path / "image")))
        found = Collection(MemoryTree({}), parts=parts).get(BareImages)
        assert (len(found.kernels) if isinstance(found, BareImages) else 0) == expected
