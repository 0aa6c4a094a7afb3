"""A tree as a tar stream: what is carried over, in which order, and what is refused."""

import io
import os
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from root_sample import CAPABILITY, EPOCH, OLD, add, write_tar

from firmward.build import tar_stream
from firmward.build.trees import FOLDER, Given, open_tree
from firmward.model.errors import InputError
from firmward.model.folder import FolderTree
from firmward.model.tree import Entry

IS_ROOT = os.geteuid() == 0


def streamed(given: Given) -> dict[str, tarfile.TarInfo]:
    out = io.BytesIO()
    tar_stream.write(given, out, EPOCH)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        return {header.name: header for header in archive}


def test_an_archive_comes_out_sorted_and_otherwise_as_it_was(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "root.tar")
    found = streamed(open_tree(path))
    assert list(found) == sorted(found, key=lambda name: os.fsencode(name).split(b"/"))
    with tarfile.open(path) as archive:
        for before in archive:
            after = found[before.name]
            assert (after.type, after.mode, after.uid, after.gid) == (before.type, before.mode, before.uid, before.gid)
            assert (after.size, after.linkname) == (before.size, before.linkname)
            assert (after.devmajor, after.devminor) == (before.devmajor, before.devminor)
    note = found["srv"].pax_headers["SCHILY.xattr.user.note"]
    assert note.encode("utf-8", "surrogateescape") == b"a=\n\xff\0"


class Reversed(FolderTree):
    """A tree as some other format lists it: the top first, from the last name on."""

    def entries(self) -> Iterator[Entry]:
        listed = sorted(super().entries(), key=lambda entry: entry.path, reverse=True)
        return iter(sorted(listed, key=lambda entry: entry.path.count("/")))


def test_the_order_that_a_format_lists_in_does_not_count(tmp_path: Path) -> None:
    for name in ("a", "a-b", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"")
    found = streamed(Given(tmp_path, FOLDER, Reversed(tmp_path)))
    assert list(found) == ["a", "a/file", "a-b", "a-b/file", "b", "b/file"]


def test_no_time_is_later_than_the_epoch(tmp_path: Path) -> None:
    found = streamed(open_tree(write_tar(tmp_path / "root.tar")))
    assert found["bin/ping"].mtime == OLD
    assert found["sbin/init"].mtime == EPOCH


def test_the_times_of_a_folder_are_the_epoch(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    os.utime(tmp_path / "file", (OLD, OLD))
    assert streamed(open_tree(tmp_path))["file"].mtime == EPOCH


@pytest.mark.skipif(not IS_ROOT, reason="only root gives files away")
def test_below_a_users_folder_everything_is_roots_and_below_roots_owners_count(tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"")
    os.chown(tmp_path / "own", 1000, 1000)
    os.chown(tmp_path / "other", 42, 43)
    found = streamed(open_tree(tmp_path))
    assert [(found[name].uid, found[name].gid) for name in ("own", "other")] == [(1000, 1000), (42, 43)]
    os.chown(tmp_path, 1000, 1000)
    found = streamed(open_tree(tmp_path))
    assert [(found[name].uid, found[name].gid) for name in ("own", "other")] == [(0, 0), (0, 0)]


def test_hard_links_of_a_folder_stay_links(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "second").write_bytes(b"content")
    (tmp_path / "a").hardlink_to(tmp_path / "b" / "second")
    found = streamed(open_tree(tmp_path))
    assert found["a"].isreg()
    assert found["b/second"].islnk()
    assert found["b/second"].linkname == "a"


@pytest.mark.skipif(not IS_ROOT, reason="only root gives capabilities")
def test_a_folders_capabilities_stay_and_this_machines_labels_do_not(tmp_path: Path) -> None:
    (tmp_path / "ping").write_bytes(b"")
    os.setxattr(tmp_path / "ping", "security.capability", CAPABILITY)
    os.setxattr(tmp_path / "ping", "security.selinux", b"unconfined_u:object_r:user_home_t:s0")
    assert list(streamed(open_tree(tmp_path))["ping"].pax_headers) == ["SCHILY.xattr.security.capability"]


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "control"))
        with pytest.raises(InputError, match=r"'control' is a socket, .*remove it"):
            streamed(open_tree(tmp_path))


def test_an_access_list_of_an_image_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "root.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "etc/guarded", b"x", xattrs={"system.posix_acl_access": b"\2\0\0\0"})
    with pytest.raises(InputError, match=r"'etc/guarded' has system\.posix_acl_access, which the image cannot carry"):
        streamed(open_tree(tmp_path / "root.tar"))


class Changing(FolderTree):
    """A folder one of whose files another process writes to meanwhile."""

    def __init__(self, path: Path, change: bytes) -> None:
        super().__init__(path)
        self._path = path
        self._change = change

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        (self._path / entry.path).write_bytes(self._change)
        yield from super().chunks(entry)


@pytest.mark.parametrize("change", [b"", b"longer than it was", b"cut"])
def test_a_file_that_changes_is_refused(tmp_path: Path, change: bytes) -> None:
    (tmp_path / "log").write_bytes(b"before")
    given = Given(tmp_path, FOLDER, Changing(tmp_path, change))
    with pytest.raises(InputError, match="'log' changed while it was read; build again"):
        streamed(given)


def test_a_file_that_is_written_anew_with_the_same_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"before")
    os.utime(tmp_path / "log", (OLD, OLD))
    given = Given(tmp_path, FOLDER, Changing(tmp_path, b"behind"))
    with pytest.raises(InputError, match="'log' changed while it was read; build again"):
        streamed(given)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "root.tar")
    given = open_tree(archive)
    whole = archive.read_bytes()
    with tarfile.open(archive) as opened:
        place = opened.getmember("bin/ping").offset_data
    (tmp_path / "cut.tar").write_bytes(whole[: place + 100])
    with pytest.raises(InputError, match="cut off"):
        streamed(open_tree(tmp_path / "cut.tar"))
    assert streamed(given)


def as_nobody(action: object) -> str:
    """What an action raises when a normal user does it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgid(65534)
            os.setuid(65534)
            action()  # type: ignore[operator]
            os.write(writer, b"nothing")
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode()[:4000])
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        said = told.read().decode()
    os.waitpid(child, 0)
    return said


@pytest.mark.skipif(not IS_ROOT, reason="root becomes another user here")
def test_files_and_folders_that_may_not_be_read_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, *list(tmp_path.parents)[:3]):
        path.chmod(0o755)
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "secret").write_bytes(b"x")
    (tmp_path / "file" / "secret").chmod(0o600)
    (tmp_path / "folder" / "closed").mkdir(parents=True)
    (tmp_path / "folder" / "closed").chmod(0o700)
    of_file = as_nobody(lambda: streamed(open_tree(tmp_path / "file")))
    of_folder = as_nobody(lambda: streamed(open_tree(tmp_path / "folder")))
    assert of_file.startswith("InputError: ")
    assert "'secret' cannot be read" in of_file
    assert of_folder.startswith("InputError: ")
    assert "'closed': the folder cannot be read" in of_folder
