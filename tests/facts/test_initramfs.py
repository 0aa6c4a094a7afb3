"""What an initramfs does with the root."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.initramfs import Initramfs, Root
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

MOUNTING = "#!/bin/sh\nmount -o ro /dev/mmcblk0p2 /newroot\nexec switch_root /newroot /sbin/init\n"
LISTS = {"lib/modules/6.1/modules.builtin": "kernel/drivers/md/dm-verity.ko\n", "etc/modules": "dm-verity\n"}
ROWS: list[tuple[dict[str, Content], Root]] = [
    ({"init": executable(MOUNTING)}, Root.UNVERIFIED),
    ({"init": executable(MOUNTING), **LISTS}, Root.UNVERIFIED),
    ({"init": executable(MOUNTING), "bin/busybox": executable(b"\x7fELF sha256sum verity")}, Root.UNVERIFIED),
    ({"init": executable(MOUNTING.replace("mount -o", "veritysetup open x\nmount -o"))}, Root.PERHAPS),
    (
        {"init": executable("#!/bin/sh\n. /lib/go\n"), "lib/go": "openssl dgst -verify k\nswitch_root /x\n"},
        Root.PERHAPS,
    ),
    ({"init": executable("#!/bin/sh\nexec /usr/bin/camera\n")}, Root.PERHAPS),
    ({"init": executable(b"\x7fELF")}, Root.PERHAPS),
    ({"init": link("usr/lib/systemd/systemd"), "usr/lib/systemd/systemd": executable(b"\x7fELF")}, Root.UNVERIFIED),
]


@pytest.mark.parametrize(("files", "root"), ROWS)
def test_scripts_tell_whether_anything_verifies(files: dict[str, Content], root: Root) -> None:
    own = OpenPart(Part("image/root", "squashfs", "image", role=Role.ROOT), None, MemoryTree({}))
    early = OpenPart(Part("image/initramfs", "cpio", "image", role=Role.INITRAMFS), None, MemoryTree(files))
    parts = Parts("image/root", {one.part.id: one for one in (own, early)})
    found = Collection(MemoryTree({}), parts=parts).get(Initramfs)
    assert isinstance(found, Initramfs)
    assert found.root is root, found.why


def test_without_an_initramfs_there_is_none() -> None:
    assert Collection(MemoryTree({"init": executable(MOUNTING)})).get(Initramfs) is None
