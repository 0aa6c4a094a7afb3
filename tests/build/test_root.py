"""The root file system of a slot, beside what unsquashfs says of it."""

import gzip
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import pytest
from program import find_program, run_program
from root_sample import CAPABILITY, EPOCH, LATE, OLD, add, write_ext4, write_squashfs, write_tar

from firmward.build import program
from firmward.build.root import write_root
from firmward.build.trees import Given, open_tree
from firmward.model.errors import InputError, ToolError
from firmward.model.tree import Entry, Kind

COMPRESSIONS = ("xz", "gzip", "lz4", "zstd")


def listed(image: Path) -> dict[str, tuple[str, str, str]]:
    """By path: mode, owner, and size or device number, in the witness's words."""
    text = run_program([find_program("unsquashfs") or "unsquashfs", "-lln", str(image)]).stdout
    found = {}
    for line in text.split(b"\n"):
        words = os.fsdecode(line).split()
        if len(words) > 4 and "squashfs-root" in line.decode("utf-8", "surrogateescape"):
            numbers = words[2] + words[3] if words[2].endswith(",") else words[2]
            found[os.fsdecode(line).partition("squashfs-root")[2]] = (words[0], words[1], numbers)
    return found


def entries(given: Given) -> dict[str, Entry]:
    return {entry.path: entry for entry in given.tree.entries()}


def contents(given: Given) -> dict[str, bytes]:
    return {entry.path: b"".join(given.tree.chunks(entry)) for entry in given.tree.entries() if entry.kind is Kind.FILE}


def assert_are_one_file(made: Given) -> None:
    assert made.tree.identity("bin/ping") is not None
    assert made.tree.identity("bin/ping") == made.tree.identity("bin/ping6")
    command = ["unsquashfs", "-q", "-no-progress", "-d", f"{made.path}.out", str(made.path), "bin"]
    run_program([find_program(command[0]) or command[0], *command[1:]])
    assert Path(f"{made.path}.out/bin/ping").stat().st_nlink == 2


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tar(tmp_path_factory.mktemp("sample") / "root.tar")


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_owners_modes_devices_links_and_capabilities_of_an_archive_survive(
    sample: Path, tmp_path: Path, compression: str
) -> None:
    out = tmp_path / "root"
    source = open_tree(sample)
    write_root(source, out, compression=compression, epoch=EPOCH)
    made = open_tree(out)
    for path, entry in entries(source).items():
        found = entries(made)[path]
        assert (found.kind, found.mode, found.uid, found.gid) == (entry.kind, entry.mode, entry.uid, entry.gid)
        assert (found.device, found.target, found.xattrs) == (entry.device, entry.target, entry.xattrs)
        assert found.mtime == min(entry.mtime, EPOCH)
    assert contents(made) == contents(source)
    assert_are_one_file(made)
    superblock = run_program([find_program("unsquashfs") or "unsquashfs", "-s", str(out)]).stdout.decode()
    assert f"Compression {compression}" in superblock
    assert "2023" in superblock.partition("last append time")[2].splitlines()[0]


def test_the_witness_sees_the_same(sample: Path, tmp_path: Path) -> None:
    write_root(open_tree(sample), tmp_path / "root", compression="gzip", epoch=EPOCH)
    found = listed(tmp_path / "root")
    assert found[""][:2] == ("drwxr-xr-x", "0/0")
    assert found["/sbin/init"][0] == "-rwsr-xr-x"
    assert found["/etc/shadow"][:2] == ("-rw-r-----", "0/42")
    assert found["/dev/null"] == ("crw-rw-rw-", "0/0", "1,3")
    assert found["/srv"][:2] == ("drwxrwxrwt", "1000/70000")
    command = ["unsquashfs", "-q", "-no-progress", "-d", str(tmp_path / "out"), str(tmp_path / "root"), "bin"]
    run_program(command)
    assert (tmp_path / "out/bin/ping").stat().st_nlink == 2
    if os.geteuid() == 0:
        assert os.getxattr(tmp_path / "out/bin/ping", "security.capability") == CAPABILITY


def test_a_squashfs_of_another_compression_gives_what_the_witness_saw_in_it(sample: Path, tmp_path: Path) -> None:
    source = write_squashfs(sample, tmp_path / "source", "gzip")
    write_root(open_tree(source), tmp_path / "root", compression="zstd", epoch=LATE)
    before, after = listed(source), listed(tmp_path / "root")
    assert {path: row for path, row in before.items() if path} == {path: row for path, row in after.items() if path}
    assert entries(open_tree(tmp_path / "root")) == entries(open_tree(source))
    assert_are_one_file(open_tree(tmp_path / "root"))


def test_a_squashfs_of_the_wanted_compression_is_taken_as_it_is(sample: Path, tmp_path: Path) -> None:
    source = write_squashfs(sample, tmp_path / "source", "zstd")
    write_root(open_tree(source), tmp_path / "root", compression="zstd", epoch=EPOCH)
    kept = (tmp_path / "root").read_bytes()
    assert source.read_bytes().startswith(kept)
    assert contents(open_tree(tmp_path / "root")) == contents(open_tree(source))


def test_an_ext4_image_survives(tmp_path: Path) -> None:
    source = open_tree(write_ext4(tmp_path / "ext4", tmp_path))
    write_root(source, tmp_path / "root", compression="gzip", epoch=EPOCH)
    found = entries(open_tree(tmp_path / "root"))
    ping = found["bin/ping"]
    assert (ping.mode, ping.uid, ping.gid, ping.mtime) == (0o4755, 7, 70000, OLD)
    assert ping.xattrs == (("security.capability", CAPABILITY),)
    assert (found["dev/null"].device, found["dev/disk"].device) == ((1, 3), (259, 300))
    assert found["link"].target == "bin/ping"
    made = open_tree(tmp_path / "root")
    assert_are_one_file(made)
    assert made.tree.read("bin/ping6") == b"ping" * 5000


def test_a_packed_archive_is_opened(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "root.tar.gz").write_bytes(gzip.compress(sample.read_bytes()))
    write_root(open_tree(tmp_path / "root.tar.gz"), tmp_path / "packed", compression="gzip", epoch=EPOCH)
    write_root(open_tree(sample), tmp_path / "plain", compression="gzip", epoch=EPOCH)
    assert (tmp_path / "packed").read_bytes() == (tmp_path / "plain").read_bytes()


def folder(path: Path, names: list[str]) -> Path:
    """The same files, put there in another order."""
    for name in names:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode() * 70_000)
        file.chmod(0o755 if name.startswith("bin") else 0o644)
    for one in path.rglob("*"):
        if one.is_dir():
            one.chmod(0o755)
    path.chmod(0o755)
    return path


NAMES = ["bin/one", "bin/two", "etc/three", "etc/a/b/four", "five"]


def test_the_same_files_in_another_folder_at_another_time_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = folder(tmp_path / "first", NAMES), folder(tmp_path / "elsewhere/second", NAMES[::-1])
    os.utime(second / "five", (OLD, OLD))
    write_root(open_tree(first), tmp_path / "1", compression="xz", epoch=EPOCH)
    time.sleep(1.1)  # the file system would carry the second of its making
    write_root(open_tree(second), tmp_path / "2", compression="xz", epoch=EPOCH)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_the_number_of_processors_changes_no_byte(tmp_path: Path) -> None:
    source = folder(tmp_path / "root", [f"etc/{number}" for number in range(40)])
    write_root(open_tree(source), tmp_path / "1", compression="xz", epoch=EPOCH)
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    try:
        write_root(open_tree(source), tmp_path / "2", compression="xz", epoch=EPOCH)
    finally:
        os.sched_setaffinity(0, processors)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="root becomes another user here")
def test_another_user_makes_the_same_bytes() -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        source = folder(place / "root", NAMES)
        write_root(open_tree(source), place / "by-root", compression="xz", epoch=EPOCH)
        child = os.fork()
        if not child:
            try:
                os.setgid(65534)
                os.setuid(65534)
                own = folder(place / "own", NAMES)
                write_root(open_tree(own), place / "by-another", compression="xz", epoch=EPOCH)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert (place / "by-another").stat().st_uid == 65534
        assert (place / "by-another").read_bytes() == (place / "by-root").read_bytes()
        assert listed(place / "by-another")[""][:2] == ("drwxr-xr-x", "0/0")


def test_a_root_folder_that_is_not_roots_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version of mksquashfs might make of it."""
    (tmp_path / "bin").mkdir()
    real = find_program("mksquashfs")
    (tmp_path / "bin/mksquashfs").write_text(f'#!/bin/sh\nexec {real} "$@" -root-mode 0775\n')
    (tmp_path / "bin/mksquashfs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(ToolError, match="did not make the root folder root's with mode 0755"):
        write_root(open_tree(folder(tmp_path / "root", NAMES)), tmp_path / "out", compression="gzip", epoch=EPOCH)


def test_what_cannot_be_carried_over_leaves_nothing_behind_and_is_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "root.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "etc/a", b"x" * 3_000_000)
        add(archive, "etc/guarded", b"x", xattrs={"system.posix_acl_access": b"\2\0\0\0"})
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InputError, match=r"'etc/guarded' has system\.posix_acl_access"):
        write_root(open_tree(tmp_path / "root.tar"), out / "root", compression="gzip", epoch=EPOCH)
    assert list(out.iterdir()) == []


def test_a_program_that_ends_early_is_told_and_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/mksquashfs").write_text("#!/bin/sh\nhead -c 1000 >/dev/null\necho broken >&2\nexit 1\n")
    (tmp_path / "bin/mksquashfs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    source = folder(tmp_path / "root", [f"etc/{number}" for number in range(40)])
    with pytest.raises(program.ProgramError, match="mksquashfs ended with code 1: broken"):
        write_root(open_tree(source), tmp_path / "out", compression="gzip", epoch=EPOCH)
    assert not (tmp_path / "out").exists()


MEMORY = """
import re, sys
from pathlib import Path
from firmward.build.root import write_root
from firmward.build.trees import open_tree
given = open_tree(Path(sys.argv[1]))
write_root(given, Path(sys.argv[2]), compression="lz4", epoch=0)
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10)
"""


def test_a_large_file_is_never_in_memory(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with (tmp_path / "root/large").open("wb") as file:
        file.truncate(300 << 20)
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "root"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert int(done.stdout) < 150


def test_a_root_that_is_not_whole_is_refused(sample: Path, tmp_path: Path) -> None:
    image = bytearray(write_squashfs(sample, tmp_path / "source").read_bytes())
    whole = open_tree(tmp_path / "source")
    table = whole.tree.superblock.directory_table  # type: ignore[attr-defined]
    image[table + 4 : table + 40] = bytes(36)
    (tmp_path / "damaged").write_bytes(image)
    with pytest.raises(InputError, match=r"damaged: (not all of it can|cannot) be read"):
        open_tree(tmp_path / "damaged")


def test_what_is_no_file_system_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(4096))
    with pytest.raises(InputError, match="is no folder and no image of a file system that is known"):
        open_tree(tmp_path / "noise")
    with pytest.raises(InputError, match="No such file"):
        open_tree(tmp_path / "none")
    with pytest.raises(InputError, match="File name too long"):
        open_tree(tmp_path / ("n" * 300))
    packed = (tmp_path / "noise").read_bytes()
    for _ in range(6):
        packed = gzip.compress(packed)
    (tmp_path / "often.gz").write_bytes(packed)
    with pytest.raises(InputError, match="packed more than 4 times over"):
        open_tree(tmp_path / "often.gz")
