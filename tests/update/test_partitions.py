"""The disk of this machine: partitions by name, read as the disk has them, and written only where nobody else does."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.update import partitions
from firmward.update.partitions import Partitions

SIZE = 10_000
"""No multiple of anything."""
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for loop devices")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "boot_b.img"
    path.write_bytes(bytes(range(250)) * 40)
    return path


@pytest.fixture
def disk(file: Path) -> Iterator[Partitions]:
    made = Partitions({"boot_b": (file,)})
    yield made
    made.close()


@pytest.fixture(params=["past the cache", "through the cache"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """On a file system that knows O_DIRECT, and on one that does not."""
    if request.param == "through the cache":
        real = os.open

        def refuses(path: Path, flags: int, *rest: int) -> int:
            if flags & os.O_DIRECT:
                raise OSError(errno.EINVAL, "Invalid argument")
            return real(path, flags, *rest)

        monkeypatch.setattr(os, "open", refuses)
    return str(request.param)


def test_what_is_written_and_synced_is_read_back(reading: str, disk: Partitions, file: Path) -> None:
    assert disk.write("boot_b", 5, b"new") == 3
    disk.sync("boot_b")
    assert (disk.size("boot_b"), disk.read("boot_b", 4, 5)) == (SIZE, b"\x04new\x08")
    assert file.read_bytes()[5:8] == b"new"


@pytest.mark.parametrize(
    ("offset", "length", "came"),
    [
        (0, 1, 1),
        (0, SIZE, SIZE),
        (0, SIZE + 9000, SIZE),
        (4095, 2, 2),
        (4096, 4096, 4096),
        (SIZE - 1, 5, 1),
        (SIZE, 1, 0),
        (SIZE + 5000, 1, 0),
        (-1, 10, 0),
        (0, 0, 0),
        (7, -7, 0),
    ],
)
def test_reading_ends_where_the_partition_does(
    reading: str, disk: Partitions, offset: int, length: int, came: int
) -> None:
    content = bytes(range(250)) * 40
    assert disk.read("boot_b", offset, length) == content[max(offset, 0) : max(offset, 0) + came]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3 << 20), st.binary(min_size=1, max_size=64), st.integers(1, 2 << 20)), max_size=8
    )
)
def test_it_holds_what_a_row_of_bytes_would(steps: list[tuple[int, bytes, int]]) -> None:
    """Larger than what is read at once."""
    size = 3 << 20
    with scratch(size) as path:
        disk, model = Partitions({"root_b": (path,)}), bytearray(size)
        for offset, data, length in steps:
            if offset + len(data) <= size:
                assert disk.write("root_b", offset, data) == len(data)
                model[offset : offset + len(data)] = data
            begin = max(0, offset - length // 2)
            assert disk.read("root_b", begin, length) == model[begin : begin + length]
        disk.close()


@contextmanager
def scratch(size: int) -> Iterator[Path]:
    import tempfile

    with tempfile.NamedTemporaryFile(dir=Path(__file__).parents[2] / "build") as file:
        file.truncate(size)
        yield Path(file.name)


def test_nothing_is_written_behind_the_end(disk: Partitions, file: Path) -> None:
    for offset in (SIZE - 1, SIZE, 1 << 40):
        with pytest.raises(OSError, match="ends before that"):
            disk.write("boot_b", offset, b"ab")
    assert file.stat().st_size == SIZE


def test_a_partition_that_is_not_there_is_told_as_that(disk: Partitions) -> None:
    for ask in (disk.size, disk.sync):
        with pytest.raises(KeyError):
            ask("boot_c")


@pytest.mark.parametrize("kind", ["pipe", "folder", "terminal"])
def test_what_is_no_disk_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path = Path("/dev/null")
    with pytest.raises(OSError, match="no disk and no file"):
        Partitions({"boot_b": (path,)}).read("boot_b", 0, 1)


def test_no_descriptor_is_left_open_or_handed_on(file: Path) -> None:
    disk = Partitions({"boot_b": (file,)})
    disk.write("boot_b", 0, b"a")
    disk.read("boot_b", 0, 1)
    assert [os.get_inheritable(one) for one in descriptors(file)] == [False, False]
    disk.close()
    assert descriptors(file) == []


def descriptors(path: Path) -> list[int]:
    links = list(Path("/proc/self/fd").iterdir())
    return [int(one.name) for one in links if one.is_symlink() and one.readlink() == path]


class System:
    """A kernel's account of its disks: `devices` below `sys`, linked as the kernel does it."""

    def __init__(self, place: Path) -> None:
        self.sys, self.dev = place / "sys", place / "dev"
        self.number = 0
        for folder in ("class/block", "dev/block"):
            (self.sys / folder).mkdir(parents=True)
        self.dev.mkdir()

    def partition(self, disk: str, device: str, name: str) -> Path:
        place = self.sys / "devices" / disk / device
        place.mkdir(parents=True)
        (place / "partition").write_text("1\n")
        (place / "uevent").write_text(f"MAJOR=8\nDEVNAME={device}\nDEVTYPE=partition\nPARTNAME={name}\n")
        (self.sys / "class/block" / device).symlink_to(place)
        (self.dev / device).write_bytes(device.encode())
        return place

    def runs_from(self, place: Path, root: Path) -> None:
        number = root.stat().st_dev
        (self.sys / "dev/block" / f"{os.major(number)}:{os.minor(number)}").symlink_to(place)

    def layer(self, name: str, *below: Path) -> Path:
        """A device of device mapper above others."""
        place = self.sys / "devices/virtual" / name
        (place / "slaves").mkdir(parents=True)
        for one in below:
            (place / "slaves" / one.name).symlink_to(one)
        return place

    def found(self, root: Path) -> Partitions:
        return partitions.of_this_machine(self.sys, self.dev, root)


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def test_partitions_are_found_by_the_names_in_their_table(system: System, tmp_path: Path) -> None:
    system.partition("vda", "vda3", "boot_a")
    system.partition("vda", "vda5", "boot_b")
    (system.sys / "class/block/gone").symlink_to(tmp_path / "nowhere")
    assert system.found(tmp_path).read("boot_b", 0, 9) == b"vda5"
    assert "boot_c" not in system.found(tmp_path)


def test_a_card_with_partitions_of_the_same_names_is_not_written(system: System, tmp_path: Path) -> None:
    system.partition("sda", "sda1", "boot_b")
    own = system.partition("vda", "vda5", "boot_b")
    root = system.partition("vda", "vda4", "root_a")
    system.runs_from(system.layer("dm-1", system.layer("dm-0", root, own)), tmp_path)
    assert system.found(tmp_path).read("boot_b", 0, 9) == b"vda5"


@pytest.mark.parametrize("place", ["nowhere", "on both disks", "on a third one"])
def test_of_two_that_are_called_alike_none_is_taken_where_nothing_tells_them_apart(
    system: System, tmp_path: Path, place: str
) -> None:
    both = [system.partition("sda", "sda1", "boot_b"), system.partition("vda", "vda5", "boot_b")]
    if place == "on both disks":
        system.runs_from(system.layer("dm-0", *both), tmp_path)
    if place == "on a third one":
        system.runs_from(system.partition("nvme0n1", "nvme0n1p1", "other"), tmp_path)
    with pytest.raises(OSError, match="sda1 and vda5 are both called boot_b"):
        system.found(tmp_path).write("boot_b", 0, b"x")
    assert (system.dev / "sda1").read_bytes() == b"sda1"


def test_two_on_the_systems_own_disk_are_not_told_apart_either(system: System, tmp_path: Path) -> None:
    system.partition("vda", "vda5", "boot_b")
    system.runs_from(system.partition("vda", "vda6", "boot_b"), tmp_path)
    with pytest.raises(OSError, match="are both called"):
        system.found(tmp_path).size("boot_b")


def test_layers_that_go_round_end(system: System, tmp_path: Path) -> None:
    first = system.layer("dm-0")
    (first / "slaves" / "dm-0").symlink_to(first)
    system.runs_from(first, tmp_path)
    assert "boot_b" not in system.found(tmp_path)


def test_without_a_kernel_that_tells_there_are_none(tmp_path: Path) -> None:
    assert "boot_a" not in partitions.of_this_machine(tmp_path / "sys", tmp_path / "dev", tmp_path)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A block device and the file behind it."""
    file = tmp_path / "disk.img"
    with file.open("wb") as made:
        made.truncate(4 << 20)
    done = subprocess.run(["losetup", "--show", "--find", file], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no loop device: {done.stderr.strip()}")
    device = done.stdout.strip()
    try:
        yield Path(device), file
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@ROOT
def test_a_block_device_is_read_as_the_disk_has_it_and_not_as_it_is_remembered(loop: tuple[Path, Path]) -> None:
    device, file = loop
    disk = Partitions({"boot_b": (device,)})
    assert disk.size("boot_b") == 4 << 20
    disk.write("boot_b", 4096, b"written")
    disk.sync("boot_b")
    assert file.read_bytes()[4096:4103] == b"written"
    with file.open("r+b") as behind:  # the disk loses it, and the kernel does not know
        behind.seek(4096)
        behind.write(b"another")
    with device.open("rb") as remembered:
        remembered.seek(4096)
        assert remembered.read(7) == b"written"
    assert disk.read("boot_b", 4096, 7) == b"another"
    with pytest.raises(OSError, match="ends before that"):
        disk.write("boot_b", (4 << 20) - 1, b"ab")
    disk.close()


@ROOT
def test_what_is_mounted_is_read_and_never_written(loop: tuple[Path, Path], tmp_path: Path) -> None:
    device, _ = loop
    subprocess.run(["mkfs.ext4", "-q", device], check=True)
    place = tmp_path / "mounted"
    place.mkdir()
    subprocess.run(["mount", "-o", "ro", device, place], check=True)
    try:
        disk = Partitions({"root_a": (device,)})
        assert disk.read("root_a", 1080, 2) == b"\x53\xef"
        with pytest.raises(OSError, match="busy"):
            disk.write("root_a", 0, b"x")
        disk.close()
    finally:
        subprocess.run(["umount", place], check=True)


@ROOT
def test_what_device_mapper_holds_is_never_written(loop: tuple[Path, Path]) -> None:
    device, _ = loop
    name = f"firmward-test-{os.getpid()}"
    made = subprocess.run(["dmsetup", "create", name, "--table", f"0 8192 linear {device} 0"], capture_output=True)
    if made.returncode:
        pytest.skip("no device mapper here")
    try:
        with pytest.raises(OSError, match="busy"):
            Partitions({"root_a": (device,)}).write("root_a", 0, b"x")
    finally:
        subprocess.run(["dmsetup", "remove", "--retry", name], check=True)
