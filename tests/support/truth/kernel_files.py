"""What a build ships of its kernel."""

VERSION = "6.12.41"
DRIVERS = "".join(f"CONFIG_SENSORS_BOARD_{number}=y\n" for number in range(150))
CAREFUL = (
    "CONFIG_ARM64=y", "CONFIG_ARM64_PAN=y", "CONFIG_ARM64_SW_TTBR0_PAN=y", "CONFIG_UNMAP_KERNEL_AT_EL0=y",
    "CONFIG_ARM64_BTI_KERNEL=y", "CONFIG_ARM64_PTR_AUTH_KERNEL=y",
    "CONFIG_MITIGATE_SPECTRE_BRANCH_HISTORY=y", "CONFIG_CPU_MITIGATIONS=y", "CONFIG_RANDOMIZE_BASE=y", "CONFIG_BUG=y",
    "CONFIG_STACKPROTECTOR=y", "CONFIG_STACKPROTECTOR_STRONG=y", "CONFIG_INIT_STACK_ALL_ZERO=y",
    "CONFIG_FORTIFY_SOURCE=y", "CONFIG_STRICT_KERNEL_RWX=y", "CONFIG_STRICT_MODULE_RWX=y", "CONFIG_VMAP_STACK=y",
    "CONFIG_SLAB_FREELIST_RANDOM=y", "CONFIG_SLAB_FREELIST_HARDENED=y", "CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y",
    "CONFIG_LIST_HARDENED=y", "CONFIG_HARDENED_USERCOPY=y", "CONFIG_SECURITY_LOCKDOWN_LSM=y", "CONFIG_SECCOMP=y",
    "CONFIG_SECURITY=y", "CONFIG_SECURITY_YAMA=y", "# CONFIG_DEVMEM is not set", "# CONFIG_KEXEC is not set",
)  # fmt: skip
"""Of a kernel for arm64 as the Kernel Self-Protection Project's page of recommended settings has it, the main part."""


def kernel_config(*lines: str) -> str:
    """A complete configuration with these lines and the careful ones that they do not speak of, as Kconfig has it."""
    title = f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 {VERSION} Kernel Configuration\n#\n"
    named = {_option(line) for line in lines}
    careful = (line for line in CAREFUL if _option(line) not in named)
    return title + "".join(f"{line}\n" for line in (*lines, *careful)) + DRIVERS


def _option(line: str) -> str:
    return line.removeprefix("# ").partition("=")[0].partition(" ")[0]
