"""The initramfs as it starts a device: Debian's kernel in QEMU is the witness."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import virtual_device as device

from firmward.build.board import board
from firmward.build.initramfs import archive, make, modules
from firmward.build.initramfs.kernel import Kernel
from firmward.build.initramfs.make import Inputs, source
from firmward.build.initramfs.script import Health
from firmward.model.errors import InputError
from real import device_parts

EPOCH = 1764547200
HEALTHY = Health(("true",), 60)
GOING_ON = "firmward: going on to the system"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    device.require()
    return tmp_path_factory.mktemp("device")


@pytest.fixture(scope="module")
def root(place: Path) -> device.Root:
    return device.root(place, "system")


@pytest.fixture(scope="module")
def inputs(place: Path, root: device.Root) -> Inputs:
    return Inputs(
        board("qemu-arm64"),
        device_parts.image(),
        source(device_parts.tools(), "[build] tools"),
        source(root.path, "[build] rootfs"),
        HEALTHY,
        EPOCH,
    )


@pytest.fixture(scope="module")
def initramfs(place: Path, inputs: Inputs, root: device.Root) -> Path:
    return make.make(inputs, root.table, place / "initramfs")


@pytest.fixture(scope="module")
def whole(place: Path, inputs: Inputs) -> Path:
    return make.make_whole(inputs, place / "whole")


def said(word: str) -> Callable[[str], bool]:
    return lambda text: word in text


def boot(initramfs: Path, disk: Path, slot: str, until: str = GOING_ON) -> device.Run:
    return device.boot(initramfs, disk, f"firmward.slot={slot} {device.COMMAND_LINE}", said(until))


def test_a_device_verifies_its_root_goes_on_and_says_that_it_is_well(
    initramfs: Path, root: device.Root, tmp_path: Path
) -> None:
    disk = device.disk(tmp_path / "disk", root)
    run = boot(initramfs, disk, "b", "firmward: slot b is healthy")
    lines = ("firmward: root verified", GOING_ON, "firmward: slot b is healthy")
    assert [run.said.index(line) for line in lines] == sorted(run.said.index(line) for line in lines)
    assert device.request(disk) == b"good=b\n".ljust(512, b"\0")
    assert not run.ended


# what refuses: the slot that is asked for, what is done to the disk first, and what the device says


def flip(disk: Path, at: int) -> None:
    with disk.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


@pytest.mark.proof
@pytest.mark.parametrize("at", [device.ROOT_A + 8, device.ROOT_A + 200_000], ids=["superblock", "program"])
def test_a_changed_byte_that_is_read_ends_the_start(
    initramfs: Path, root: device.Root, tmp_path: Path, at: int
) -> None:
    disk = device.disk(tmp_path / "disk", root)
    flip(disk, at)
    run = boot(initramfs, disk, "a", "is healthy")
    assert "dm-verity device has I/O error" in run.said or "dm-verity device corrupted" in run.said
    assert run.ended
    assert device.request(disk) == bytes(512)


@pytest.mark.proof
def test_a_tree_that_was_changed_with_its_data_is_refused(
    initramfs: Path, root: device.Root, place: Path, tmp_path: Path
) -> None:
    other = device.root(tmp_path, "other", "# another system\n")
    disk = device.disk(tmp_path / "disk", other, root)
    run = boot(initramfs, disk, "a")
    assert run.ended
    assert GOING_ON not in run.said


@pytest.mark.proof
def test_a_wrong_root_hash_is_refused(inputs: Inputs, root: device.Root, tmp_path: Path) -> None:
    words = root.table.split()
    words[11] = words[11][:-1] + ("0" if words[11][-1] != "0" else "1")
    wrong = make.make(inputs, " ".join(words), tmp_path / "wrong")
    run = boot(wrong, device.disk(tmp_path / "disk", root), "a")
    assert run.ended
    assert GOING_ON not in run.said


@pytest.mark.proof
@pytest.mark.parametrize(
    ("line", "names", "told_is"),
    [
        ("firmward.slot=b", ("root_a", "other"), "firmward: there is no partition root_b"),
        ("firmward.slot=c", ("root_a", "root_b"), "firmward: the command line names no slot"),
        ("firmward.slot=c init=/bin/sh single rd.break break=top shell", ("root_a", "root_b"), "names no slot"),
    ],
)
def test_what_is_missing_starts_the_device_anew_without_a_shell(
    initramfs: Path, root: device.Root, tmp_path: Path, line: str, names: tuple[str, str], told_is: str
) -> None:
    disk = device.disk(tmp_path / "disk", root, names=names)
    run = device.boot(initramfs, disk, f"{line} {device.COMMAND_LINE}")
    assert told_is in run.said
    assert run.ended
    assert "# " not in run.said.splitlines()[-1]


@pytest.mark.proof
def test_words_for_other_initramfs_change_nothing(initramfs: Path, root: device.Root, tmp_path: Path) -> None:
    disk = device.disk(tmp_path / "disk", root)
    words = "firmward.slot=a init=/bin/sh root=/dev/vda2 rd.break break=bottom debug=1 1 single"
    run = device.boot(initramfs, disk, f"{words} {device.COMMAND_LINE}", said("slot a is healthy"))
    assert "firmward: slot a is healthy" in run.said


@pytest.mark.proof
@pytest.mark.parametrize(
    "command", ["false", "sleep 600", "test -e /etc/nowhere; exit 1"], ids=["fails", "never ends", "exits"]
)
def test_a_device_that_does_not_serve_its_purpose_starts_anew(
    inputs: Inputs, root: device.Root, tmp_path: Path, command: str
) -> None:
    unwell = make.make(replace(inputs, health=Health(("true", command), 4)), root.table, tmp_path / "unwell")
    disk = device.disk(tmp_path / "disk", root)
    run = boot(unwell, disk, "a", "is healthy")
    assert "firmward: slot a is not healthy after 4 seconds" in run.said
    assert run.ended
    assert device.request(disk) == bytes(512)


@pytest.mark.proof
def test_a_command_of_health_is_run_in_the_system_as_it_is_written(
    inputs: Inputs, root: device.Root, tmp_path: Path
) -> None:
    nasty = "[ \"$(cat /etc/passwd)\" = 'root:x:0:0::/:/bin/sh' ] && [ '`x` $HOME @SECONDS@ \\1' != \"\\\\\" ]"
    asked = make.make(replace(inputs, health=Health((nasty, "cat /etc/inittab |\n[ -e /sbin/init ]"), 20)), root.table,
                      tmp_path / "asked")  # fmt: skip
    run = boot(asked, device.disk(tmp_path / "disk", root), "a", "is healthy")
    assert "firmward: slot a is healthy" in run.said


@pytest.mark.proof
def test_without_commands_a_slot_is_well_once_the_system_runs_and_what_was_asked_stays(
    inputs: Inputs, root: device.Root, tmp_path: Path
) -> None:
    silent = make.make(replace(inputs, health=Health((), 20)), root.table, tmp_path / "silent")
    disk = device.disk(tmp_path / "disk", root)
    with disk.open("r+b") as file:
        file.seek(device.STATE + device.REQUEST)
        file.write(b"good=b\nactive=b\nreboot -f\n")
    run = boot(silent, disk, "a", "is healthy")
    assert run.said.index(GOING_ON) < run.said.index("firmward: slot a is healthy")
    assert device.request(disk) == b"good=a\nactive=b\n".ljust(512, b"\0")


@pytest.mark.proof
def test_an_initramfs_that_is_the_whole_system_runs_without_a_root_on_the_disk(
    whole: Path, root: device.Root, tmp_path: Path
) -> None:
    disk = device.disk(tmp_path / "disk", root, names=("other_a", "other_b"))
    run = boot(whole, disk, "b", "is healthy")
    assert run.said.index(GOING_ON) < run.said.index("firmward: slot b is healthy")
    assert device.request(disk) == b"good=b\n".ljust(512, b"\0")


@pytest.mark.proof
@pytest.mark.parametrize("compression", ["gzip", "zstd", "lz4", "none"])
def test_a_kernel_unpacks_each_compression(
    initramfs: Path, root: device.Root, tmp_path: Path, compression: str
) -> None:
    archive.write(archive.read(initramfs), tmp_path / "packed", compression)
    assert GOING_ON in boot(tmp_path / "packed", device.disk(tmp_path / "disk", root), "a").said


@pytest.mark.proof
def test_a_device_without_a_console_starts_as_well(initramfs: Path, root: device.Root, tmp_path: Path) -> None:
    wrapper = archive.program("init", b"#!/bin/sh\nexec 0<&- 1>&- 2>&-\nexec /bin/sh /own\n")
    members = [replace(one, path="own") if one.path == "init" else one for one in archive.read(initramfs)]
    archive.write((wrapper, *members), tmp_path / "closed")
    run = boot(tmp_path / "closed", device.disk(tmp_path / "disk", root), "a", "is healthy")
    assert "firmward: slot a is healthy" in run.said


@pytest.mark.proof
def test_a_busybox_that_needs_libraries_serves_as_well(inputs: Inputs, root: device.Root, tmp_path: Path) -> None:
    linked = source(device_parts.linked_tools(tmp_path / "tools"), "[build] tools")
    made = make.make(replace(inputs, tools=linked), root.table, tmp_path / "made")
    assert "health/lib/ld-linux-aarch64.so.1" in {one.path for one in archive.read(made)}
    run = boot(made, device.disk(tmp_path / "disk", root), "a", "is healthy")
    assert "firmward: slot a is healthy" in run.said
    with pytest.raises(InputError, match="needs libraries that the system may have in another version"):
        make.make_whole(replace(inputs, tools=linked), tmp_path / "whole")


def test_an_initramfs_is_small_and_ours(initramfs: Path) -> None:
    assert initramfs.stat().st_size < 3 << 20
    members = {one.path: one for one in archive.read(initramfs)}
    assert {(one.uid, one.gid, one.mtime) for one in members.values()} == {(0, 0, EPOCH)}
    assert members["health/bin/busybox"].same_as == "bin/busybox"
    assert members["dev/console"].device == (5, 1)
    assert {name.partition("/")[0] for name in members} == {
        "bin", "dev", "health", "init", "lib", "modules", "newroot", "proc", "sys", "usr", "watch",
    }  # fmt: skip


def test_debians_kernel_needs_these_modules(inputs: Inputs) -> None:
    source = inputs.tools
    release = source.tree.list("lib/modules")[0].rpartition("/")[2]
    needs = (*modules.of_board(board("qemu-arm64").modules), *modules.VERITY, *modules.FASTER["arm64"])
    found = modules.collect(needs, Kernel(release), (source,))
    required = [one.name for one in found if one.is_required]
    assert required == [
        "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_mmio", "virtio_blk", "dax", "dm_mod",
        "reed_solomon", "dm_bufio", "dm_verity", "squashfs",
    ]  # fmt: skip
    assert [one.name for one in found if not one.is_required] == ["sha256_arm64", "sha2_ce"]
