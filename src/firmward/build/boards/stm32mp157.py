"""STM32MP157 boards such as ST's evaluation and discovery kits, started by a boot loader that the maker builds.

The memory begins at 0xC0000000 (RM0436, section "Memory organization"). Kernel, device tree and initramfs lie where
U-Boot loads them on all of these boards (include/configs/stm32mp15_common.h); the FIT behind, for 256 MiB and more.
"""

from firmward.build.board import Addresses, Board

BOARD = Board(
    name="stm32mp157",
    architecture="arm",
    uboot_architecture="arm",
    addresses=Addresses(fit=0xC8000000, kernel=0xC2000000, device_tree=0xC4000000, initramfs=0xC4400000),
    modules=("armmmci", "mmc_block"),
    console="ttySTM0,115200",
    rom="stm32",
)
