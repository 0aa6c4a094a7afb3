"""The ROMs by name, and the folder that they fill."""

import os
import stat
from importlib import import_module
from pathlib import Path

import pytest
import samples
from rom import st

from firmward.build.board import board, names
from firmward.build.rom import roms
from firmward.model.errors import InputError


def loader(folder: Path) -> Path:
    path = folder / "tf-a.stm32"
    try:
        path.write_bytes(st.plain(folder))
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    return path


def test_every_board_names_a_rom_that_is_there() -> None:
    named = {board(name).rom for name in names()} - {None}
    assert named == set(roms.ROMS)
    for rom in roms.ROMS:
        module = import_module(f"firmward.build.rom.{rom.replace('-', '_')}")
        assert callable(module.prepare)
        assert callable(module.check)


def test_a_board_whose_rom_verifies_nothing_gets_nothing(tmp_path: Path) -> None:
    assert roms.prepare(board("qemu-arm64"), None, tmp_path / "rom") == ()
    assert not (tmp_path / "rom").exists()
    with pytest.raises(InputError, match="verifies nothing"):
        roms.check(board("qemu-arm64"), tmp_path)


def test_a_missing_boot_loader_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\[build\] boot_loader: imx6ull needs"):
        roms.prepare(board("imx6ull"), None, tmp_path)
    with pytest.raises(InputError, match="nothing: No such file"):
        roms.prepare(board("imx6ull"), tmp_path / "nothing", tmp_path / "rom")


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        os.truncate(file.fileno(), roms.SIZE_LIMIT + 1)
    with pytest.raises(InputError, match="no boot loader"):
        roms.prepare(board("imx6ull"), path, tmp_path / "rom")


def test_the_files_are_the_same_in_another_folder_and_the_script_runs(tmp_path: Path) -> None:
    path = loader(tmp_path)
    one, other = (roms.prepare(board("stm32mp157"), path, tmp_path / name) for name in ("one", "other/deep"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in other]
    assert {file.name for file in one} == {"README.md", "boot-loader.bin", "payload.bin", "sign.sh"}
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in one}
    assert modes.pop("sign.sh") == 0o755
    assert set(modes.values()) == {0o644}


@pytest.mark.parametrize("name", [name for name in names() if board(name).rom])
def test_every_guide_warns_of_what_cannot_be_undone(name: str) -> None:
    module = import_module(f"firmward.build.rom.{(board(name).rom or '').replace('-', '_')}")
    assert "**This cannot be undone.**" in module.GUIDE
