"""The boot loader of a board that firmward builds itself: U-Boot of Debian's sources, locked."""
