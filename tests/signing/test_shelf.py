"""A folder from a stranger's stick: nothing leads out of it, and what is written is there whole or not at all."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmward.model.errors import InputError
from firmward.signing.shelf import Beginning, Digest, Shelf


def digest(data: bytes) -> Digest:
    return Digest(len(data), hashlib.sha256(data).hexdigest())


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.write("a/b/file", [b"one ", b"two"], digest(b"one two"))
    assert shelf.content("a/b/file", 7) == b"one two"
    assert shelf.digest("a/b/file") == digest(b"one two")
    assert (shelf.size("a/b/file"), shelf.names("a")) == (7, ("a/b/file",))
    assert shelf.has("a/b/file")
    assert not shelf.has("a/c/file")


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "", "a//b", "a/./b", "a\0b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "shelf/a").mkdir(parents=True)
    shelf = Shelf(tmp_path / "shelf")
    for act in (lambda: shelf.content(name, 99), lambda: shelf.write(name, [b"x"]), lambda: list(shelf.pieces(name))):
        with pytest.raises(InputError):
            act()
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize("place", ["file", "folder/secret"])
def test_no_link_leads_out_of_the_folder(tmp_path: Path, place: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/secret").write_text("secret")
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf/file").symlink_to(tmp_path / "out/secret")
    (tmp_path / "shelf/folder").symlink_to(tmp_path / "out")
    shelf = Shelf(tmp_path / "shelf")
    for act in (lambda: shelf.content(place, 99), lambda: shelf.has(place), lambda: shelf.size(place)):
        with pytest.raises(InputError, match="link"):
            act()
    if "/" in place:
        with pytest.raises(InputError):
            shelf.write(place, [b"changed"])
    else:
        shelf.write(place, [b"changed"])  # takes the link's place
    assert (tmp_path / "out/secret").read_text() == "secret"


def test_a_pipe_is_not_waited_for_and_a_folder_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(InputError, match="no regular file"):
            Shelf(tmp_path).content(name, 99)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match="larger than 99 bytes"):
        Shelf(tmp_path).content("file", 99)


def test_what_is_not_as_expected_leaves_what_was_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.write("file", [b"old"])
    with pytest.raises(InputError, match="not what was signed"):
        shelf.write("file", [b"another"], digest(b"new"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert shelf.content("file", 9) == b"old"


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """The limit on the size of files stands for it: the system refuses a write half-way."""
    (tmp_path / "file").write_bytes(b"old")
    code = (
        f"import resource\nfrom pathlib import Path\nfrom firmward.signing.shelf import Shelf\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        f"Shelf(Path({str(tmp_path)!r})).write('file', [b'x' * 4096] * 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "InputError" in done.stderr
    assert "cannot be written" in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"old"}


def test_what_is_taken_is_linked_or_copied_and_never_a_link(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"payload")
    (tmp_path / "link").symlink_to(tmp_path / "source")
    (tmp_path / "shelf").mkdir()
    shelf = Shelf(tmp_path / "shelf")
    assert shelf.take("blobs/one", Beginning(tmp_path / "source")) == digest(b"payload")
    with pytest.raises(InputError, match="no regular file"):
        shelf.take("blobs/two", Beginning(tmp_path / "link"))


def test_only_the_beginning_of_a_file_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"payload and the rest")
    (tmp_path / "shelf").mkdir()
    shelf = Shelf(tmp_path / "shelf")
    assert shelf.take("blobs/one", Beginning(tmp_path / "source", 7)) == digest(b"payload")
    assert Shelf(tmp_path).digest("source", 7) == digest(b"payload")
