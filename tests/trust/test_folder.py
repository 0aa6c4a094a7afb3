"""A repository on a stick, which may be anybody's and anywhere else a moment later."""

import os
from pathlib import Path

import pytest

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.folder import Folder


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick" / "inner").mkdir(parents=True)
    (tmp_path / "stick" / "inner" / "file").write_bytes(b"content")
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "stick"


def test_a_file_is_read_up_to_its_bound(stick: Path) -> None:
    folder = Folder(stick)
    assert folder.read(("inner", "file"), 7) == b"content"
    assert b"".join(folder.stream(("inner", "file"), 3, 2)) == b"te"
    with pytest.raises(TrustError, match="more than the 6 bytes"):
        folder.read(("inner", "file"), 6)


def test_what_is_not_there_is_none(stick: Path) -> None:
    assert Folder(stick).read(("inner", "other"), 9) is None
    assert Folder(stick).read(("other", "file"), 9) is None
    with pytest.raises(DeviceError):
        list(Folder(stick).stream(("other",), 0, 9))


def test_a_stick_that_was_pulled_out_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="still there"):
        Folder(tmp_path / "gone").read(("file",), 9)


@pytest.mark.parametrize(
    "path", [("..", "secret"), ("../secret",), ("inner/file",), ("", "inner", "file"), ("in\0ner",), (".", "inner")]
)
def test_no_path_leads_out(stick: Path, path: tuple[str, ...]) -> None:
    assert Folder(stick).read(path, 99) is None


def test_no_link_is_followed(stick: Path) -> None:
    (stick / "link").symlink_to("../secret")
    (stick / "way").symlink_to("..", target_is_directory=True)
    for path in (("link",), ("way", "secret")):
        with pytest.raises(DeviceError):
            Folder(stick).read(path, 99)


def test_no_pipe_is_waited_for_and_a_folder_is_no_file(stick: Path) -> None:
    os.mkfifo(stick / "pipe")
    for path in (("pipe",), ("inner",)):
        with pytest.raises(DeviceError, match="regular"):
            Folder(stick).read(path, 99)
