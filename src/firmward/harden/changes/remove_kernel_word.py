"""A word to be taken off the kernel's command line: where the root keeps it, and else told beside the root."""

from firmward.harden import command_lines
from firmward.harden.site import Site
from firmward.model.remedy import RemoveKernelWord

KIND = RemoveKernelWord


def apply(change: RemoveKernelWord, site: Site) -> None:
    command_lines.remove_word(site, change.word)
