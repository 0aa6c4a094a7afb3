"""i.MX 6ULL boards such as the MCIMX6ULL-EVK, started by a U-Boot that the maker builds.

The memory begins at 0x80000000 (i.MX 6ULL Reference Manual, chapter "Memory maps"). Kernel and device tree lie where
U-Boot's `mx6ullevk` loads them (include/configs/mx6ullevk.h); the rest is chosen for 256 MiB and more.
"""

from firmward.build.board import Addresses, Board

BOARD = Board(
    name="imx6ull",
    architecture="arm",
    uboot_architecture="arm",
    addresses=Addresses(fit=0x88000000, kernel=0x80800000, device_tree=0x83000000, initramfs=0x83800000),
    modules=("sdhci-esdhc-imx", "mmc_block"),
    console="ttymxc0,115200",
    rom="imx-hab",
)
