"""A folder as a tree: closed, patient with what it may not read, and never waiting for a device."""

import os
from pathlib import Path

import pytest

from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.folder import FolderTree, Mounts
from firmward.model.tree import Kind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "etc/ssl").mkdir(parents=True)
    (root / "etc/passwd").write_text("inside\n")
    (tmp_path / "passwd").write_text("outside\n")
    return root


def test_entries_come_in_one_order_with_parents_first(folder: Path) -> None:
    (folder / "bin").mkdir()
    (folder / "bin/sh").symlink_to("busybox")
    entries = list(FolderTree(folder).entries())
    assert [entry.path for entry in entries] == ["bin", "bin/sh", "etc", "etc/passwd", "etc/ssl"]
    assert entries[1].target == "busybox"


def test_a_file_that_is_left_out_is_not_there(folder: Path) -> None:
    (folder / "etc/group").touch()
    tree = FolderTree(folder, without=("etc/passwd",))
    assert [entry.path for entry in tree.entries()] == ["etc", "etc/group", "etc/ssl"]
    assert tree.names("etc") == ("group", "ssl")
    assert tree.lstat("etc/passwd") is None


def test_links_stay_inside(folder: Path, tmp_path: Path) -> None:
    (folder / "up").symlink_to("../../../../../../../../etc/passwd")
    (folder / "absolute").symlink_to("/etc/passwd")
    (folder / "leave").symlink_to(tmp_path)
    tree = FolderTree(folder)
    assert tree.read("up") == b"inside\n"
    assert tree.read("absolute") == b"inside\n"
    assert tree.read("leave/passwd") is None
    assert tree.lstat("leave/passwd") is None
    assert tree.names("leave") == ()


def test_a_folder_swapped_for_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    tree = FolderTree(folder)
    entry = tree.lstat("etc/passwd")
    (folder / "etc").rename(folder / "old")
    (folder / "etc").symlink_to(tmp_path)
    assert entry is not None
    assert list(tree.chunks(entry)) == [b"inside\n"]  # the folder that was opened, wherever it is now
    assert FolderTree(folder).lstat("etc/passwd") is None


def test_a_fifo_is_listed_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    tree = FolderTree(folder)
    entry = tree.lstat("fifo")
    assert entry is not None
    assert entry.kind is Kind.FIFO
    assert tree.read("fifo") is None
    with pytest.raises(Unavailable):
        list(tree.chunks(entry))


def test_a_file_that_vanished_is_unavailable(folder: Path) -> None:
    tree = FolderTree(folder)
    entry = tree.lstat("etc/passwd")
    (folder / "etc/passwd").unlink()
    assert entry is not None
    assert tree.lstat("etc/passwd") is None
    with pytest.raises(Unavailable):
        list(tree.chunks(entry))


@pytest.mark.parametrize("path", ["..", "etc/..", "etc/../../passwd", ".", "etc//passwd", "/", "a\0b"])
def test_odd_paths_name_nothing(folder: Path, path: str) -> None:
    tree = FolderTree(folder)
    assert tree.lstat(path) is None
    assert tree.names(path) == ()


def test_kernel_folders_are_walked_unless_something_is_mounted(folder: Path) -> None:
    (folder / "proc").mkdir()
    (folder / "proc/version").write_text("Linux\n")
    assert "proc/version" in [entry.path for entry in FolderTree(folder, Mounts.STAY).entries()]


def test_the_running_system_is_not_walked_into_proc() -> None:
    tree = FolderTree(Path("/"))
    if tree.lstat("proc/self") is None:
        pytest.skip("/proc is not mounted")
    assert tree.read("proc/version")
    top = [entry for entry in tree._children("") if entry.path == "proc"]
    assert len(top) == 1
    assert not tree._is_walked("proc")


def test_many_folders_need_few_descriptors(folder: Path) -> None:
    for number in range(200):
        (folder / f"d{number}").mkdir()
        (folder / f"d{number}/f").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    tree = FolderTree(folder)
    assert len(list(tree.entries())) == 403
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 50
    tree.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_processes_that_share_a_tree_each_see_all_of_it(folder: Path) -> None:
    names = [f"{number:03}" for number in range(400)]
    (folder / "etc/many").mkdir()
    for name in names:
        (folder / "etc/many" / name).touch()
    tree = FolderTree(folder)
    assert tree.names("etc/many") == tuple(names)  # its descriptor is open now, and goes to whoever is forked

    def misses() -> bool:
        return any(len(tree.names("etc/many")) != len(names) for _ in range(200))

    process = os.fork()
    if process == 0:
        os._exit(misses())
    assert not misses()
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def test_what_is_no_folder_is_an_input_error(folder: Path) -> None:
    with pytest.raises(InputError):
        FolderTree(folder / "etc/passwd")


def test_extended_attributes(folder: Path) -> None:
    try:
        os.setxattr(folder / "etc/passwd", "user.note", b"kept")
    except OSError:
        pytest.skip("the file system has no user attributes")
    entry = FolderTree(folder).lstat("etc/passwd")
    assert entry is not None
    assert ("user.note", b"kept") in entry.xattrs
