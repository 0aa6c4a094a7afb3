"""Build and audit agree: what was built is verified link by link, and whatever is changed of it shows."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import signed_camera
from signed_camera import order, quiet

from firmward.audit.chain import CHECKS
from firmward.build import built, image
from firmward.cli.judging import Question, Reading, audit_target, policy_for, read_policy
from firmward.image.budget import Limits
from firmward.model.chain import BOOT_LOADER, BOOT_ROM, KERNEL, PLUG_INS, ROOT, State
from firmward.model.clock import Clock

VERIFIED = {BOOT_ROM, BOOT_LOADER, KERNEL, ROOT, PLUG_INS}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = signed_camera.small(tmp_path_factory.mktemp("inputs"))
    out = tmp_path_factory.mktemp("made") / "out"
    image.build(order(signed_camera.store(tmp_path_factory.mktemp("store") / "keys"), base=inputs), out, quiet)
    return out


def states(out: Path) -> dict[str, State]:
    question = Question(tuple(sorted(CHECKS)), read_policy(policy_for(None, out)), Clock(date(2026, 11, 22)))
    report = audit_target(out, question, Reading(Limits()), lambda message: None)
    return {link.link: link.state for link in report.chain}


def test_every_link_of_a_build_is_verified(made: Path) -> None:
    found = states(made)
    assert {name for name, state in found.items() if state is State.VERIFIED} == VERIFIED
    assert set(found) - VERIFIED == {"updates"}  # the camera has nothing yet that installs any


def test_a_policy_of_another_board_takes_nothing_for_read_only(made: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(made, tmp_path / "out"))
    policy = out / "device.toml"
    policy.write_text(policy.read_text().replace('board = "qemu-arm64"', 'board = "imx6ull"'))
    found = states(out)
    assert found[BOOT_LOADER] is State.UNVERIFIED
    assert found[BOOT_ROM] is State.UNKNOWN


def flipped(name: str, inner: int) -> Callable[[Path], None]:
    """A byte within a partition of the disk."""

    def change(out: Path) -> None:
        at = built.read(out).partition(name).start + inner
        with (out / "disk.img").open("r+b") as disk:
            disk.seek(at)
            byte = disk.read(1)[0]
            disk.seek(at)
            disk.write(bytes((byte ^ 1,)))

    return change


def without_key(out: Path) -> None:
    control = out / "boot" / "control.dtb"
    control.write_bytes(control.read_bytes().replace(b"conf\0", b"none\0"))


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a byte of the kernel in slot a": (flipped("boot_a", 4096), KERNEL),
    "a byte of the kernel in slot b": (flipped("boot_b", 4096), KERNEL),
    "a byte of the root in slot a": (flipped("root_a", 5 << 20), ROOT),
    "a key that nobody requires": (without_key, KERNEL),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_of_a_build_shows_in_its_chain(name: str, made: Path, tmp_path: Path) -> None:
    change, link = CHANGES[name]
    out = Path(shutil.copytree(made, tmp_path / "out"))
    change(out)
    assert states(out)[link] in (State.BROKEN, State.UNVERIFIED)
