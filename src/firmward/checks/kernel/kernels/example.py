"""A kernel's configuration and command line as the examples of the checks have them."""

CONFIG, CMDLINE = "boot/config-6.12.30", "boot/cmdline.txt"
PLAIN = "root=/dev/mmcblk0p2 ro\n"
TITLE = "# Linux/arm64 6.12.30 Kernel Configuration\n"
MODULE = b"\x7fELF" + bytes(100)


def config(*settings: str) -> str:
    """What of a configuration matters for the example, and nothing else: of the rest nothing is known."""
    return TITLE + "".join(f"{_line(setting)}\n" for setting in settings)


def _line(setting: str) -> str:
    option, _, value = setting.partition("=")
    return f"# CONFIG_{option} is not set" if value == "n" else f"CONFIG_{option}={value}"
