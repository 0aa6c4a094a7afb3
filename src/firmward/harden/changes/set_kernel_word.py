"""A word for the kernel's command line, told beside the root."""

from firmward.harden.site import Site
from firmward.model.remedy import SetKernelWord

KIND = SetKernelWord


def apply(change: SetKernelWord, site: Site) -> None:
    if change.word not in site.beside.words:
        site.beside.words.append(change.word)
