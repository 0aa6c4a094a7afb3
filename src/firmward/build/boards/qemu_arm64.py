"""QEMU's `virt` machine with arm64 processors, started by U-Boot: the virtual device of the lab.

Its read-only memory is QEMU's `-bios` and `-dtb`: the boot loader and its control tree. The second flash bank, at
0x4000000, keeps the rollback floor.

Memory begins at 0x40000000 and is 128 MiB at least, up to 0x48000000:

| from | to | holds |
| --- | --- | --- |
| 0x40000000 | 0x40200000 | what QEMU puts there: the control tree; U-Boot's first stack |
| 0x40200000 | 0x43000000 | the kernel, 46 MiB with what it clears behind itself (its place is a multiple of 2 MiB) |
| 0x43000000 | 0x46000000 | the FIT as it was read, 48 MiB |
| 0x46000000 | 0x46100000 | the device tree |
| 0x46100000 | 0x46200000 | U-Boot's scratch memory: state, request, words for the floor |
| 0x46200000 | 0x47900000 | the initramfs, 23 MiB, and more where there is more memory |
| 0x47900000 | 0x48000000 | U-Boot, at the end of the memory |
"""

from firmward.build.board import Addresses, Board

BOARD = Board(
    name="qemu-arm64",
    architecture="arm64",
    uboot_architecture="arm64",
    addresses=Addresses(
        fit=0x43000000,
        kernel=0x40200000,
        device_tree=0x46000000,
        initramfs=0x46200000,
        scratch=0x46100000,
        floor=0x04000000,
    ),
    modules=("virtio_pci", "virtio_mmio", "virtio_blk"),
    console="ttyAMA0",
    defconfig="qemu_arm64_defconfig",
)
