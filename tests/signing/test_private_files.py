"""Files that nobody else may read, from their first byte on."""

import os
from pathlib import Path

import pytest

from firmward.model.errors import InputError, TrustError
from firmward.signing import private_files


def test_a_file_is_never_readable_by_others_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = os.fsync

    def look(descriptor: int) -> None:
        seen.extend(path.lstat().st_mode & 0o777 for path in tmp_path.iterdir())
        real(descriptor)

    def born(path: object, flags: int, mode: int = 0o777, **rest: object) -> int:
        made = opened(path, flags, mode, **rest)  # type: ignore[arg-type]
        seen.extend(path.lstat().st_mode & 0o777 for path in tmp_path.iterdir())
        return made

    opened = os.open
    monkeypatch.setattr(os, "fsync", look)
    monkeypatch.setattr(os, "open", born)
    before = os.umask(0)
    try:
        private_files.write(tmp_path / "key", b"secret")
    finally:
        os.umask(before)
    assert len(seen) >= 2
    assert set(seen) == {0o600}
    assert private_files.read(tmp_path / "key") == b"secret"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    private_files.write(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        private_files.write(path, b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["key"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_with_rights_for_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    private_files.write(path, b"secret")
    path.chmod(mode)
    with pytest.raises(TrustError, match="chmod"):
        private_files.read(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    private_files.write(tmp_path / "key", b"secret")
    (tmp_path / "link").symlink_to("key")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("link", "pipe", "folder"):
        with pytest.raises(TrustError):
            private_files.read(tmp_path / name)
    with pytest.raises(InputError, match="not there"):
        private_files.read(tmp_path / "none")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    private_files.write(tmp_path / "key", b"x" * 100)
    with pytest.raises(InputError, match="larger than 99"):
        private_files.read(tmp_path / "key", limit=99)


def test_another_users_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private_files.write(tmp_path / "key", b"secret")
    owner = (tmp_path / "key").stat().st_uid
    if owner == 0:
        os.chown(tmp_path / "key", 4711, -1)
        owner = 4711
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(TrustError, match="another user"):
        private_files.read(tmp_path / "key")
