"""A full disk: told before the work where it can be, and cleanly when it happens anyway."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmward.build import space
from firmward.model.errors import InputError

IN_A_SMALL_PLACE = """
import json, os, sys
from pathlib import Path
from firmward.build.data import write_data
from firmward.build.disk import PartitionContent, write_disk
from firmward.build.root import write_root
from firmward.build.trees import open_tree
from firmward.build.verity import write_verity
from firmward.model.errors import FirmwardError

source, place = Path(sys.argv[1]), Path(sys.argv[2])
noise = source / "noise"
steps = {
    "root": lambda: write_root(open_tree(source), place / "root", compression="gzip", epoch=0),
    "verity": lambda: write_verity(noise, place / "verity", product="camera", version="1"),
    "data": lambda: write_data(open_tree(source), place / "data", size=8 << 20, epoch=0, identity="camera"),
    "disk": lambda: write_disk(place / "disk", [PartitionContent("data", 4 << 20, noise)], identity="camera"),
}
told = {}
for name, step in steps.items():
    try:
        step()
        told[name] = "nothing"
    except FirmwardError as error:
        told[name] = f"{type(error).__name__}: {error}"
print(json.dumps([told, os.listdir(place)]))
"""


def test_every_step_tells_a_full_disk_and_leaves_nothing(tmp_path: Path) -> None:
    source, place = tmp_path / "source", tmp_path / "place"
    source.mkdir()
    place.mkdir()
    (source / "noise").write_bytes(os.urandom(3 << 20))
    script = f'mount -t tmpfs -o size=1m tmpfs {place} && exec "$0" "$@"'
    inside = ["unshare", "-Urm", "sh", "-c", script]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this kernel gives no namespaces to users")
    command = [*inside, sys.executable, "-c", IN_A_SMALL_PLACE, str(source), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    told, left = json.loads(done.stdout)
    assert left == []
    for name in ("root", "verity", "data", "disk"):
        assert told[name].startswith("InputError: "), told
        assert "the disk is full" in told[name]
        assert "make room and build again" in told[name]
        assert "\n" not in told[name]


def test_too_little_room_is_told_before_the_work(tmp_path: Path) -> None:
    space.require(tmp_path, 0)
    with pytest.raises(InputError, match=r"the build needs 1099511627792 MiB there, and \d+ MiB are free"):
        space.require(tmp_path, 1 << 60)
    with pytest.raises(InputError, match="No such file or directory"):
        space.require(tmp_path / "none", 0)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    with space.beside(tmp_path / "file") as place:
        place.write_bytes(b"whole")
        assert not (tmp_path / "file").exists()
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, InputError])
def test_what_was_there_stays_when_the_work_is_broken_off(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "file").write_bytes(b"before")

    def broken_off() -> None:
        with space.beside(tmp_path / "file") as place:
            place.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        broken_off()
    assert (tmp_path / "file").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    def write() -> None:
        with space.beside(tmp_path / "none/file") as place:
            place.write_bytes(b"")

    with pytest.raises(InputError, match=r"none/file: cannot be written: No such file or directory"):
        write()
