"""An option of the kernel's configuration, for the fragment beside the root."""

from firmward.harden.site import Site
from firmward.model.remedy import SetKernelOption

KIND = SetKernelOption


def apply(change: SetKernelOption, site: Site) -> None:
    site.beside.kernel[change.option] = change.value
