"""A stick with a maker's repository, read back by mtools."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.build.client.starts.loop import LABEL
from firmward.lab.means import update_stick
from firmward.lab.means.memory_card import SECTOR, START
from firmward.lab.updating.way import stick
from firmward.model.errors import InputError

pytestmark = pytest.mark.skipif(shutil.which("mcopy") is None, reason="mtools are missing")
FILES = {
    "metadata/1.root.json": b"{}",
    "metadata/17.camera.stable.json": b"{" + b" " * 9000 + b"}",
    f"targets/blobs/{'ab' * 32}": os.urandom(300_000),
    "targets/camera/stable/x.json": b"",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "repository"


def test_the_whole_repository_is_on_it(repository: Path, tmp_path: Path) -> None:
    made = stick(repository, tmp_path)
    place = f"{made.image}@@{START * SECTOR}"
    (tmp_path / "back").mkdir()
    subprocess.run(["mcopy", "-s", "-n", "-i", place, "::*", tmp_path / "back"], check=True, capture_output=True)
    found = {str(path.relative_to(tmp_path / "back")): path for path in (tmp_path / "back").rglob("*")}
    assert {name: found[name].read_bytes() for name in FILES} == FILES
    label = subprocess.run(["mlabel", "-s", "-i", place, "::"], check=True, capture_output=True, text=True).stdout
    assert LABEL in label
    assert made.metadata == sum(len(content) for name, content in FILES.items() if name.startswith("metadata/"))


def test_what_is_too_big_for_one_is_refused(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update_stick, "LARGEST", 100_000)
    with pytest.raises(InputError, match="has 0 MiB, and a stick of the lab 0"):
        stick(repository, tmp_path)
