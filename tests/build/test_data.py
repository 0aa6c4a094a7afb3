"""The data partition, beside what e2fsck and debugfs say of it."""

import os
import re
import tarfile
import tempfile
import time
from pathlib import Path

import pytest
from program import find_program, run_program
from root_sample import CAPABILITY, EPOCH, LATE, OLD, add, write_ext4

from firmward.build.data import BLOCK, least_size, write_data
from firmward.build.trees import open_tree
from firmward.model.errors import InputError, ToolError

SIZE = 8 << 20


def assert_is_sound(image: Path) -> None:
    done = run_program([find_program("e2fsck") or "e2fsck", "-fn", str(image)])
    assert done.returncode == 0, done.stdout


def told(image: Path, command: str) -> str:
    return run_program([find_program("debugfs") or "debugfs", "-R", command, str(image)]).stdout.decode()


def archive(path: Path) -> Path:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as out:
        add(out, "tls", mode=0o2750, owner=(0, 33))
        add(out, "tls/device.crt", b"certificate" * 1000, mode=0o640, owner=(33, 70000))
        add(out, "tls/again.crt", hard="tls/device.crt", mode=0o640, owner=(33, 70000))
        add(out, "late", b"", mtime=LATE)
        add(out, 'an odd "name"\n\udcff', b"odd", owner=(3_000_000_000, 0), xattrs={"user.note": b"\0\xff\n"})
        add(out, "helper", b"x", mode=0o4755, xattrs={"security.capability": CAPABILITY, "user.a": b""})
        add(out, "short", link="tls/device.crt", mode=0o777)
        add(out, "long", link="x" * 300, mode=0o777)
        add(out, "closed", mode=0o000)
        add(out, "closed/inside", b"y", mode=0o000)
        add(out, "queue", node="p", mode=0o600, owner=(5, 5))
    return path


def test_all_of_an_archive_survives(tmp_path: Path) -> None:
    source = open_tree(archive(tmp_path / "data.tar"))
    write_data(source, tmp_path / "data", size=SIZE, epoch=EPOCH, identity="camera")
    assert_is_sound(tmp_path / "data")
    assert (tmp_path / "data").stat().st_size == SIZE
    made = open_tree(tmp_path / "data")
    found = {entry.path: entry for entry in made.tree.entries()}
    for entry in source.tree.entries():
        same = found.pop(entry.path)
        assert (same.kind, same.mode, same.uid, same.gid) == (entry.kind, entry.mode, entry.uid, entry.gid)
        assert (same.target, same.xattrs, same.mtime) == (entry.target, entry.xattrs, min(entry.mtime, EPOCH))
    assert set(found) == {"lost+found"}
    assert made.tree.read("tls/again.crt") == b"certificate" * 1000
    assert made.tree.identity("tls/again.crt") == made.tree.identity("tls/device.crt")
    said = told(tmp_path / "data", "stat tls/device.crt")
    assert "Mode:  0640" in said
    assert "Links: 2" in said
    assert "User:    33   Group: 70000" in said


def test_without_data_the_file_system_is_empty_and_named(tmp_path: Path) -> None:
    write_data(None, tmp_path / "data", size=1 << 20, epoch=EPOCH, identity="camera")
    assert_is_sound(tmp_path / "data")
    assert [entry.path for entry in open_tree(tmp_path / "data").tree.entries()] == ["lost+found"]
    assert "Filesystem volume name:   data" in told(tmp_path / "data", "stats -h")
    assert "User:     0   Group:     0" in told(tmp_path / "data", "stat /")
    assert "Mode:  0755" in told(tmp_path / "data", "stat /")


@pytest.mark.parametrize(("size", "kept"), [(8 << 20, 8 * 5 * 1024 * 1024 // 100), (128 << 20, 2 << 20)])
def test_root_has_room_for_updates_where_services_fill_the_rest(tmp_path: Path, size: int, kept: int) -> None:
    write_data(None, tmp_path / "data", size=size, epoch=EPOCH, identity="camera")
    (blocks,) = re.findall(r"Reserved block count: +(\d+)", told(tmp_path / "data", "stats -h"))
    assert kept - 2 * BLOCK <= int(blocks) * BLOCK <= kept


def folder(path: Path, names: list[str]) -> Path:
    for name in names:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode() * 3000)
        file.chmod(0o600)
        file.parent.chmod(0o755)
    return path


NAMES = ["b/two", "a", "b/one", "c/d/e", "z"]


def test_the_same_files_in_another_folder_at_another_time_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = folder(tmp_path / "first", NAMES), folder(tmp_path / "elsewhere/second", NAMES[::-1])
    write_data(open_tree(first), tmp_path / "1", size=SIZE, epoch=EPOCH, identity="camera")
    os.utime(second / "a", (OLD, OLD))
    time.sleep(1.1)
    monkeypatch.setenv("MKE2FS_CONFIG", "/dev/null")
    write_data(open_tree(second), tmp_path / "2", size=SIZE, epoch=EPOCH, identity="camera")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_the_settings_of_this_machine_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's are like ours, others' have features that older kernels do not know."""
    (tmp_path / "bin").mkdir()
    real = find_program("mke2fs")
    (tmp_path / "bin/mke2fs").write_text(f'#!/bin/sh\ncp "$MKE2FS_CONFIG" {tmp_path}/settings\nexec {real} "$@"\n')
    (tmp_path / "bin/mke2fs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    write_data(None, tmp_path / "data", size=SIZE, epoch=EPOCH, identity="camera")
    listed = re.search("features = (.*)", (tmp_path / "settings").read_text())
    assert listed is not None
    stated = re.search("Filesystem features: *(.*)", told(tmp_path / "data", "stats -h"))
    assert stated is not None
    assert set(listed[1].split(",")) == set(stated[1].split())


@pytest.mark.skipif(os.geteuid() != 0, reason="root becomes another user here")
def test_another_user_makes_the_same_bytes() -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        source = folder(place / "data", NAMES)
        write_data(open_tree(source), place / "by-root", size=SIZE, epoch=EPOCH, identity="camera")
        child = os.fork()
        if not child:
            try:
                os.setgid(65534)
                os.setuid(65534)
                own = folder(place / "own", NAMES)
                write_data(open_tree(own), place / "by-another", size=SIZE, epoch=EPOCH, identity="camera")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert (place / "by-another").stat().st_uid == 65534
        assert (place / "by-another").read_bytes() == (place / "by-root").read_bytes()


def test_an_ext4_image_is_taken_as_it_is(tmp_path: Path) -> None:
    source = write_ext4(tmp_path / "source", tmp_path)
    write_data(open_tree(source), tmp_path / "data", size=16 << 20, epoch=EPOCH, identity="camera")
    assert (tmp_path / "data").read_bytes() == source.read_bytes()
    with pytest.raises(InputError, match=r"\[build\] data_size: the data have 8388608 bytes, .*at least 8M"):
        write_data(open_tree(source), tmp_path / "small", size=4 << 20, epoch=EPOCH, identity="camera")


def test_data_that_do_not_fit_name_the_key(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/large").write_bytes(os.urandom(3 << 20))
    assert least_size(open_tree(tmp_path / "data")) == 3 << 20
    for size in (2 << 20, 3 << 20):
        with pytest.raises(InputError, match=r"^\[build\] data_size: the data "):
            write_data(open_tree(tmp_path / "data"), tmp_path / "out", size=size, epoch=EPOCH, identity="camera")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_device_nodes_have_no_place_among_data(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "data.tar", "w") as out:
        add(out, "null", node="c", device=(1, 3))
    with pytest.raises(InputError, match="'null' is a device node, which has no place among data"):
        write_data(open_tree(tmp_path / "data.tar"), tmp_path / "out", size=SIZE, epoch=EPOCH, identity="camera")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.tar"]


def test_a_debugfs_that_does_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends well whatever its commands came to."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/debugfs").write_text("#!/bin/sh\n")
    (tmp_path / "bin/debugfs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    source = open_tree(archive(tmp_path / "data.tar"))
    with pytest.raises(ToolError, match=r"debugfs did not make .* what it shall be"):
        write_data(source, tmp_path / "out", size=SIZE, epoch=EPOCH, identity="camera")
