"""Texas Instruments: what can be verified is, and what cannot is said."""

import os
import subprocess
from pathlib import Path

import pytest
import samples
from real.packages import unpacked
from real.roots import NoPackagesError
from rom import CODE, changed
from rom import ti as made

from firmward.build.board import board
from firmward.build.rom import roms, ti
from firmward.build.rom.record import State
from firmward.model.errors import InputError

BOARD = board("am335x")
TOOL = '#!/bin/sh\necho "$@" > "$(dirname "$0")/told"\ncp "$2" "$3"\n'


def mlo(folder: Path, **more: bool) -> bytes:
    try:
        return made.mlo(folder, **more)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def test_a_gp_image_fails_and_says_that_such_a_chip_verifies_nothing(tmp_path: Path) -> None:
    found = ti.check(mlo(tmp_path))
    assert found.state is State.FAILS
    assert "a GP chip starts it, and verifies nothing" in found.says


def test_an_hs_image_is_unknown_never_good(tmp_path: Path) -> None:
    data = mlo(tmp_path).replace(b"CHSETTINGS\0\0", b"PRIMAPP\0\0\0\0\0")
    assert ti.check(data).state is State.UNKNOWN


def test_what_tis_tool_gets_is_the_code_as_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "MLO"
    path.write_bytes(mlo(tmp_path, swapped=True))
    roms.prepare(BOARD, path, tmp_path / "rom")
    (tmp_path / "tool's/scripts").mkdir(parents=True)
    tool = tmp_path / "tool's/scripts/create-boot-image.sh"
    tool.write_text(TOOL)
    tool.chmod(0o755)
    environment = {**os.environ, "TI_SECURE_DEV_PKG": str(tmp_path / "tool's")}
    done = subprocess.run(["sh", tmp_path / "rom/sign.sh"], env=environment, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert tool.with_name("told").read_text() == "MLO u-boot-spl.bin signed.mlo 0x402f0400\n"
    assert (tmp_path / "rom/signed.mlo").read_bytes() == CODE
    assert b"A GP chip verifies nothing" in (tmp_path / "rom/README.md").read_bytes()


def test_without_the_package_the_script_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "MLO"
    path.write_bytes(mlo(tmp_path))
    roms.prepare(BOARD, path, tmp_path / "rom")
    environment = {name: value for name, value in os.environ.items() if name != "TI_SECURE_DEV_PKG"}
    done = subprocess.run(["sh", tmp_path / "rom/sign.sh"], env=environment, capture_output=True, timeout=30)
    assert done.returncode != 0
    assert b"SECDEV" in done.stderr


@pytest.fixture(scope="module")
def k3() -> bytes:
    try:
        return made.single()
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def test_a_signed_image_of_k3_holds_and_tells_its_key(k3: bytes) -> None:
    found = ti.check(k3, k3)
    assert found.state is State.HOLDS
    assert "signature of the certificate holds" in found.says
    assert found.fuses is not None


@pytest.mark.parametrize("at", [-1, -4000, 700])
def test_one_changed_bit_of_it_fails(at: int, k3: bytes) -> None:
    assert ti.check(changed(k3, at % len(k3))).state is State.FAILS


def test_another_payload_than_the_one_given_out_fails(k3: bytes) -> None:
    assert "is not what was given out" in ti.check(k3, made.single(code=CODE[::-1])).says[0]


def test_an_image_for_gp_chips_of_k3_fails() -> None:
    try:
        data = made.single(made.degenerate_key())
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    assert ti.check(data).state is State.FAILS


@pytest.mark.parametrize("data", [b"", b"\x30\x82" + bytes(600), CODE])
def test_what_no_rom_of_ti_reads_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"give MLO or tiboot3\.bin"):
        ti.prepare(data, "u-boot.img")


@pytest.mark.proof
def test_debians_boot_loaders_are_for_gp_chips(tmp_path: Path) -> None:
    try:
        folder = unpacked("u-boot-omap", "armhf")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    found = sorted(folder.glob("usr/lib/u-boot/*/MLO"))
    assert len(found) == 7
    for path in found:
        roms.prepare(BOARD, path, tmp_path / path.parent.name)
        assert roms.check(BOARD, path, tmp_path / path.parent.name).state is State.FAILS
