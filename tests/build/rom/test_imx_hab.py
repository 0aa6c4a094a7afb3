"""What NXP's own tool makes of the description, read again."""

import os
import subprocess
from pathlib import Path

import hab_tree
import pytest
from program import run_program
from real.packages import unpacked
from real.roots import NoPackagesError
from rom import CODE, changed, nxp

from firmward.build.board import board
from firmward.build.rom import imx_hab, roms
from firmward.build.rom.record import State
from firmward.formats import imx_ivt
from firmward.model.errors import InputError

pytestmark = pytest.mark.skipif(bool(hab_tree.MISSING), reason=f"{hab_tree.MISSING} missing")
BOARD = board("imx6ull")
ROOM = 0x2000


def boot_loader(folder: Path, code: bytes = CODE) -> bytes:
    return nxp.plain(folder, f"CSF {ROOM:#x}", code=code)


def signing(folder: Path, keys: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "CST": str(hab_tree.cst()), **variables}
    command = ["sh", str(folder / "sign.sh"), str(keys)]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=60)


def signed(folder: Path, data: bytes) -> Path:
    """The folder `rom/` after the maker's tool has run."""
    loader = folder / "u-boot.imx"
    loader.write_bytes(data)
    roms.prepare(BOARD, loader, folder / "out's rom")
    done = signing(folder / "out's rom", hab_tree.tree(folder / "the keys"))
    assert done.returncode == 0, done.stderr
    return folder / "out's rom"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hab")
    return signed(folder, boot_loader(folder))


def test_what_nxps_tool_signs_by_the_description_holds(good: Path) -> None:
    found = roms.check(BOARD, good / "signed.imx", good)
    assert found.state is State.HOLDS
    assert found.says == tuple(
        f"{what} holds"
        for what in (
            "the certificate of key 1",
            "the digest of the commands of the CSF",
            "the signature of the commands of the CSF",
            "the certificate of key 2",
            "the digest of the authenticated blocks",
            "the signature of the authenticated blocks",
        )
    )
    assert found.fuses == (good / "srk-fuses.bin").read_bytes().hex()


def test_the_block_is_the_one_that_mkimage_names(tmp_path: Path) -> None:
    """`HAB Blocks` of its output: address, place and size."""
    data = boot_loader(tmp_path)
    (tmp_path / "again").write_bytes(data)
    command = ("mkimage", "-n", "imx.cfg", "-T", "imximage", "-e", "0x17800000", "-d", "code", "again")
    done = run_program(command, cwd=tmp_path)
    line = next(line for line in done.stdout.decode().splitlines() if line.startswith("HAB Blocks"))
    address, place, size = (int(word, 16) for word in line.split()[2:])
    text = next(one.content for one in imx_hab.prepare(data, "u-boot.imx") if one.name == "csf.txt").decode()
    assert f'Blocks = {address:#010x} {place:#x} {size:#x} "boot-loader.bin"' in text


@pytest.mark.parametrize("at", [0, 0x24, 0xC00, 0x2000, -1])
def test_one_changed_bit_of_what_is_loaded_fails(at: int, good: Path) -> None:
    data = (good / "signed.imx").read_bytes()
    place = imx_ivt.parse(lambda offset, size: data[offset : offset + size])
    end = place.offset(place.csf)
    found = imx_hab.check(changed(data, at % end if at else 0x21))
    assert found.state is State.FAILS


def test_what_was_signed_is_compared_with_what_was_given_out(good: Path, tmp_path: Path) -> None:
    """Signed in good order by the same keys, but another boot loader."""
    other = signed(tmp_path, boot_loader(tmp_path, CODE[::-1]))
    assert roms.check(BOARD, other / "signed.imx").state is State.HOLDS
    found = roms.check(BOARD, other / "signed.imx", good)
    assert found.state is State.FAILS
    assert "is not what was given out" in found.says[0]


def test_an_image_that_nobody_signed_fails(good: Path) -> None:
    data = (good / "boot-loader.bin").read_bytes()
    with pytest.raises(InputError, match=r"run sign\.sh again"):
        imx_hab.check(data)


def test_a_boot_loader_without_a_place_for_commands_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="CONFIG_IMX_HAB=y"):
        imx_hab.prepare(nxp.plain(tmp_path), "u-boot.imx")


def test_what_lies_behind_the_commands_stays_there(tmp_path: Path) -> None:
    """As U-Boot proper behind its SPL in one file."""
    data = boot_loader(tmp_path)
    table = imx_ivt.parse(lambda offset, size: data[offset : offset + size])
    behind = data.ljust(table.size, b"\0") + b"U-Boot proper"
    files = {one.name: one.content for one in imx_hab.prepare(behind, "u-boot-with-spl.imx")}
    assert files["boot-loader.bin"].endswith(b"\0U-Boot proper")
    assert b"the file has 13 bytes more" in files["README.md"]
    out = signed(tmp_path, behind)
    assert (out / "signed.imx").read_bytes().endswith(b"\0U-Boot proper")
    assert roms.check(BOARD, out / "signed.imx", out).state is State.HOLDS


@pytest.mark.parametrize(
    "missing", ["crts/SRK3_sha256_2048_65537_v3_ca_crt.pem", "keys/IMG1_1_sha256_2048_65537_v3_usr_key.pem"]
)
def test_the_script_names_what_is_missing_and_writes_nothing(missing: str, tmp_path: Path) -> None:
    loader = tmp_path / "u-boot.imx"
    loader.write_bytes(boot_loader(tmp_path))
    roms.prepare(BOARD, loader, tmp_path / "rom")
    keys = hab_tree.tree(tmp_path / "keys")
    (keys / missing).unlink()
    done = signing(tmp_path / "rom", keys)
    assert done.returncode != 0
    assert Path(missing).name.split("_sha256")[0] in done.stderr
    assert not (tmp_path / "rom/signed.imx").exists()


def test_the_script_stops_when_the_tool_fails(tmp_path: Path) -> None:
    loader = tmp_path / "u-boot.imx"
    loader.write_bytes(boot_loader(tmp_path))
    roms.prepare(BOARD, loader, tmp_path / "rom")
    done = signing(tmp_path / "rom", hab_tree.tree(tmp_path / "keys"), CST="false")
    assert done.returncode != 0
    assert not (tmp_path / "rom/signed.imx").exists()


@pytest.mark.proof
def test_debians_boot_loaders_are_refused_for_their_configuration() -> None:
    try:
        folder = unpacked("u-boot-imx", "armhf")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    found = [*folder.glob("usr/lib/u-boot/*/SPL"), *folder.glob("usr/lib/u-boot/*/*.imx")]
    assert len(found) == 11
    for path in found:
        with pytest.raises(InputError, match="CONFIG_IMX_HAB=y"):
            imx_hab.prepare(path.read_bytes(), path.name)


@pytest.mark.proof
def test_a_real_boot_loader_with_a_place_is_signed_and_holds(tmp_path: Path) -> None:
    try:
        folder = unpacked("u-boot-imx", "armhf")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    code = (folder / "usr/lib/u-boot/usbarmory/u-boot-dtb.imx").read_bytes()[0xC00:]
    out = signed(tmp_path, boot_loader(tmp_path, code))
    assert roms.check(BOARD, out / "signed.imx", out).state is State.HOLDS
