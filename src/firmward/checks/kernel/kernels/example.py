"""A kernel's configuration and command line as the examples of the checks have them."""

CONFIG, CMDLINE = "boot/config-6.12.30", "boot/cmdline.txt"
PLAIN = "root=/dev/mmcblk0p2 ro\n"
TITLE = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.30 Kernel Configuration\n"
REST = "".join(f"CONFIG_DRIVER_{number}=y\n" for number in range(100))
MODULE = b"\x7fELF" + bytes(100)


def config(*lines: str) -> str:
    """A complete configuration: what no line names is off."""
    return TITLE + "".join(f"CONFIG_{line}\n" for line in lines) + REST
