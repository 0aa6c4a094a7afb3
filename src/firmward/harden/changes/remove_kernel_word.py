"""A word to be taken off the kernel's command line, told beside the root."""

from firmward.harden.site import Site
from firmward.model.remedy import RemoveKernelWord

KIND = RemoveKernelWord


def apply(change: RemoveKernelWord, site: Site) -> None:
    if change.word not in site.beside.no_words:
        site.beside.no_words.append(change.word)
