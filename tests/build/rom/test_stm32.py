"""STM32MP1: signed as ST's tool signs, by openssl, and read again."""

import os
import subprocess
from pathlib import Path

import pytest
import samples
from real.packages import unpacked
from real.roots import NoPackagesError
from rom import CODE, changed, point, st

from firmward.build.board import board
from firmward.build.rom import roms, stm32
from firmward.build.rom.record import State
from firmward.model.errors import InputError

BOARD = board("stm32mp157")
TOOL = """#!/bin/sh
printf '%s\\n' "$@" > "$(dirname "$0")/told"
while [ "$1" != -o ]; do [ "$1" = -bin ] && file=$2; shift; done
[ -f "$file" ] && cp "{signed}" "$2"
"""
"""In place of ST's tool, which is not free: it notes what it is told."""


def plain(folder: Path) -> bytes:
    try:
        return st.plain(folder)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "tf-a.stm32"
    path.write_bytes(plain(tmp_path))
    roms.prepare(BOARD, path, tmp_path / "rom")
    return tmp_path


@pytest.mark.parametrize("curve", ["prime256v1", "brainpoolP256t1"])
def test_what_is_signed_as_the_tool_signs_holds(curve: str, given: Path) -> None:
    path = given / "signed.stm32"
    path.write_bytes(st.signed_version_1(given, curve))
    found = roms.check(BOARD, path, given / "rom")
    assert (found.state, found.says) == (State.HOLDS, ("checksum holds", "signature holds"))
    key = point(st.curve_key(f"stm32-{curve}", curve))
    assert found.fuses == samples.run("openssl", "dgst", "-sha256", "-r", feed=key).decode().split()[0]


@pytest.mark.parametrize("at", [4, 40, 68, 100, 104, 108, 150, 256, 4000])
def test_one_changed_bit_fails(at: int, given: Path) -> None:
    data = st.signed_version_1(given)
    assert stm32.check(data).state is State.HOLDS
    assert stm32.check(changed(data, at)).state is State.FAILS


def test_a_changed_length_is_told_apart(given: Path) -> None:
    with pytest.raises(InputError, match="cut off: 8448 of 8704"):
        stm32.check(changed(st.signed_version_1(given), 77))


def test_a_later_header_is_read_too() -> None:
    assert stm32.check(st.signed_version_2()).state is State.HOLDS


def test_a_curve_that_is_not_known_is_no_signature_that_holds(given: Path) -> None:
    data = bytearray(st.signed_version_1(given))
    data[104] = 9
    found = stm32.check(bytes(data))
    assert found.state is State.FAILS
    assert "signature cannot be verified" in found.says


def test_an_unsigned_image_fails_and_says_why(given: Path) -> None:
    found = stm32.check((given / "tf-a.stm32").read_bytes())
    assert found.state is State.FAILS
    assert "the signature is all zeros" in found.says
    assert found.fuses is None


def test_another_payload_than_the_one_given_out_fails(given: Path) -> None:
    other = st.sign(changed(st.signed_version_1(given), 300))
    found = stm32.check(other, (given / "rom/boot-loader.bin").read_bytes())
    assert found.state is State.FAILS
    assert "is not what was given out" in found.says[0]


def test_the_tool_is_told_what_the_header_said(given: Path) -> None:
    (given / "signed").write_bytes(st.signed_version_1(given))
    tool = given / "tool"
    tool.write_text(TOOL.format(signed=given / "signed"))
    tool.chmod(0o755)
    keys = given / "my keys"
    keys.mkdir()
    (keys / "key_pass.txt").write_text("it is secret\n")
    command = ["sh", str(given / "rom/sign.sh"), str(keys)]
    environment = {**os.environ, "SIGNING_TOOL": str(tool)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    words = (given / "told").read_text().splitlines()
    told = dict(zip(words[::2], words[1::2], strict=True))
    assert told["-la"] == told["-ep"] == "0x2ffc2500"
    assert (told["-hv"], told["-iv"], told["-t"], told["-pwd"]) == ("1", "0", "fsbl", "it is secret")
    assert (given / "rom/payload.bin").read_bytes() == CODE
    assert roms.check(BOARD, given / "rom/signed.stm32", given / "rom").state is State.HOLDS


def test_a_tool_that_writes_nothing_is_noticed(given: Path) -> None:
    (given / "key_pass.txt").write_text("x\n")
    command = ["sh", str(given / "rom/sign.sh"), str(given)]
    done = subprocess.run(command, env={**os.environ, "SIGNING_TOOL": "true"}, capture_output=True, timeout=30)
    assert done.returncode != 0
    assert b"wrote nothing" in done.stderr


@pytest.mark.parametrize("data", [b"", b"STM2", CODE])
def test_what_has_no_header_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match="such as tf-a"):
        stm32.prepare(data, "u-boot.bin")


def test_a_cut_off_image_is_named(given: Path) -> None:
    with pytest.raises(InputError, match="cut off"):
        stm32.check(st.signed_version_1(given)[:-1])


@pytest.mark.proof
def test_debians_boot_loader_can_be_given_out_and_is_told_to_be_unsigned(tmp_path: Path) -> None:
    try:
        folder = unpacked("u-boot-stm32", "armhf")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    (path,) = folder.glob("usr/lib/u-boot/*/*.stm32")
    roms.prepare(BOARD, path, tmp_path / "rom")
    assert roms.check(BOARD, path, tmp_path / "rom").state is State.FAILS
