"""The control tree, made by QEMU and dtc."""

from pathlib import Path

import pytest
from locked_board import BOARD
from program import find_program, run_program

from firmward.build.uboot import control
from firmward.formats import device_tree
from firmward.model.errors import ToolError

MISSING = [name for name in (*control.PROGRAMS, "fdtget") if find_program(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")


def quiet(_: str) -> None:
    pass


def made(folder: Path, name: str) -> Path:
    (folder / "u-boot.bin").write_bytes(bytes(4096))
    control.control_tree(BOARD, folder / "u-boot.bin", folder / name, quiet)
    return folder / name


def get(path: Path, *words: str) -> str:
    done = run_program(["fdtget", str(path), *words])
    return done.stdout.decode().strip() if done.returncode == 0 else "none"


def test_it_locks_the_loader_and_holds_nothing_random(tmp_path: Path) -> None:
    path = made(tmp_path, "one.dtb")
    assert get(path, "-t", "u", "/config", "bootsecure") == "1"
    assert get(path, "/config", "bootcmd") == "bootd"
    assert get(path, "/chosen", "rng-seed") == get(path, "/chosen", "kaslr-seed") == "none"
    assert get(path, "/chosen", "stdout-path").startswith("/pl011")
    assert path.read_bytes() == made(tmp_path, "two.dtb").read_bytes()


def test_it_has_room_for_keys_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = made(tmp_path, "one.dtb")
    data = path.read_bytes()
    device_tree.parse(data)
    assert data.endswith(bytes(control.ROOM))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["one.dtb", "u-boot.bin"]


def test_a_missing_program_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(ToolError, match="device-tree-compiler qemu-system-arm"):
        made(tmp_path, "one.dtb")


def test_a_comma_in_a_path_is_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a,gic-version=3,b c"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(folder))
    assert made(folder, "one.dtb").read_bytes() == made(Path(), "two.dtb").read_bytes()
