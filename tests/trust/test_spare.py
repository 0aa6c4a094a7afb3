"""Files that are ready before the disk is full. The disk is a real ext4, mounted where the machine lets us."""

import json
import sys
from pathlib import Path

import pytest
from program import find_program, run_program

from firmward.trust import spare
from firmward.trust.files import FolderFiles
from firmward.trust.spare import SIZES
from firmward.trust.store import Store

FULL = """\
import json, os, sys
from pathlib import Path
from firmward.model.errors import DeviceError
from firmward.trust import spare
from firmward.trust.store import Store
from firmward.update import lock

disk, is_prepared, rounds = Path(sys.argv[1]), sys.argv[2] == "prepared", int(sys.argv[3])
folder = disk / "state"
store = Store(folder)
store.keep("journal", b"old" * 100)
if is_prepared:
    spare.prepare(folder)

def fill():
    for number in range(1 << 14):
        try:
            (disk / f"f{number}").touch()
        except OSError:
            break
    try:
        with (disk / "f0").open("ab", 0) as file:
            while file.write(bytes(512)):
                pass
    except OSError:
        pass

fill()
kept = 0
try:
    for number in range(rounds):
        store.keep("journal", b"%d" % number * 1000)
        fill()  # he takes all that is given back
        assert store.recall("journal") == b"%d" % number * 1000
        store.drop("installed-b")
        fill()
        store.keep("installed-b", b"%d" % number)
        fill()
        kept += 1
    with lock.held(folder), lock.awaited(folder):
        kept += 1
    said = ""
except DeviceError as error:
    said = str(error)
print(json.dumps([kept, said, sorted(os.listdir(folder))]))
"""
ROUNDS = 50
KEPT = ["installed-b.json", "journal.json", "loader.lock", "lock"]


FEW_INODES, FEW_BLOCKS = ("4M", "64"), ("1536K", "600")
"""Size and inodes of a file system of which the one or the other runs out first."""


def on_full_disk(mode: str, made: tuple[str, str], folder: Path) -> tuple[int, str, list[str]]:
    size, inodes = made
    image = folder / "disk"
    run_program([find_program("mke2fs") or "mke2fs", "-q", "-t", "ext4", "-N", inodes, "-m", "0", str(image), size])
    script = f"mount -o loop {image} /mnt && exec {sys.executable} -c '{FULL}' /mnt {mode} {ROUNDS}"
    done = run_program(["unshare", "-m", "sh", "-c", script])
    if done.returncode in (1, 32) and (b"unshare" in done.stderr or b"mount:" in done.stderr):
        pytest.skip("this machine lets us mount nothing")
    assert done.returncode == 0, done.stderr.decode()
    kept, said, names = json.loads(done.stdout)
    return kept, said, names


@pytest.mark.parametrize("made", [FEW_INODES, FEW_BLOCKS])
def test_who_has_spare_files_writes_on_a_full_disk_for_ever(made: tuple[str, str], tmp_path: Path) -> None:
    kept, said, names = on_full_disk("prepared", made, tmp_path)
    assert (kept, said) == (ROUNDS + 1, "")
    assert [name for name in names if not name.startswith(".spare-")] == KEPT


@pytest.mark.parametrize("made", [FEW_INODES, FEW_BLOCKS])
def test_who_has_none_is_told_so(made: tuple[str, str], tmp_path: Path) -> None:
    kept, said, names = on_full_disk("bare", made, tmp_path)
    assert kept < ROUNDS
    assert "No space left on device" in said
    assert "journal.json" in names, "what was kept is still there"


def test_a_folder_that_was_not_prepared_gets_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for content in (b"a", b"b"):
        store.keep("journal", content)
    store.drop("journal")
    assert list(tmp_path.iterdir()) == []


def test_while_there_is_room_they_stay_as_they_are(tmp_path: Path) -> None:
    spare.prepare(tmp_path)
    made = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    assert sorted(path.stat().st_size for path in tmp_path.iterdir()) == sorted(SIZES)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    store = Store(tmp_path)
    for content in (b"a", b"b"):
        store.keep("journal", content)
    store.drop("journal")
    spare.prepare(tmp_path)
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == made


def test_one_that_a_power_cut_left_with_two_names_is_not_written_to(tmp_path: Path) -> None:
    spare.prepare(tmp_path)
    (tmp_path / ".spare-0").unlink()
    (tmp_path / "journal.json").write_bytes(b"what was kept" * 1000)
    spare.leave(tmp_path / "journal.json")
    assert (tmp_path / ".spare-0").samefile(tmp_path / "journal.json")
    assert spare.take(tmp_path / "draft", 1)
    (tmp_path / "draft").write_bytes(b"")
    assert (tmp_path / "journal.json").read_bytes() == b"what was kept" * 1000
    assert not (tmp_path / ".spare-0").exists()


def test_one_without_blocks_that_has_two_names_is_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / ".spare-0").hardlink_to(tmp_path / "lock")
    spare.prepare(tmp_path)
    assert (tmp_path / "lock").stat().st_size == 0


def test_what_is_no_file_of_ours_is_not_taken(tmp_path: Path) -> None:
    spare.prepare(tmp_path)
    (tmp_path / "elsewhere").write_bytes(b"another's")
    for path in tmp_path.glob(".spare-*"):
        path.unlink()
        path.symlink_to(tmp_path / "elsewhere")
    assert not spare.take(tmp_path / "draft", 1)
    assert (tmp_path / "elsewhere").read_bytes() == b"another's"


def test_a_folder_that_nobody_may_write_to_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    spare.prepare(tmp_path / "file")
    spare.prepare(tmp_path / "file" / "folder")
    assert FolderFiles(tmp_path).read("file", 1) == b""
