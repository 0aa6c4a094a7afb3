"""Checks of the chain up to the kernel: what the boot ROM, the boot loader and its environment let through."""
