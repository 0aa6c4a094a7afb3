"""An option of the kernel's configuration, for the fragment beside the root.

CONFIG_LSM is a list, and each cure says what it must have: names add up. Of SELinux, AppArmor and Smack the kernel
starts the first alone (security/security.c), so that no second comes behind one.
"""

from firmward.harden import kconfig
from firmward.harden.site import Site
from firmward.model.remedy import SetKernelOption

KIND = SetKernelOption
LISTS = frozenset(("CONFIG_LSM",))
EXCLUSIVE = frozenset(("selinux", "apparmor", "smack"))


def apply(change: SetKernelOption, site: Site) -> None:
    kconfig.checked(change.option, change.value)
    before = site.beside.kernel.get(change.option)
    is_list = change.option in LISTS and before is not None and before.startswith('"')
    site.beside.kernel[change.option] = _both(before or "", change.value) if is_list else change.value


def _both(before: str, value: str) -> str:
    names = dict.fromkeys(before.strip('"').split(","))
    for name in value.strip('"').split(","):
        if name not in EXCLUSIVE or EXCLUSIVE.isdisjoint(names):
            names[name] = None
    return f'"{",".join(name for name in names if name)}"'
