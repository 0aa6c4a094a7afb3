"""QEMU's `virt` machine with an arm64 processor (docs/system/arm/virt.rst of QEMU).

Its read-only memory is the first flash bank, filled by `-bios`; the second bank lies at 0x4000000. U-Boot as Debian
ships it keeps its environment there, in the first 256 KiB (ENV_ADDR and ENV_SIZE of qemu_arm64_defconfig).
"""

from firmward.lab.board import Stock, VirtualBoard

BOARD = VirtualBoard(
    name="qemu-arm64",
    program="qemu-system-aarch64",
    package="qemu-system-arm",
    arguments=("-M", "virt", "-cpu", "cortex-a57", "-m", "256"),
    disk=("-device", "virtio-blk-device,drive=disk"),
    others=("-device", "virtio-rng-device"),
    flash_size=64 << 20,
    stock=Stock(
        loader="/usr/lib/u-boot/qemu_arm64/u-boot.bin",
        package="u-boot-qemu",
        environment_size=256 << 10,
        disk="virtio 0",
        before="virtio scan",
        serial="pl011@9000000",
    ),
    network_card="virtio-net-device",
)
