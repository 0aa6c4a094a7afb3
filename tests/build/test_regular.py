"""Small files whose names somebody else has chosen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import firmward
from firmward.build.regular import content, is_inside, linked_content
from firmward.model.errors import InputError


def test_a_file_is_read_whole_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345678")
    assert content(path, 8) == linked_content(path, 8) == b"12345678"
    with pytest.raises(InputError, match="larger than 7 bytes"):
        content(path, 7)


def test_a_link_is_followed_only_where_the_user_named_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert linked_content(tmp_path / "link", 8) == b"x"
    with pytest.raises(InputError, match="is a link; put the file itself there"):
        content(tmp_path / "link", 8)


def test_nothing_is_waited_for_and_nothing_without_end_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        code = f"""
from pathlib import Path
from firmward.build.regular import linked_content
from firmward.model.errors import InputError
try:
    linked_content(Path({str(path)!r}), 1 << 20)
except InputError as error:
    print(error)
"""
        environment = {**os.environ, "PYTHONPATH": str(Path(firmward.__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=10, check=False
        )
        assert done.stdout == f"{path}: is no regular file\n"


@pytest.mark.parametrize("name", ["", "..", "../out/file", "/etc/passwd", "none", "link", "far/file", "folder", "pipe"])
def test_what_is_not_a_file_of_the_folder_is_outside(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    (out / "folder").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for path in (out / "file", out / "folder" / "file", tmp_path / "elsewhere" / "file"):
        path.write_bytes(b"x")
    (out / "link").symlink_to("file")
    (out / "far").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(out / "pipe")
    assert is_inside(out, "file")
    assert is_inside(out, "folder/file")
    assert not is_inside(out, name)
