"""The sample camera, with all its planted mistakes, hardened from its disk image as its maker would."""

import json
from pathlib import Path
from typing import Any

import pytest
from command import Firmward

from firmward.build.trees import open_tree

PROJECT = Path(__file__).parents[2]
IMAGE = PROJECT / "build" / "camera" / "camera.img"
POLICY = PROJECT / "examples" / "camera" / "device.toml"

pytestmark = pytest.mark.proof


@pytest.fixture
def image() -> Path:
    if not IMAGE.is_file():
        pytest.skip("examples/camera/build.py makes the camera")
    return IMAGE


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return found


def test_the_camera_is_hardened_once_and_for_all(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    called = firmward("harden", image, "-p", POLICY, "--unsafe", "--as", "tar", "-o", first)
    found = manifest(first)
    assert (called.code, found["broken"]) == (0, []), called.out
    assert [row["check"] for row in found["new"] if row["severity"] in ("critical", "high", "medium")] == []
    assert found["standing"]["after"]["critical"] < found["standing"]["before"]["critical"]
    assert found["changed"]
    assert "kernel.config" in found["beside"]
    assert "u-boot.config" in found["beside"]
    root = open_tree(first / "rootfs.tar").tree
    assert all(root.lstat(row["path"]) is not None for row in found["changed"])
    assert all(root.lstat(path) is None for path in found["removed"])
    firmward("harden", first / "rootfs.tar", "-p", POLICY, "--unsafe", "-o", again)
    assert (manifest(again)["changed"], manifest(again)["removed"]) == ([], [])


def test_safe_cures_alone_break_nothing_either(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    called = firmward("harden", image, "-p", POLICY, "-o", tmp_path / "out")
    found = manifest(tmp_path / "out")
    assert (called.code, found["broken"]) == (0, []), called.out
    assert [row["check"] for row in found["findings"] if row["fate"] == "kept"] == []
