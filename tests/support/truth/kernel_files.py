"""What a build ships of its kernel."""

VERSION = "6.12.41"
DRIVERS = "".join(f"CONFIG_SENSORS_BOARD_{number}=y\n" for number in range(150))


def kernel_config(*lines: str) -> str:
    """A complete configuration with these lines, as Kconfig writes it."""
    title = f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 {VERSION} Kernel Configuration\n#\n"
    return title + "".join(f"{line}\n" for line in lines) + DRIVERS
