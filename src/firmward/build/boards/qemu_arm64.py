"""QEMU's `virt` machine with arm64 processors, started by U-Boot: the virtual device of the lab.

Its read-only memory is QEMU's `-bios` and `-dtb`: the boot loader and its control tree. The second flash bank, at
0x4000000, keeps the rollback floor.
"""

from firmward.build.board import Addresses, Board

BOARD = Board(
    name="qemu-arm64",
    architecture="arm64",
    uboot_architecture="arm64",
    addresses=Addresses(fit=0x48000000, kernel=0x40400000, device_tree=0x47000000, initramfs=0x44000000),
    modules=("virtio_pci", "virtio_mmio", "virtio_blk"),
    console="ttyAMA0",
    defconfig="qemu_arm64_defconfig",
)
