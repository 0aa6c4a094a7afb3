"""Debian's U-Boot for QEMU's arm64 machine boots what is said that it boots: six images, with a required key in the
tree that the machine hands over, and with none.
"""

from itertools import product
from pathlib import Path

import pytest
from boot_cases import BOOTED, CONTROLS, PLACE, REFUSED, RUNS, Cases, told
from program import find_program, run_program
from uboot_prompt import Machine

from firmward.facts.acceptance import Answer
from real import packages, roots

QEMU = "qemu-system-aarch64"
MISSING = [name for name in (QEMU, "mkimage", "dtc", "fdtput", "openssl") if find_program(name) is None]
pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
MACHINE = ("-cpu", "cortex-a57", "-m", "1024", "-nographic", "-nic", "none")


@pytest.fixture(scope="module")
def loader() -> Path:
    try:
        return packages.unpacked("u-boot-qemu", "all") / "usr/lib/u-boot/qemu_arm64/u-boot.bin"
    except roots.NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")


@pytest.fixture(scope="module")
def cases(loader: Path, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    folder = tmp_path_factory.mktemp("cases")
    dump = folder / "virt.dtb"
    run_program((QEMU, "-M", f"virt,dumpdtb={dump}", *MACHINE, "-bios", str(loader)))
    for seed in ("kaslr-seed", "rng-seed"):
        run_program(("fdtput", "-d", str(dump), "/chosen", seed))  # one of the two is there
    return Cases.made(folder, dump.read_bytes())


@pytest.mark.parametrize(("image", "control"), [*product(BOOTED, CONTROLS)])
def test_it_boots_what_the_files_say(image: str, control: str, loader: Path, cases: Cases, tmp_path: Path) -> None:
    loaded = f"loader,file={cases.image(image)},addr={PLACE:#x},force-raw=on"
    command = (QEMU, "-M", "virt", *MACHINE, "-bios", str(loader), "-dtb", str(cases.control(control)))
    with Machine((*command, "-device", loaded)) as machine:
        boots = RUNS in machine.ask(BOOTED[image])
    assert boots is ((image, control) not in REFUSED)
    said = told(loader.read_bytes(), cases.control(control), cases.image(image), tmp_path / "files")
    assert said.answer is (Answer.ACCEPTED if boots else Answer.REFUSED), said.why
