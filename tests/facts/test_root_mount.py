"""Whether what is written to / stays."""

import pytest
from beside import around

from firmward.facts.collection import Collection
from firmward.facts.root_mount import RootMount
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

INITTAB = "::sysinit:/bin/mount -a\n"


def mounted(line: str, fstab: str = "", parts: Parts | None = None) -> RootMount:
    files: dict[str, Content] = {"boot/cmdline.txt": line, "etc/fstab": fstab, "etc/inittab": INITTAB}
    found = Collection(MemoryTree(files), parts=parts).get(RootMount)
    assert isinstance(found, RootMount), found
    return found


def of_kind(kind: str, role: Role = Role.ROOT) -> Parts:
    return around(root=OpenPart(Part("image/root", kind, "image", role=role), None, MemoryTree({})))


@pytest.mark.parametrize(
    ("line", "is_writable"),
    [
        ("root=/dev/sda2 ro", False),
        ("root=/dev/sda2", False),
        ("root=/dev/sda2 ro quiet rw", True),
        ("root=/dev/sda2 rw quiet ro", False),
        ("root=/dev/mapper/root rw", False),
        ("root=/dev/sda2 rw=1", False),
        ("root=/dev/sda2 ro overlayroot=/dev/sda4", True),
        ("root=/dev/sda2 ro overlayroot=tmpfs:recurse=0", False),
        ("root=/dev/sda2 ro overlayroot=disabled", False),
    ],
)
def test_the_kernel_mounts_it_as_the_last_word_says(line: str, is_writable: bool) -> None:
    assert mounted(line).is_writable is is_writable


@pytest.mark.parametrize(
    ("fstab", "is_writable"),
    [
        ("/dev/sda2 / ext4 defaults 0 1\n", True),
        ("/dev/sda2 / ext4 noauto 0 1\n", False),
        ("/dev/sda4 /data ext4 rw 0 2\noverlay / overlay lowerdir=/,upperdir=/data/up,workdir=/data/work 0 0\n", True),
        ("tmpfs /run tmpfs rw 0 0\noverlay / overlay lowerdir=/,upperdir=/run/up,workdir=/run/work 0 0\n", False),
        ("/dev/sda4 /overlay ext4 rw 0 2\n", True),
        ("/dev/sda4 /overlay ext4 ro 0 2\n", False),
        ("tmpfs /overlay tmpfs rw 0 0\n", False),
    ],
)
def test_what_fstab_mounts_over_it_counts_where_it_stays(fstab: str, is_writable: bool) -> None:
    assert mounted("root=/dev/sda2 ro", fstab).is_writable is is_writable


@pytest.mark.parametrize(("kind", "is_writable"), [("squashfs", False), ("ext4", True), ("tar", True)])
def test_what_cannot_be_written_to_is_not_whatever_fstab_says(kind: str, is_writable: bool) -> None:
    assert mounted("root=/dev/sda2 rw", "/dev/sda2 / auto rw 0 1\n", of_kind(kind)).is_writable is is_writable


def test_an_initramfs_is_mounted_from_nowhere() -> None:
    files: dict[str, Content] = {"etc/fstab": "/dev/sda2 / ext4 rw 0 1\n"}
    assert Collection(MemoryTree(files), parts=of_kind("cpio", Role.INITRAMFS)).get(RootMount) is None


def test_where_nothing_says_it_it_is_unknown() -> None:
    assert isinstance(Collection(MemoryTree({"etc/inittab": INITTAB})).get(RootMount), Unknown)
