"""AM335x boards such as the BeagleBone Black, started by a U-Boot that the maker builds.

The memory begins at 0x80000000 (SPRUH73, table "L3 Memory Map"). Kernel, device tree and initramfs lie where U-Boot
loads them on all of TI's ARMv7 boards (include/configs/ti_armv7_common.h); so does the FIT, for 512 MiB and more.
"""

from firmward.build.board import Addresses, Board

BOARD = Board(
    name="am335x",
    architecture="arm",
    uboot_architecture="arm",
    addresses=Addresses(fit=0x90000000, kernel=0x82000000, device_tree=0x88000000, initramfs=0x88080000),
    modules=("omap_hsmmc", "sdhci_omap", "mmc_block"),
    console="ttyS0,115200",
    rom="ti",
)
