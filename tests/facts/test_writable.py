"""What stands on which ground."""

from firmward.facts.collection import Collection
from firmward.facts.writable import Ground, Writable, standing
from firmward.model.memory import MemoryTree, executable
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

INIT = "#!/bin/sh\nmount -o rw /dev/sda1 /sysroot\nmount -o rw /dev/sda2 /sysroot/usr\nmount -o rw /dev/sda3 /data\n"


def test_an_initramfs_lies_in_memory_whatever_it_mounts_for_the_system() -> None:
    tree = MemoryTree({"init": executable(INIT), "usr/lib/hook": executable("")})
    early = OpenPart(Part("image/initramfs", "cpio", "image", role=Role.INITRAMFS), None, tree)
    writable = Collection(tree, parts=Parts("image/initramfs", {"image/initramfs": early})).get(Writable)
    assert isinstance(writable, Writable)
    assert standing(tree, writable, "usr/lib/hook").ground is Ground.VOLATILE
    assert standing(tree, writable, "data/hook").ground is Ground.WRITABLE
