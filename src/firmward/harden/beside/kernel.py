"""A fragment for the kernel's configuration, as `scripts/kconfig/merge_config.sh` takes it.

It has what findings ask for and what must go with that, no row that passes already. A loadable module that is refused
is off here too, so that the next build has none.
"""

from firmward.harden import kconfig
from firmward.harden.site import Beside
from firmward.model.policy import Policy

NAME = "kernel.config"
TITLE = "merge_config.sh -m .config kernel.config && make olddefconfig; gcc's plugins need its headers (gcc-plugin-dev)"
NEEDS = {
    "CONFIG_MODULE_SIG_FORCE": ("CONFIG_MODULE_SIG",),
    "CONFIG_SECURITY_LOCKDOWN_LSM_EARLY": ("CONFIG_SECURITY_LOCKDOWN_LSM",),
    "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY": ("CONFIG_SECURITY_LOCKDOWN_LSM",),
    "CONFIG_SECURITY_YAMA": ("CONFIG_SECURITY",),
    "CONFIG_SECURITY_LANDLOCK": ("CONFIG_SECURITY",),
    "CONFIG_SECURITY_LOCKDOWN_LSM": ("CONFIG_SECURITY", "CONFIG_MODULE_SIG"),
    "CONFIG_SECURITY_SELINUX": ("CONFIG_SECURITY", "CONFIG_SECURITY_NETWORK", "CONFIG_AUDIT"),
    "CONFIG_SECURITY_APPARMOR": ("CONFIG_SECURITY", "CONFIG_SECURITYFS"),
    "CONFIG_IO_STRICT_DEVMEM": ("CONFIG_STRICT_DEVMEM",),
    "CONFIG_STACKPROTECTOR_STRONG": ("CONFIG_STACKPROTECTOR",),
    "CONFIG_SECCOMP_FILTER": ("CONFIG_SECCOMP",),
    "CONFIG_UBSAN_BOUNDS": ("CONFIG_UBSAN",),
    "CONFIG_UBSAN_SANITIZE_ALL": ("CONFIG_UBSAN",),
    "CONFIG_RANDSTRUCT_FULL": ("CONFIG_GCC_PLUGINS",),
    "CONFIG_GCC_PLUGIN_LATENT_ENTROPY": ("CONFIG_GCC_PLUGINS",),
    "CONFIG_GCC_PLUGIN_STACKLEAK": ("CONFIG_GCC_PLUGINS",),
    "CONFIG_KASAN_HW_TAGS": ("CONFIG_KASAN",),
}
"""By option what Kconfig has it depend on, and would else drop it without a word."""


def render(beside: Beside, policy: Policy | None) -> str | None:
    options = dict(beside.kernel)
    for option in beside.kernel:
        for need in NEEDS.get(option, ()) if beside.kernel[option] == "y" else ():
            options.setdefault(need, "y")
    return kconfig.fragment(TITLE, options)
