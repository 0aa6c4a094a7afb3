"""What a device keeps between two looks."""

import os
from pathlib import Path

import pytest

from firmward.model.errors import DeviceError
from firmward.trust.store import LIMIT, Store


def test_what_is_kept_is_recalled_and_dropped(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "folder")
    assert store.recall("a/..") is None
    store.drop("a/..")
    store.keep("a/..", b"one")
    store.keep("a/..", b"two")
    assert store.recall("a/..") == b"two"
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a%2F...json"]
    store.drop("a/..")
    assert store.recall("a/..") is None


def test_what_is_too_big_to_be_ours_is_fetched_again(tmp_path: Path) -> None:
    with (tmp_path / "snapshot.json").open("wb") as file:
        file.truncate(LIMIT + 1)
    assert Store(tmp_path).recall("snapshot") is None


def test_a_power_cut_leaves_the_old_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.keep("root", b"old")

    def cut(*_: object) -> None:
        raise OSError(5, "the power is gone")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(DeviceError, match="cannot be written"):
        store.keep("root", b"new")
    assert store.recall("root") == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeviceError):
        Store(tmp_path / "file" / "state").keep("root", b"")
    with pytest.raises(DeviceError):
        Store(tmp_path / "file" / "state").drop("root")
