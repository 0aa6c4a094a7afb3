"""An option of U-Boot's configuration, for the fragment beside the root."""

from firmward.harden import kconfig
from firmward.harden.site import Site
from firmward.model.remedy import SetUbootOption

KIND = SetUbootOption


def apply(change: SetUbootOption, site: Site) -> None:
    kconfig.checked(change.option, change.value)
    site.beside.uboot[change.option] = change.value
